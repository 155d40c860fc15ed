"""The store where several machines write at once, or no lock can be trusted: a file a writer.

Every run appends to a file of its own and reads all others' (writer.py), what was merged of them
(merging.py) and an older store's database (frozen.py) as one. No file is ever written by two, and
none is changed behind its end, so nothing here needs a lock. Of two answers to one request the
later counts.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from pathlib import Path
from typing import NamedTuple, TypeVar

from orca_eval.errors import InputError, RunError
from orca_eval.store import disk, lines, merging
from orca_eval.store.database import DATABASE
from orca_eval.store.frozen import Frozen
from orca_eval.store.rows import Asked, Row, Stored, from_row
from orca_eval.store.writer import SUFFIX, OwnFile, Tail
from orca_eval.types import Completion

LOOK_SECONDS = 1.0
LOOK_SHARE = 20
"""Others' files are looked at after LOOK_SECONDS, or after so many times what a look takes."""
TRIES = 5
"""A file may go, merged, between a look and a lookup."""
WRITERS = re.compile(rf"writer-[0-9a-f]+\{SUFFIX}")
MERGED = re.compile(r"merged-(\d+)-[0-9a-f]+\.sqlite")

T = TypeVar("T")


class Place(NamedTuple):
    """Where a row lies."""

    path: Path
    offset: int
    length: int
    stamp: int
    key: bytes


class Index:
    """What lies where in the writers' files that are not merged: 0.7 KB of memory a row."""

    def __init__(self) -> None:
        self.at: dict[bytes, Place] = {}
        self.shorter: dict[bytes, dict[int, bytes]] = defaultdict(dict)
        self.marked: dict[str, set[bytes]] = defaultdict(set)
        self.forgotten: set[str] = set()

    def add(self, record: lines.Record, path: Path, offset: int, length: int) -> None:
        """Takes up a record."""
        if "forget" in record:
            self.forgotten.add(record["forget"])
        if "key" not in record:
            return
        key = bytes.fromhex(record["key"])
        place = Place(path, offset, length, record["stamp"], key)
        if key not in self.at or self.at[key].stamp <= place.stamp:
            self.at[key] = place
        if "request" in record:
            self.shorter[bytes.fromhex(record["request"])][record["max_tokens"]] = key
        if "mark" in record:
            self.marked[record["mark"]].add(key)

    def longest(self, asked: Asked) -> bytes | None:
        """The key of the longest reply to the request with fewer tokens."""
        found = self.shorter.get(asked.request, {})
        shorter = [tokens for tokens in found if tokens < asked.max_tokens]
        return found[max(shorter)] if shorter else None


