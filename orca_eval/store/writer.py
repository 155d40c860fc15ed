"""A file that one run writes and every other reads: complete lines, to the first that is not.

Nothing in it is ever changed, so no lock is needed: what another machine sees of it is a beginning.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from orca_eval.store import disk
from orca_eval.store.lines import Record, from_line, to_line

SUFFIX = ".rows"
FORMAT = 1
LAST_LINE_BYTES = 512
SETTLED_SECONDS = 60.0
"""So long after its last change, by the server's clock, a line that is not whole is no longer one
that is under way."""


class OwnFile:
    """The file of this run. Made before others' are looked for: that a folder was changed here is
    what makes a network's client ask the server anew what is in it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"writer-{secrets.token_hex(8)}{SUFFIX}"
        self._file = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        self._writing = threading.Lock()
        self._size = 0
        self.made = os.fstat(self._file).st_mtime
        self._holds_rows = False
        told = {"format": FORMAT, "host": socket.gethostname(), "pid": os.getpid()}
        self._append(to_line(told), sync=False)

    def write(self, records: Sequence[Record]) -> None:
        """Appends the records and syncs: all of them, or none.

        Raises:
            OSError: they can't be written.
        """
        self._append(b"".join(map(to_line, records)))
        self._holds_rows = True

    def close(self) -> None:
        """Says that nothing follows; a file without rows goes."""
        try:
            if self._holds_rows:
                self._append(to_line({"closed": time.time()}))
            else:
                self.path.unlink(missing_ok=True)
        finally:
            os.close(self._file)

    def _append(self, data: bytes, *, sync: bool = True) -> None:
        with self._writing:
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(self._file, rest) :]
                if sync:
                    disk.sync(self._file)
            except OSError:
                os.ftruncate(self._file, self._size)
                os.lseek(self._file, self._size, os.SEEK_SET)
                raise
            self._size += len(data)


class Tail:
    """How far a file has been read.

    Attributes:
        offset: bytes of it that need not be read again.
        is_closed: its writer said that nothing follows.
        problems: a line for each damage, as far as it was read.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path, self.start, self.offset = path, offset, offset
        self.is_closed = False
        self.changed = 0.0
        self.problems: list[str] = []

    @property
    def is_over(self) -> bool:
        """Whether it was read to an end behind which nothing follows."""
        return self.is_closed and self.offset >= self._size

    def read_on(self, now: float) -> Iterator[tuple[Record, int, int]]:
        """What was written since, each record with its place and length. A line that is not whole
        is waited for where the file changed lately, and else named.

        Raises:
            OSError: the file can't be read.
        """
        with self.path.open("rb") as file:
            status = os.fstat(file.fileno())
            self._size, self.changed = status.st_size, status.st_mtime
            self.is_closed = _says_closed(file.fileno(), status.st_size)
            settled = self.is_closed or now - status.st_mtime > SETTLED_SECONDS
            file.seek(self.offset)
            line = b""
            for line in file:
                record = from_line(line)
                if record is not None:
                    yield record, self.offset, len(line)
                elif not settled:
                    return
                elif not line.endswith(b"\n"):
                    break
                else:
                    self._name(f"the row at byte {self.offset} is damaged (checksum)")
                self.offset += len(line)
            if settled and (not status.st_size or (line and not line.endswith(b"\n"))):
                self._name(f"it is cut off at byte {self.offset}")

    def records(self) -> Iterator[Record]:
        """What was read, again.

        Raises:
            OSError: the file can't be read.
        """
        with self.path.open("rb") as file:
            file.seek(self.start)
            at = self.start
            for line in file:
                at += len(line)
                if at > self.offset:
                    return
                if (record := from_line(line)) is not None:
                    yield record

    def _name(self, problem: str) -> None:
        line = f"{self.path}: {problem}; what is lost is generated again"
        if line not in self.problems:
            self.problems.append(line)


def _says_closed(file: int, size: int) -> bool:
    end = os.pread(file, LAST_LINE_BYTES, max(0, size - LAST_LINE_BYTES))
    last = end[end.rfind(b"\n", 0, -1) + 1 :]
    return "closed" in (from_line(last) or {})
