"""Reasoning in the store: kept whole, signed, and no trouble for what older versions wrote."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from orca_eval.store import ResponseStore
from orca_eval.store.rows import OLDEST, Stored, from_row, to_row
from orca_eval.types import Completion

KEY, OTHER = b"k" * 32, b"o" * 32
PLAIN = Completion("B", "stop", 7, 3)
REASONED = Completion("B", "stop", 7, 9, "So C? Nö: B.", 6)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))

OLD_SCHEMA = """
CREATE TABLE responses (
    key BLOB PRIMARY KEY, text TEXT NOT NULL, finish_reason TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, checksum BLOB NOT NULL
)
"""
OLD_CHECKSUM = "3208ddb254a1fbc963ec63361123103a"


def old_store(folder: Path) -> Path:
    """A store as the versions before reasoning wrote it, with one answer."""
    path = folder / "responses.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(OLD_SCHEMA)
        row = to_row(Stored(KEY, PLAIN))[:6]
        connection.execute(f"INSERT INTO responses ({OLDEST}) VALUES (?,?,?,?,?,?)", row)
    connection.close()
    return path


def test_reasoning_is_got_back(tmp_path: Path) -> None:
    with ResponseStore(tmp_path) as store:
        store.put(KEY, REASONED)
        store.put(OTHER, REASONED._replace(text="", reasoning_tokens=None))
    with ResponseStore(tmp_path) as store:
        found = store.get_many([KEY, OTHER])
    assert found == {KEY: REASONED, OTHER: REASONED._replace(text="", reasoning_tokens=None)}


@given(TEXTS, TEXTS, st.none() | st.integers(0, 2**31))
def test_a_row_holds_every_character(text: str, reasoning: str, tokens: int | None) -> None:
    completion = Completion(text, "stop", 1, 2, reasoning, tokens)
    row = [
        cell.encode() if isinstance(cell, str) else cell for cell in to_row(Stored(KEY, completion))
    ]
    assert from_row(tuple(row)) == Stored(KEY, completion)


def test_a_row_without_reasoning_is_signed_as_ever() -> None:
    signature = to_row(Stored(KEY, PLAIN))[5]
    assert signature.hex() == OLD_CHECKSUM


def test_an_old_store_is_read_and_written(tmp_path: Path) -> None:
    old_store(tmp_path)
    with ResponseStore(tmp_path) as store, ResponseStore(tmp_path) as second:
        assert store.get_many([KEY]) == {KEY: PLAIN}
        store.put(OTHER, REASONED)
        store.flush()
        assert second.get_many([KEY, OTHER]) == {KEY: PLAIN, OTHER: REASONED}
        assert store.warnings == []


def test_an_old_store_that_is_damaged_is_salvaged(tmp_path: Path) -> None:
    path = old_store(tmp_path)
    with sqlite3.connect(path) as connection:
        for number in range(600):
            stored = Stored(number.to_bytes(32, "big"), PLAIN._replace(text="text " * 100))
            row = to_row(stored)[:6]
            connection.execute(f"INSERT INTO responses ({OLDEST}) VALUES (?,?,?,?,?,?)", row)
    connection.close()
    broken = bytearray(path.read_bytes())
    broken[40 * 4096 : 44 * 4096] = bytes(4 * 4096)
    path.write_bytes(broken)
    with ResponseStore(tmp_path) as store:
        found = store.get_many([KEY, *(n.to_bytes(32, "big") for n in range(600))])
        assert "was damaged" in store.warnings[0]
    assert found[KEY] == PLAIN
    assert 300 < len(found) < 601


@pytest.mark.parametrize(
    "damage",
    [
        "reasoning = 'So D?'",
        "reasoning = NULL",
        "reasoning = NULL, reasoning_tokens = NULL",
        "reasoning = ''",
        "reasoning = 5",
        "reasoning = x'00'",
        "reasoning_tokens = 7",
        "reasoning_tokens = NULL",
        "reasoning_tokens = 'six'",
    ],
)
def test_damaged_reasoning_is_not_served(tmp_path: Path, damage: str) -> None:
    with ResponseStore(tmp_path) as store:
        store.put(KEY, REASONED)
    with sqlite3.connect(tmp_path / "responses.sqlite") as connection:
        connection.execute(f"UPDATE responses SET {damage}")
    connection.close()
    with ResponseStore(tmp_path) as store:
        assert store.get_many([KEY]) == {}
        assert "damaged (checksum)" in store.warnings[0]