class WriterFiles:
    """Used by the caller's threads and by the writer's. `warnings` gets a line for all damage.

    Raises:
        InputError: the folder can't be written.
    """

    def __init__(self, folder: Path, warnings: list[str], *, writes: bool) -> None:
        self._folder, self.warnings = folder, warnings
        self._mutex = threading.Lock()
        self._opened, self._clock = time.monotonic(), time.time()
        self._index = Index()
        self._tails: dict[str, Tail] = {}
        self._merged: dict[str, Frozen] = {}
        self._latest = 0
        self._next_look = 0.0
        self._own: OwnFile | None = None
        self._older: Frozen | None = None
        try:
            if writes:
                self._own = OwnFile(folder)
                self._clock = self._own.made
                if (older := folder / DATABASE).exists():
                    self._older = Frozen(older, warnings)
        except OSError as error:
            raise InputError(disk.unwritable_line(folder, error)) from error
        self.path = self._own.path if self._own else folder
        self.get_many([])

    def get_many(self, keys: Sequence[bytes], mark: str | None = None) -> dict[bytes, Completion]:
        """The completions among `keys`, with a `mark` only those that were put with it; a damaged
        row is left out, with a warning.

        Raises:
            RunError: the files can't be read.
        """
        with self._mutex:
            found = self._retried(lambda: self._newest(self._counted(keys, mark)))
        return {key: stored.completion for key, (_, stored) in found.items()}

    def shorter(self, asked: Iterable[Asked]) -> dict[bytes, Stored]:
        """The longest replies to these requests with fewer tokens; damage as in `get_many`."""
        asked = list(asked)
        with self._mutex:
            return self._retried(lambda: self._shorter(asked))

    def write(
        self,
        rows: Sequence[Row],
        marks: Sequence[tuple[str, bytes]],
        _given_up: Callable[[], bool],
    ) -> None:
        """Writes a batch.

        Raises:
            OSError: it can't be written.
        """
        marked = {key: mark for mark, key in marks}
        self._latest = stamp = max(time.time_ns(), self._latest + 1)
        self._append([lines.of_row(row, stamp, marked.get(row[0])) for row in rows])

    def forget(self, mark: str) -> None:
        """Drops a mark; the answers stay."""
        with contextlib.suppress(OSError):  # what stays of it does no harm
            self._append([{"forget": mark}])

    def close(self, *, tidy: bool) -> None:
        """Says that this run writes nothing more, and puts the folder in order where that is
        asked: what fails there is left to a later run."""
        with self._mutex:
            own, self._own = self._own, None
            with contextlib.suppress(OSError):  # it is read as that of a run that was killed
                if own is not None:
                    own.close()
            with contextlib.suppress(OSError, sqlite3.Error):
                if tidy:
                    self._look(own_only=False)
                    merging.tidy(self._folder, self._files())
            for frozen in self._frozen():
                frozen.close()

    def _files(self) -> merging.Files:
        tails, merged = list(self._tails.values()), list(self._merged.values())
        return merging.Files(tails, merged, self._index.forgotten, self._latest, self._now())

    def _append(self, records: Sequence[lines.Record]) -> None:
        if self._own is not None:
            self._own.write(records)

    def _now(self) -> float:
        """The server's clock, by the seconds that went by here."""
        return self._clock + time.monotonic() - self._opened

    def _frozen(self) -> list[Frozen]:
        return [*self._merged.values(), *([self._older] if self._older else [])]

    def _retried(self, read: Callable[[], T]) -> T:
        """What is read after a look at the files, once more where one of them has gone meanwhile.

        Raises:
            RunError: the files can't be read.
        """
        for tries_left in reversed(range(TRIES)):
            try:
                self._look(own_only=time.monotonic() < self._next_look)
                return read()
            except OSError as error:
                if not tries_left:
                    why = error.strerror or error
                    raise RunError(f"can't read the store in {self._folder}: {why}") from error
            self._begin_again()
        raise AssertionError

    def _begin_again(self) -> None:
        self._index, self._tails, self._next_look = Index(), {}, 0.0
        for name in [name for name, frozen in self._merged.items() if _is_gone(frozen.path)]:
            self._merged.pop(name).close()

    def _look(self, *, own_only: bool) -> None:
        """Takes up what was written since the last look."""
        if own_only:
            if self._own is not None and (tail := self._tails.get(self._own.path.name)):
                self._take_up(tail)
            return
        start = time.monotonic()
        with os.scandir(self._folder) as entries:
            names = {entry.name for entry in entries}
        self._open_merged(names)
        covered = merging.covered(self._merged.values())
        for name in sorted(filter(WRITERS.fullmatch, names)):
            if name not in self._tails:
                begin = covered[name].bytes if name in covered else 0
                self._tails[name] = Tail(self._folder / name, begin)
            try:
                self._take_up(self._tails[name])
            except OSError:  # a network's client lists for a while what was merged and has gone
                if not _is_gone(self._folder / name):
                    raise
                del self._tails[name]
        took = time.monotonic() - start
        self._next_look = time.monotonic() + max(LOOK_SECONDS, LOOK_SHARE * took)

    def _open_merged(self, names: set[str]) -> None:
        """Opens what was merged since. What stands in it is no longer read where it stood."""
        found = {name: int(match[1]) for name in names if (match := MERGED.fullmatch(name))}
        new = found.keys() - self._merged.keys() - self._superseded()
        for name in sorted(new, key=found.__getitem__, reverse=True):
            if name in self._superseded():
                continue
            with contextlib.suppress(FileNotFoundError):  # listed from a cache, and gone
                self._merged[name] = Frozen(self._folder / name, self.warnings, found[name])
                self._latest = max(self._latest, found[name])
        if new & self._merged.keys():
            self._index, self._tails = Index(), {}
        for name in self._merged.keys() & self._superseded():
            self._merged.pop(name).close()

    def _superseded(self) -> Set[str]:
        """Files that stand in merged ones."""
        return merging.covered(self._merged.values()).keys()

    def _take_up(self, tail: Tail) -> None:
        if tail.is_over:
            return
        for record, offset, length in tail.read_on(self._now()):
            self._index.add(record, tail.path, offset, length)
            self._latest = max(self._latest, record.get("stamp", 0))
        self.warnings += [line for line in tail.problems if line not in self.warnings]

    def _counted(self, keys: Sequence[bytes], mark: str | None) -> Sequence[bytes]:
        """The keys that may be served."""
        if mark is None:
            return keys
        if mark in self._index.forgotten:
            return []
        marked = self._index.marked.get(mark, set()).union(
            *(frozen.marked(mark, keys) for frozen in self._frozen())
        )
        return [key for key in keys if key in marked]

    def _newest(self, keys: Sequence[bytes]) -> dict[bytes, tuple[int, Stored]]:
        found: dict[bytes, tuple[int, Stored]] = {}

        def take(stamp: int, stored: Stored) -> None:
            if stored.key not in found or found[stored.key][0] <= stamp:
                found[stored.key] = stamp, stored

        for frozen in self._frozen():
            for stamp, stored in frozen.rows(keys):
                take(stamp, stored)
        places = [place for key in keys if (place := self._index.at.get(key))]
        later = [p for p in places if p.key not in found or found[p.key][0] <= p.stamp]
        for stamp, stored in self._read(later):
            take(stamp, stored)
        return found

    def _shorter(self, asked: Sequence[Asked]) -> dict[bytes, Stored]:
        keys = [key for each in asked if (key := self._index.longest(each))]
        found = [stored for _, stored in self._read([self._index.at[key] for key in keys])]
        for frozen in self._frozen():
            found += [stored for each in asked if (stored := frozen.shorter(each))]
        limits = {each.request: each for each in asked}
        longest: dict[bytes, tuple[Asked, Stored]] = {}
        for stored in found:
            answered = stored.asked
            if answered is None or not stored.answers(limits[answered.request]):
                continue
            if answered.request not in longest or longest[answered.request][0] < answered:
                longest[answered.request] = answered, stored
        return {request: stored for request, (_, stored) in longest.items()}

    def _read(self, places: Sequence[Place]) -> Iterator[tuple[int, Stored]]:
        """The sound rows at these places, with their stamps; names the others."""
        for path, group in itertools.groupby(sorted(places), lambda place: place.path):
            with path.open("rb") as file:
                for place in group:
                    file.seek(place.offset)
                    record = lines.from_line(file.read(place.length))
                    stored = from_row(lines.to_row(record)) if record else None
                    if stored is not None:
                        yield place.stamp, stored
                    else:
                        self.warnings.append(
                            f"{path}: row {place.key.hex()[:16]} is damaged (checksum); it is "
                            "generated again"
                        )


def _is_gone(path: Path) -> bool:
    try:
        path.stat()
    except OSError:
        return True
    return False


def any_files(folder: Path) -> bool:
    """Whether a writer's file, or what was merged of such, lies there."""
    with os.scandir(folder) as entries:
        return any(WRITERS.fullmatch(e.name) or MERGED.fullmatch(e.name) for e in entries)
