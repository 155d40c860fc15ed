"""Where shared memory can not be trusted every run writes a file of its own and reads all."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orca_eval.errors import InputError, RunError
from orca_eval.store import Asked, ResponseStore, disk
from orca_eval.types import Completion
from tests.store.network import (
    YESTERDAY,
    completion,
    key,
    keys,
    no_trust,
    numbered,
    put,
    unclosed,
    written,
)
from tests.waiting import until


@pytest.fixture(autouse=True)
def _network(monkeypatch: pytest.MonkeyPatch) -> None:
    no_trust(monkeypatch)


def long_ago(path: Path) -> None:
    os.utime(path, (path.stat().st_mtime - YESTERDAY,) * 2)


def test_writers_read_each_others_rows_while_they_write(tmp_path: Path) -> None:
    with ResponseStore(tmp_path) as first, ResponseStore(tmp_path) as second:
        put(first, 1)
        put(second, 2)
        assert first.get_many(keys(3)) == second.get_many(keys(3)) == numbered(1, 2)
        put(first, 0)
        assert second.get_many(keys(3)) == numbered(0, 1, 2)
        assert not (tmp_path / "responses.sqlite").exists()
    assert len(list(tmp_path.glob("writer-*"))) == 2
    with ResponseStore(tmp_path) as third:
        assert third.get_many(keys(3)) == numbered(0, 1, 2)
        assert third.warnings == []
        third.close()  # twice does no harm
    assert len(list(tmp_path.glob("writer-*"))) == 2  # what wrote nothing leaves nothing


def test_all_of_a_reply_is_kept(tmp_path: Path) -> None:
    whole = Completion("a\nb\u2028\0ü", "length", 3, 4, "thought", 2, b"\0\xff" * 9, 1)
    with ResponseStore(tmp_path) as store:
        store.put(key(1), whole, asked=Asked(b"r" * 16, 4))
    with ResponseStore(tmp_path) as store:
        assert store.get_many([key(1)]) == {key(1): whole}
        assert store.shorter([Asked(b"r" * 16, 5)])[b"r" * 16].completion == whole
        assert store.shorter([Asked(b"r" * 16, 4)]) == {}


def test_the_longest_shorter_reply_of_all_files_is_found(tmp_path: Path) -> None:
    for tokens in (2, 8, 4, 16):
        with ResponseStore(tmp_path) as store:
            store.put(key(tokens), completion(tokens), asked=Asked(b"r", tokens))
    with ResponseStore(tmp_path) as store:
        for limit, found in ((3, 2), (8, 4), (9, 8), (17, 16)):
            assert store.shorter([Asked(b"r", limit)])[b"r"].key == key(found)


def test_a_row_is_durable_without_a_flush_whatever_kills_the_process(tmp_path: Path) -> None:
    script = f"""
import time
from pathlib import Path
from bench.many_writers import without_flock
from orca_eval.store import ResponseStore
from tests.store.network import completion, key
without_flock()
store = ResponseStore(Path({str(tmp_path)!r}))
store.put(key(1), completion(1))
time.sleep(3600)
"""
    call = [sys.executable, "-c", script]
    with ResponseStore(tmp_path) as store, subprocess.Popen(call) as process:
        until(lambda: store.get_many([key(1)]))
        process.send_signal(signal.SIGKILL)
    with ResponseStore(tmp_path) as store:
        assert store.get_many([key(1)]) == numbered(1)
        assert store.warnings == []


def test_of_two_answers_the_later_counts_for_all(tmp_path: Path) -> None:
    with ResponseStore(tmp_path) as first, ResponseStore(tmp_path) as second:
        put(first, 1)
        second.get_many([])  # it knows of the first by now, whatever the machines' clocks say
        second.put(key(1), completion(5))
        second.flush()
        found = [store.get_many([key(1)]) for store in (first, second)]
    assert found == 2 * [{key(1): completion(5)}]


def test_a_clock_that_lags_makes_no_answer_older(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, 1)
    monkeypatch.setattr("time.time_ns", lambda: 7)
    with ResponseStore(tmp_path) as store:
        store.put(key(1), completion(5))
        store.flush()
        assert store.get_many([key(1)]) == {key(1): completion(5)}


def test_a_mark_tells_what_is_fresh_until_it_is_forgotten(tmp_path: Path) -> None:
    written(tmp_path, 1, 2)
    with ResponseStore(tmp_path) as store:
        store.put(key(1), completion(7), "mark")
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(3), "mark") == {key(1): completion(7)}
        assert store.get_many(keys(3), "another") == {}
        store.forget("mark")
        assert store.get_many(keys(3), "mark") == {}
        assert store.get_many(keys(3)) == {key(1): completion(7), key(2): completion(2)}


def flipped(data: bytes, row: int) -> bytes:
    """A bit of a row's text is another."""
    lines = data.splitlines(keepends=True)
    lines[row] = lines[row].replace(b"answer", b"answes", 1)
    return b"".join(lines)


def test_a_damaged_row_is_named_and_not_served(tmp_path: Path) -> None:
    path = written(tmp_path, *range(5))
    path.write_bytes(flipped(path.read_bytes(), 2))
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(5)) == numbered(0, 2, 3, 4)
        (line,) = store.warnings
        assert line.startswith(f"{path}: the row at byte ")
        assert "damaged" in line
        put(store, 1)
        assert store.get_many(keys(5)) == numbered(*range(5))


