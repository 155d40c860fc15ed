"""What nobody writes any more is merged, and no row is lost by it, whatever happens meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orca_eval.store import ResponseStore, lines, merging
from tests.store.network import (
    YESTERDAY,
    completion,
    key,
    keys,
    merge,
    no_trust,
    numbered,
    put,
    unclosed,
    written,
)


@pytest.fixture(autouse=True)
def _network(monkeypatch: pytest.MonkeyPatch) -> None:
    no_trust(monkeypatch)


def names(folder: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in folder.glob(pattern))


def grow_old(folder: Path) -> None:
    for path in folder.iterdir():
        os.utime(path, (path.stat().st_mtime - YESTERDAY,) * 2)


def many(folder: Path, monkeypatch: pytest.MonkeyPatch, killed: int = 0) -> None:
    """Runs that ended, the last of which merged, with those of so many killed ones."""
    monkeypatch.setattr(merging, "MERGED_FILES", 6 + killed)
    for number in range(6):
        written(folder, number, 100)


def test_files_of_ended_runs_are_merged_when_they_are_many_and_go_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(tmp_path, monkeypatch)
    assert len(names(tmp_path, "merged-*")) == 1
    assert len(names(tmp_path, "writer-*")) == 6  # others' listings may still lack the merged one
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(101)) == numbered(*range(6), 100)
        assert store._place._index.at == {}
    assert len(names(tmp_path, "writer-*")) == 6
    grow_old(tmp_path)
    with ResponseStore(tmp_path) as store:
        put(store, 6)
    assert len(names(tmp_path, "writer-*")) == 1
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(101)) == numbered(*range(7), 100)
        assert store.warnings == []


def test_bytes_pay_a_merge_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "MERGED_BYTES", 2_000)
    written(tmp_path, 1)
    assert names(tmp_path, "merged-*") == []
    written(tmp_path, *range(2, 10))
    assert len(names(tmp_path, "merged-*")) == 1


def test_what_was_merged_is_merged_again_with_as_much_and_no_earlier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "MERGED_FILES", 2)
    written(tmp_path, *range(300))
    written(tmp_path, *range(300, 600))
    (large,) = names(tmp_path, "merged-*")
    for number in (600, 601):
        written(tmp_path, number)
    assert len(names(tmp_path, "merged-*")) == 2
    assert large in names(tmp_path, "merged-*")
    with monkeypatch.context() as patch:
        patch.setattr(merging, "LARGEST", 100_000)
        written(tmp_path, *range(602, 900))
        written(tmp_path, *range(900, 1200))
        assert large in names(tmp_path, "merged-*")
        assert len(names(tmp_path, "merged-*")) == 3
    for _ in range(2):
        written(tmp_path, *range(1200))
    grow_old(tmp_path)
    with ResponseStore(tmp_path):
        pass
    assert len(names(tmp_path, "merged-*")) == 1
    assert names(tmp_path, "writer-*") == []
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(1200)) == numbered(*range(1200))


def test_an_interrupted_run_does_not_merge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "MERGED_FILES", 1)
    store = ResponseStore(tmp_path)
    put(store, 1)
    store.__exit__(KeyboardInterrupt)
    assert names(tmp_path, "merged-*") == []


def test_who_looked_dead_comes_back_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = ResponseStore(tmp_path)
    put(alive, 1)
    grow_old(tmp_path)
    many(tmp_path, monkeypatch)
    grow_old(tmp_path)
    written(tmp_path, 50)
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(2)) == numbered(0, 1)
        assert all(place.key != key(1) for place in store._place._index.at.values())
        put(alive, 60)
        assert store.get_many(keys(101)) == numbered(*range(6), 1, 50, 60, 100)
    alive.close()
    grow_old(tmp_path)
    merge(tmp_path)
    grow_old(tmp_path)
    with ResponseStore(tmp_path):
        pass
    assert names(tmp_path, "writer-*") == []  # by now it has said its last word
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(101)) == numbered(*range(6), 1, 50, 60, 100)


def test_the_file_of_a_killed_run_is_merged_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = written(tmp_path, 70)
    unclosed(killed)
    grow_old(tmp_path)
    many(tmp_path, monkeypatch, killed=1)
    for _ in range(2):
        grow_old(tmp_path)
        with ResponseStore(tmp_path) as store:
            assert store.get_many([key(70)]) == numbered(70)
    assert names(tmp_path, "writer-*") == [killed.name]


def test_two_that_merge_at_once_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        written(tmp_path, number, 100)
    with ResponseStore(tmp_path) as first, ResponseStore(tmp_path) as second:
        files = [store._place._files() for store in (first, second)]
        merging.merge(tmp_path, files[0])
        written(tmp_path, 4)
        merging.merge(tmp_path, files[1])
    merge(tmp_path)
    for _ in range(2):
        grow_old(tmp_path)
        with ResponseStore(tmp_path) as store:
            assert store.get_many(keys(101)) == numbered(*range(5), 100)
    assert names(tmp_path, "writer-*") == []


def test_a_second_one_leaves_the_work_to_the_first_unless_that_died(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "merging").touch()
    many(tmp_path, monkeypatch)
    assert names(tmp_path, "merg*") == ["merging"]
    grow_old(tmp_path)
    for number in (7, 8):
        written(tmp_path, number)
    (merged,) = names(tmp_path, "merg*")
    assert merged.startswith("merged-")


@pytest.mark.parametrize("what", ["put", "_sync", "Path.rename"])
def test_a_merge_that_is_killed_leaves_all_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    for number in range(4):
        written(tmp_path, number)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"orca_eval.store.merging.{what}", dies)
        patch.setattr("pathlib.Path.unlink", lambda *_, **__: None)  # nothing is put in order
        with pytest.raises(KeyboardInterrupt):
            merge(tmp_path)
    assert len(names(tmp_path, ".*.tmp")) == 1
    grow_old(tmp_path)
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(4)) == numbered(*range(4))
        assert store.warnings == []
    assert names(tmp_path, ".*.tmp") == []


def test_lookups_go_on_while_files_are_merged_and_removed(tmp_path: Path) -> None:
    for number in range(4):
        written(tmp_path, number)
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(4)) == numbered(*range(4))
        merge(tmp_path)
        store._place._next_look = float("inf")  # it has not looked since
        for path in tmp_path.glob("writer-*"):
            if path != store.path:
                path.unlink()
        assert store.get_many(keys(4)) == numbered(*range(4))
        (first,) = tmp_path.glob("merged-*")
        written(tmp_path, 4)
        merge(tmp_path)
        first.unlink()
        assert store.get_many(keys(5)) == numbered(*range(5))
        assert store.warnings == []


def test_marks_go_through_a_merge_and_a_forgotten_one_does_not(tmp_path: Path) -> None:
    with ResponseStore(tmp_path) as store:
        for number, mark in ((1, "kept"), (2, "gone")):
            store.put(key(number), completion(number), mark)
        store.flush()
        store.forget("gone")
    merged = merge(tmp_path)
    for path in tmp_path.glob("writer-*"):
        path.unlink()
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(3), "kept") == numbered(1)
        assert store.get_many(keys(3), "gone") == {}
        assert store.get_many(keys(3)) == numbered(1, 2)
    assert merged.exists()


def test_a_damaged_merged_file_is_named_read_as_far_as_it_goes_and_merged_anew(
    tmp_path: Path,
) -> None:
    written(tmp_path, *range(300))
    path = merge(tmp_path)
    for writer in tmp_path.glob("writer-*"):
        writer.unlink()
    data = bytearray(path.read_bytes())
    data[20 * 4096 : 30 * 4096] = bytes(10 * 4096)
    path.write_bytes(data)
    with ResponseStore(tmp_path) as store:
        found = store.get_many(keys(300))
        assert 0 < len(found) < 300
        assert found.items() <= numbered(*range(300)).items()
        assert "is damaged" in store.warnings[0]
        put(store, *(number for number in range(300) if key(number) not in found))
    assert path.read_bytes() == data  # kept
    grow_old(tmp_path)
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(300)) == numbered(*range(300))
        assert store.warnings == []
    assert path.exists()


def test_what_a_damaged_merged_file_holds_is_read_where_it_stood_before(tmp_path: Path) -> None:
    written(tmp_path, *range(300))
    path = merge(tmp_path)
    path.write_bytes(path.read_bytes()[:9000])
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(300)) == numbered(*range(300))
        assert "is damaged" in store.warnings[0]


def test_a_file_with_rows_of_a_later_version_stays(tmp_path: Path) -> None:
    path = written(tmp_path, 1)
    *first, closed = path.read_bytes().splitlines(keepends=True)
    later = {"stamp": 1, "key": key(2).hex(), "text": "?", "finish_reason": "stop"}
    row = later | {"prompt_tokens": 1, "completion_tokens": 1, "checksum": "00", "more": "later"}
    path.write_bytes(b"".join((*first, lines.to_line(row), closed)))
    merge(tmp_path)
    grow_old(tmp_path)
    with ResponseStore(tmp_path) as store:
        assert store.get_many(keys(3)) == numbered(1)
    assert path.exists()


def test_a_key_that_damage_moved_in_a_merged_file_is_missed_aloud(tmp_path: Path) -> None:
    written(tmp_path, *range(300))
    path = merge(tmp_path)
    for writer in tmp_path.glob("writer-*"):
        writer.unlink()
    data = path.read_bytes()
    assert data.count(key(77)) == 2  # its row and its index
    told = []
    for place in (data.find(key(77)), data.rfind(key(77))):
        path.write_bytes(data[:place] + b"\7" + data[place + 1 :])
        store = ResponseStore(tmp_path)
        assert store.get_many([key(77)]) == numbered(77)  # its text is whole
        told += store.warnings
        store.close()
    (line,) = told  # a lookup does not look at the row's own
    assert "is damaged (keys are missing)" in line
    whole = tmp_path / "whole"
    whole.mkdir()
    (whole / path.name).write_bytes(data)
    with ResponseStore(whole) as store:
        assert store.get_many(keys(400)) == numbered(*range(300))
        assert store.warnings == []
