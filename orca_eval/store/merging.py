"""One database of what nobody writes any more, so that a folder of many runs is opened quickly.

A merged file is made beside the others, whole, and counts from its renaming on. It tells which
bytes of which files stand in it, and these go later, by the hand of a later run: by then no
machine's cached listing lacks the merged file. So two that merge at once make a copy too many, a
merge that is killed leaves all as it was, and a row always stands in some file that stays.

The file of a run that did not say its last word is merged where it has long been quiet, but stays:
who wrote it may be alive.
"""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from orca_eval.store import disk, key_sums, lines
from orca_eval.store.frozen import Covered, Frozen, make, put, tell
from orca_eval.store.rows import COPIED_ROWS, Row, from_row
from orca_eval.store.writer import Tail

MERGED_FILES = 16
MERGED_BYTES = 64 << 20
"""So many files, or bytes in them, pay a merge; so does damage, which is named until then."""
TIER = 2
"""A merged file is merged again with at least a share of its size: so each row is copied a few
times at most, and few files stay."""
LARGEST = 1 << 30
"""Bytes of a merged file that others still go into: a run's end should not wait for minutes."""
QUIET_SECONDS = 3600.0
CACHED_SECONDS = 120.0
"""Longer than a network's client trusts what it knows of a folder (60 s in NFS)."""
CLAIMED_SECONDS = 600.0
LEFT_SECONDS = 86400.0

Copied = tuple[int, Row, str | None]


class Files(NamedTuple):
    """What lies in a folder, all read to its end; `now` by the server's clock."""

    tails: Sequence[Tail]
    merged: Sequence[Frozen]
    forgotten: set[str]
    latest: int
    now: float


def covered(merged: Iterable[Frozen]) -> dict[str, Covered]:
    """How much of which files stands in these."""
    found: dict[str, Covered] = {}
    for frozen in merged:
        for name, each in frozen.covers.items():
            found[name] = max(each, found.get(name, each))
    return found


def tidy(folder: Path, files: Files) -> None:
    """Removes what was merged long enough ago, and merges where that pays.

    Raises:
        OSError, sqlite3.Error: something can't be read or written; nothing is lost.
    """
    _remove_merged(folder, files)
    chosen = _chosen(files)
    if chosen is None:
        return
    claim = folder / "merging"  # only spares work: two that merge at once do no harm
    try:
        os.close(os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError:
        if files.now - claim.stat().st_mtime > CLAIMED_SECONDS:
            claim.unlink(missing_ok=True)
        return
    try:
        merge(folder, chosen)
    finally:
        claim.unlink(missing_ok=True)


def merge(folder: Path, files: Files) -> Path:
    """Writes one file of all that was read of these; returns it.

    Raises:
        OSError, sqlite3.Error: something can't be read or written.
    """
    token = secrets.token_hex(8)
    temporary = folder / f".{token}.tmp"
    try:
        with closing(make(temporary)) as connection:
            rows = _copied(files)
            while batch := list(itertools.islice(rows, COPIED_ROWS)):
                marks = [(mark, row[0]) for _, row, mark in batch if mark is not None]
                put(connection, [(stamp, row) for stamp, row, _ in batch], marks)
            for frozen in files.merged:
                marks = [each for each in frozen.all_marks() if each[0] not in files.forgotten]
                put(connection, [], marks)
            told: list[lines.Record] = [{"key_bits": key_sums.write(connection)}]
            for name, each in _covers(folder, files).items():
                told.append({"file": name, "bytes": each.bytes, "done": each.done})
            tell(connection, told)
            connection.execute("COMMIT")
        _sync(temporary)
        merged = folder / f"merged-{files.latest + 1}-{token}.sqlite"
        temporary.rename(merged)
        with suppress(OSError):  # not every file system syncs a folder
            _sync(folder)
        return merged
    finally:
        temporary.unlink(missing_ok=True)


def _chosen(files: Files) -> Files | None:
    """What is to be merged, None where it does not pay."""
    tails = [
        tail
        for tail in files.tails
        if tail.offset > tail.start and (tail.is_over or files.now - tail.changed > QUIET_SECONDS)
    ]
    total = sum(tail.offset - tail.start for tail in tails)
    damaged = [frozen for frozen in files.merged if frozen.is_damaged]
    is_damaged = damaged or any(tail.problems for tail in tails)
    if not is_damaged and len(tails) < MERGED_FILES and total < MERGED_BYTES:
        return None
    merged = list(damaged)
    for size, frozen in sorted(
        ((frozen.path.stat().st_size, frozen) for frozen in files.merged if frozen not in damaged),
        key=lambda pair: pair[0],
    ):
        if size <= TIER * total and total + size <= LARGEST:
            merged.append(frozen)
            total += size
    return files._replace(tails=tails, merged=merged)


def _copied(files: Files) -> Iterator[Copied]:
    for frozen in files.merged:
        for stamp, row in frozen.all_rows():
            yield stamp, row, None
    for tail in files.tails:
        for record in tail.records():
            if "key" not in record:
                continue
            row = lines.to_row(record)
            if from_row(row) is None:  # a later version's: it stays where it is
                tail.problems.append(f"{tail.path}: a row of another version")
                continue
            mark = record.get("mark")
            yield record["stamp"], row, None if mark in files.forgotten else mark


def _covers(folder: Path, files: Files) -> dict[str, Covered]:
    """What the merged file is to say of others, with what those that go into it said of files that
    are still there; to be asked when all was read."""
    covers = {n: c for n, c in covered(files.merged).items() if (folder / n).exists()}
    for frozen in files.merged:
        size = frozen.path.stat().st_size
        covers[frozen.path.name] = Covered(size, not frozen.is_damaged)
    for tail in files.tails:
        covers[tail.path.name] = Covered(tail.offset, tail.is_over and not tail.problems)
    return covers


def _remove_merged(folder: Path, files: Files) -> None:
    for frozen in files.merged:
        if not frozen.is_damaged and files.now - frozen.path.stat().st_mtime > CACHED_SECONDS:
            for name, each in frozen.covers.items():
                if each.done:
                    (folder / Path(name).name).unlink(missing_ok=True)
    for left in folder.glob(".*.tmp"):  # of a merge that was killed
        with suppress(FileNotFoundError):
            if files.now - left.stat().st_mtime > LEFT_SECONDS:
                left.unlink()


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        disk.sync(file)
    finally:
        os.close(file)