def test_a_row_that_is_damaged_after_it_was_found_is_named_too(tmp_path: Path) -> None:
    path = written(tmp_path, *range(5))
    with ResponseStore(tmp_path) as store:
        path.write_bytes(flipped(path.read_bytes(), 2))
        assert store.get_many(keys(5)) == numbered(0, 2, 3, 4)
        assert "damaged (checksum)" in store.warnings[0]


def test_a_row_under_way_is_waited_for_and_no_damage(tmp_path: Path) -> None:
    path = written(tmp_path, *range(5))
    unclosed(path)
    data = path.read_bytes()
    half = len(data) - 100
    path.write_bytes(data[:half])
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(5)) == numbered(*range(4))
        hole = data[: half - 50] + bytes(50)  # as a network may show it for a moment
        path.write_bytes(hole + data[half:])
        assert store.get_many(keys(5)) == numbered(*range(4))
        path.write_bytes(data)
        assert store.get_many(keys(5)) == numbered(*range(5))
        assert store.warnings == []


@pytest.mark.parametrize("left", [-100, 20, 0])
def test_a_file_cut_off_long_ago_is_named(tmp_path: Path, left: int) -> None:
    path = written(tmp_path, *range(5))
    unclosed(path)
    path.write_bytes(path.read_bytes()[:left])
    long_ago(path)
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(5)) == numbered(*range(4) if left < 0 else ())
        (line,) = store.warnings
        assert "cut off" in line


def local_store(folder: Path, monkeypatch: pytest.MonkeyPatch, *numbers: int) -> ResponseStore:
    with monkeypatch.context() as patch:
        patch.setattr("orca_eval.store.disk.shares_memory", lambda _: True)
        store = ResponseStore(folder)
    put(store, *numbers)
    return store


def test_an_older_stores_file_is_read_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local_store(tmp_path, monkeypatch, 1, 2).close()
    before = (tmp_path / "responses.sqlite").read_bytes()
    with ResponseStore(tmp_path) as store:
        store.put(key(2), completion(5))
        store.flush()
        assert store.get_many(keys(3)) == {key(1): completion(1), key(2): completion(5)}
        assert store.warnings == []
    assert (tmp_path / "responses.sqlite").read_bytes() == before


def test_so_is_one_whose_run_was_killed_and_one_that_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = local_store(tmp_path / "live", monkeypatch, *range(300))
    shutil.copytree(tmp_path / "live", tmp_path / "killed")  # with a log beside it
    store.close()
    shutil.copytree(tmp_path / "live", tmp_path / "damaged")
    path = tmp_path / "damaged" / "responses.sqlite"
    data = bytearray(path.read_bytes())
    data[20 * 4096 : 30 * 4096] = bytes(10 * 4096)
    path.write_bytes(data)
    with ResponseStore(tmp_path / "killed") as store:
        assert store.get_many(keys(300)) == numbered(*range(300))
        assert store.warnings == []
    with ResponseStore(tmp_path / "damaged") as store:
        found = store.get_many(keys(300))
        assert 0 < len(found) < 300
        assert found.items() <= numbered(*range(300)).items()
        assert "is damaged" in store.warnings[0]
        put(store, *range(300))
        assert store.get_many(keys(300)) == numbered(*range(300))
    assert path.read_bytes() == data


def test_a_local_disks_store_reads_what_was_written_over_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ResponseStore(tmp_path) as store:
        store.put(key(1), completion(1), "mark", Asked(b"r", 8))
        store.put(key(2), completion(2), asked=Asked(b"s", 4))
    with local_store(tmp_path, monkeypatch, 3) as store:
        store.put(key(4), completion(4), asked=Asked(b"r", 4))
        store.put(key(5), completion(5), asked=Asked(b"s", 8))
        store.flush()
        assert store.get_many(keys(6)) == numbered(1, 2, 3, 4, 5)
        assert store.get_many(keys(6), "mark") == numbered(1)
        longest = store.shorter([Asked(b"r", 9), Asked(b"s", 9)])
        assert [stored.key for stored in longest.values()] == [key(1), key(5)]
    assert (tmp_path / "responses.sqlite").exists()


def test_a_full_disk_is_one_line_and_keeps_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def fills(file: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data[: len(data) // 2])  # a part still fits

    with ResponseStore(tmp_path) as store:
        put(store, 1)
        with monkeypatch.context() as patch:
            patch.setattr("os.write", fills)
            store.put(key(2), completion(2))
            with pytest.raises(RunError, match="the disk is full"):
                store.flush()
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(3)) == numbered(1)
        assert store.warnings == []


def test_a_folder_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("os.open", refuses)
    with pytest.raises(InputError, match="choose another results_dir="):
        ResponseStore(tmp_path)


@pytest.mark.parametrize("fails", ["flock", "lockf", "lets all in", "mmap"])
def test_a_file_system_without_locks_or_shared_memory_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    monkeypatch.undo()
    assert disk.shares_memory(tmp_path)

    def refuses(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    if fails == "lets all in":
        monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    else:
        monkeypatch.setattr("mmap.mmap" if fails == "mmap" else f"fcntl.{fails}", refuses)
    assert not disk.shares_memory(tmp_path)
    put(store := ResponseStore(tmp_path), 1)
    store.close()
    assert [path.name[:7] for path in tmp_path.iterdir()] == ["writer-"]


def test_a_network_is_told_by_its_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    class Mount:
        mountpoint, fstype = str(tmp_path), "nfs4"

    monkeypatch.setattr("psutil.disk_partitions", lambda **_: [Mount])
    assert not disk.shares_memory(tmp_path)
