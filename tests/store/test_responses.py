"""The response store: durable, shared, and never wrong however damaged."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Set
from pathlib import Path

import pytest

from orca_eval.errors import InputError, RunError
from orca_eval.store import ResponseStore, Stored
from orca_eval.store.responses import BATCH_ROWS, MOST_WAITING
from orca_eval.types import Completion
from tests.waiting import stored, until


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def completion(number: int) -> Completion:
    return Completion(f"answer {number} ünï\n" * 20, "stop", number, 2 * number)


def fill(folder: Path, count: int) -> None:
    with ResponseStore(folder) as store:
        for number in range(count):
            store.put(key(number), completion(number))


def test_what_is_put_is_got_back_by_a_later_process(tmp_path: Path) -> None:
    fill(tmp_path, 700)
    with ResponseStore(tmp_path) as store:
        found = store.get_many([key(n) for n in range(800)])
    assert found == {key(n): completion(n) for n in range(700)}
    assert store.warnings == []


def test_a_row_is_durable_without_a_flush_whatever_kills_the_process(tmp_path: Path) -> None:
    script = f"""
import sys, time
from pathlib import Path
from orca_eval.store import ResponseStore
from orca_eval.types import Completion
store = ResponseStore(Path({str(tmp_path / ".store")!r}))
store.put(b"k" * 32, Completion("kept", "stop", 1, 1))
time.sleep(3600)
"""
    with subprocess.Popen([sys.executable, "-c", script]) as process:
        until(lambda: stored(tmp_path))
        process.send_signal(signal.SIGKILL)
    with ResponseStore(tmp_path / ".store") as store:
        assert store.get_many([b"k" * 32])[b"k" * 32].text == "kept"


def test_two_stores_on_one_folder_see_each_others_rows(tmp_path: Path) -> None:
    with ResponseStore(tmp_path) as first, ResponseStore(tmp_path) as second:
        first.put(key(1), completion(1))
        second.put(key(2), completion(2))
        until(lambda: len(first.get_many([key(1), key(2)])) == 2)
        assert len(second.get_many([key(1), key(2)])) == 2


def test_a_damaged_row_is_named_and_not_served(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    with sqlite3.connect(tmp_path / "responses.sqlite") as connection:
        connection.execute("UPDATE responses SET text = 'another' WHERE key = ?", (key(1),))
    connection.close()
    with ResponseStore(tmp_path) as store:
        assert set(store.get_many([key(0), key(1), key(2)])) == {key(0), key(2)}
        assert "damaged" in store.warnings[0]
        store.put(key(1), completion(1))  # generated again, it replaces the damaged one
    with ResponseStore(tmp_path) as store:
        assert store.get_many([key(1)]) == {key(1): completion(1)}


@pytest.mark.parametrize("damage", ["garbage", "truncated", "empty", "no wal"])
def test_a_torn_file_is_put_aside_and_named(tmp_path: Path, damage: str) -> None:
    fill(tmp_path, 300)
    path = tmp_path / "responses.sqlite"
    size = path.stat().st_size
    if damage == "garbage":
        path.write_bytes(b"no database at all" * 100)
    elif damage == "truncated":
        os.truncate(path, size // 2)
    elif damage == "empty":
        os.truncate(path, 0)
    with ResponseStore(tmp_path) as store:
        found = store.get_many([key(n) for n in range(300)])
        assert all(found[k] == completion(int.from_bytes(k, "big")) for k in found)
        if damage in ("garbage", "truncated"):
            assert "damaged" in store.warnings[0]
        store.put(key(1000), completion(1000))
    with ResponseStore(tmp_path) as store:
        assert key(1000) in store.get_many([key(1000)])


def test_a_salvage_that_is_killed_goes_on_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [key(n) for n in range(300)]
    rename = Path.rename
    for steps in range(6):  # killed before each of its renames, and after the last
        folder = tmp_path / str(steps)
        fill(folder, 300)
        sound = bytearray((folder / "responses.sqlite").read_bytes())
        sound[20 * 4096 : 30 * 4096] = bytes(10 * 4096)
        (folder / "responses.sqlite").write_bytes(sound)
        whole = readable(folder, keys)
        left = steps

        def killed_in_time(path: Path, target: Path) -> Path:
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            return rename(path, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", killed_in_time)
            with contextlib.suppress(KeyboardInterrupt), ResponseStore(folder) as store:
                store.get_many(keys)
        with ResponseStore(folder) as store:
            assert store.get_many(keys).keys() == whole, steps
            assert not (folder / "salvaged.sqlite").exists()


def readable(folder: Path, keys: list[bytes]) -> Set[bytes]:
    """What an undisturbed salvage of a copy keeps."""
    copy = folder.with_name(f"{folder.name}-copy")
    shutil.copytree(folder, copy)
    with ResponseStore(copy) as store:
        found = store.get_many(keys).keys()
    assert 0 < len(found) < len(keys)
    return found


def test_random_corruption_never_serves_a_wrong_answer(tmp_path: Path) -> None:
    fill(tmp_path, 200)
    path = tmp_path / "responses.sqlite"
    sound = path.read_bytes()
    rng = random.Random(7)
    for _ in range(60):  # bench/store_corruption.py does 1,000, of more kinds
        broken = bytearray(sound)
        for _ in range(rng.choice([1, 3, 40])):
            broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        for old in tmp_path.glob("*.sqlite*"):
            old.unlink()
        path.write_bytes(bytes(broken))
        with ResponseStore(tmp_path) as store:
            found = store.get_many([key(n) for n in range(200)])
        for found_key, value in found.items():
            assert value == completion(int.from_bytes(found_key, "big"))


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="results_dir="):
        ResponseStore(tmp_path / "file" / "store")


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """The database as another process holds it that writes without end."""
    fill(folder, 1)
    other = sqlite3.connect(folder / "responses.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    yield
    other.execute("ROLLBACK")
    other.close()


def test_answers_wait_for_a_store_that_another_process_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("orca_eval.store.database.HELD_SECONDS", 0.01)
    monkeypatch.setattr("orca_eval.store.database.BUSY_SECONDS", 0.05)
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context(contextlib.ExitStack())
        lock.enter_context(held(tmp_path))
        store = stack.enter_context(ResponseStore(tmp_path))
        for number in range(115):
            store.put(key(number), completion(number))
        until(lambda: "is locked by another process" in caplog.text)
        store.check()
        lock.close()
        store.flush()
        found = store.get_many([key(number) for number in range(115)])
    assert found == {key(number): completion(number) for number in range(115)}


def test_a_run_that_ends_gives_a_held_store_up_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orca_eval.store.database.HELD_SECONDS", 0.01)
    monkeypatch.setattr("orca_eval.store.responses.CLOSING_SECONDS", 0.05)
    with held(tmp_path):
        store = ResponseStore(tmp_path)
        store.put(key(2), completion(2))
        store.close()
        with pytest.raises(RunError, match="locked by another run"):
            store.check()


@pytest.mark.parametrize(
    "bad",
    [
        Completion("x", "stop", 2**63, 0),
        Completion("x", "stop", 0, -1),
        Completion("\ud800", "stop", 0, 0),
        Completion("x", "stop", None, 0),  # type: ignore[arg-type]
        Completion(None, "stop", 0, 0),  # type: ignore[arg-type]
    ],
)
def test_an_answer_that_can_not_be_stored_ends_the_run_and_takes_no_other_with_it(
    tmp_path: Path, bad: Completion
) -> None:
    with ResponseStore(tmp_path) as store:
        store.put(key(1), completion(1))
        store.put(key(2), bad)
        store._queue.put((Stored(key(3), completion(3)), None))
        with pytest.raises(RunError, match="can't store an answer") as error:
            store.flush()
        assert "\n" not in str(error.value)
    with ResponseStore(tmp_path) as store:
        assert store.get_many([key(n) for n in range(4)]).keys() == {key(1), key(3)}


def test_whatever_fails_in_the_writer_ends_the_run_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("orca_eval.store.database.write_rows", fails)
    with ResponseStore(tmp_path) as store:
        store.put(key(1), completion(1))
        with pytest.raises(RunError, match="MemoryError"):
            store.flush()
        with pytest.raises(RunError, match="MemoryError"):
            store.put(key(2), completion(2))


def test_a_mark_tells_what_is_fresh_and_survives_a_salvage(tmp_path: Path) -> None:
    fill(tmp_path, 600)
    with ResponseStore(tmp_path) as store:
        for number in range(0, 600, 3):
            store.put(key(number), completion(number + 1), "mark")
        store.flush()
        keys = [key(number) for number in range(600)]
        marked = {key(number): completion(number + 1) for number in range(0, 600, 3)}
        assert store.get_many(keys, "mark") == marked
        assert store.get_many(keys, "123") == {}
        assert len(store.get_many(keys)) == 600
        store._place._connection.execute("DELETE FROM responses WHERE rowid < 200")  # other numbers
        with store._place._mutex:
            store._place._connection.close()
            store._place._connection = store._place._salvage("for the test")
        left = store.get_many(keys, "mark")
        assert 100 < len(left) <= len(marked)
        assert left.items() <= marked.items()
        store.forget("mark")
        assert store.get_many(keys, "mark") == {}
        assert store.get_many(keys).items() >= left.items()


def test_it_says_when_a_disk_that_stalls_keeps_many_rows_waiting(tmp_path: Path) -> None:
    with ResponseStore(tmp_path) as store:
        with store._place._mutex:  # what a stalled disk holds
            for number in range(BATCH_ROWS):
                store.put(key(number), completion(number))
            until(store._queue.empty)  # the writer has its batch, and waits
            for number in range(MOST_WAITING):
                store.put(key(number), completion(number))
            assert not store.behind
            store.put(key(0), completion(0))
            assert store.behind
        store.flush()
        assert not store.behind


def test_a_full_disk_is_one_line_and_keeps_what_was_written(tmp_path: Path) -> None:
    with ResponseStore(tmp_path) as store:
        store.put(key(1), completion(1))
        store.flush()
        store._place._connection.execute("PRAGMA max_page_count=1")
        for number in range(2, 400):
            try:
                store.put(key(number), completion(number))
            except RunError:
                break
        until(lambda: store._failure)
        with pytest.raises(RunError, match="the disk is full"):
            store.check()
    with ResponseStore(tmp_path) as store:
        assert store.get_many([key(1)]) == {key(1): completion(1)}
