"""The response store: what an engine has answered, kept so that no finished answer is ever lost.

One SQLite database (WAL) under `results_dir/.store/`. Rows are written by a thread of its own in
small batches, so a finished generation is durable against the process's death within 200 ms (a
power cut may cost one batch). Every row carries a checksum over its key and response, checked on
read: a damaged row is never served, but named and generated again.

While another process holds the database, finished answers are kept and written once it is free.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TypeVar

from orca_eval import interrupts
from orca_eval.errors import InputError, OrcaEvalError, RunError
from orca_eval.store import disk, wal
from orca_eval.store.rows import (
    COLUMNS,
    FRESH_SCHEMA,
    READ_TEXT_AS,
    REQUESTS_SCHEMA,
    SCHEMA,
    SHORTER,
    Asked,
    Row,
    Stored,
    add_columns,
    from_row,
    readable_marks,
    readable_rows,
    to_row,
    write_rows,
)
from orca_eval.types import Completion

BATCH_SECONDS = 0.05  # of the 200 ms; the rest is for a disk or a machine that stalls
BATCH_ROWS = 1024  # keys are spread, so that each batch writes most pages of their index again
MOST_WAITING = 4096
LOOKUP_ROWS = 500
BUSY_SECONDS = 30.0
HELD_SECONDS = 1.0  # so long a try waits for a database that another process holds
CLOSING_SECONDS = 5.0  # so long a run that ends waits for a database that is held elsewhere
LOCK_POLL_SECONDS = 0.05

Batch = list[tuple[Stored, str | None]]
Item = tuple[Stored, str | None] | threading.Event | None
T = TypeVar("T")

logger = logging.getLogger(__name__)


class ResponseStore:
    """Reads on the caller's thread, writes on its own. A context manager.

    `warnings` collects a line for everything that was damaged.

    Raises:
        InputError: the folder can't be written.
        RunError: the database is locked, the disk is full, or a damaged file is in use elsewhere.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "responses.sqlite"
        self._salvaged = folder / "salvaged.sqlite"
        self.warnings: list[str] = []
        self._queue: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._failure: RunError | None = None
        self._give_up_at: float | None = None
        self._mutex = threading.Lock()  # one connection, used by the caller and by the writer
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock: IO[str] = (folder / "lock").open("a")
        except OSError as error:
            raise InputError(
                f"can't write the response store in {folder}: {error.strerror}; "
                "choose another results_dir="
            ) from error
        self._network = disk.is_network(folder)
        if self._network:
            self.warnings.append(
                f"{folder} is on a network file system: rollback journal, one writer at a time"
            )
        try:
            self._check_wal()
            self._hold_lock(exclusive=self._network)
            self._connection = self._open()
        except OrcaEvalError:
            self._lock.close()
            raise
        self._writer = threading.Thread(target=self._write_loop, name="store-writer", daemon=True)
        self._put = self._done = 0  # rows, counted by the caller and by the writer
        self._writer.start()
        interrupts.unwritten.append(self._is_behind)

    def __enter__(self) -> ResponseStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get_many(self, keys: Sequence[bytes], mark: str | None = None) -> dict[bytes, Completion]:
        """The completions among `keys`, with a `mark` only those that were put with it; a damaged
        row is left out, with a warning, and a damaged file is salvaged first."""
        return self._guarded(lambda: {s.key: s.completion for s in self._read(keys, mark)})

    def shorter(self, asked: Iterable[Asked]) -> dict[bytes, Stored]:
        """The longest replies to these requests with fewer tokens; damage as in `get_many`."""
        rows = self._rows_of
        return self._guarded(
            lambda: {a.request: s for a in asked for s in rows(SHORTER, a) if s.answers(a)}
        )

    def _guarded(self, read: Callable[[], T]) -> T:
        """What is read, once no other process holds the database, and its file is whole."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            with self._mutex:
                try:
                    return read()
                except sqlite3.DatabaseError as error:
                    if not disk.is_busy(error):
                        self._reopen_salvaged(error)
                        return read()
                    if time.monotonic() > deadline:
                        raise RunError(disk.busy_line(self.path)) from error

    def put(
        self,
        key: bytes,
        completion: Completion,
        mark: str | None = None,
        asked: Asked | None = None,
    ) -> None:
        """Queues one row; durable within 200 ms. Never blocks.

        Raises:
            RunError: an earlier batch could not be written (a full disk, say).
        """
        self.check()
        self._put += 1
        self._queue.put((Stored(key, completion, asked), mark))

    def forget(self, mark: str) -> None:
        """Drops a mark; the answers stay."""
        with contextlib.suppress(sqlite3.Error), self._mutex:  # what stays of it does no harm
            self._connection.execute("DELETE FROM fresh WHERE mark = ?", (mark,))

    @property
    def behind(self) -> bool:
        """Whether more than MOST_WAITING rows wait to be written."""
        return self._queue.qsize() > MOST_WAITING

    def check(self) -> None:
        """Raises the writer's failure, if it had one."""
        if self._failure is not None:
            raise self._failure

    def flush(self) -> None:
        """Waits until everything put so far is written.

        Raises:
            RunError: it could not be written.
        """
        written = threading.Event()
        self._queue.put(written)
        while not written.wait(1.0):
            if not self._writer.is_alive():
                raise RunError(f"{self.path}: its writer is gone; repeat the same command to go on")
        self.check()

    def close(self) -> None:
        """Writes what is queued and closes; safe to call twice."""
        self._give_up_at = time.monotonic() + CLOSING_SECONDS
        if self._writer.is_alive():
            self._queue.put(None)
            self._writer.join()
        self._connection.close()
        self._lock.close()
        if self._is_behind in interrupts.unwritten:
            interrupts.unwritten.remove(self._is_behind)

    def _is_behind(self) -> bool:
        """Whether a row waits to be written."""
        return self._done < self._put

    def _check_wal(self) -> None:
        """Names a damaged log, of which SQLite would silently use the part before the damage."""
        try:
            self._hold_lock(exclusive=True)  # a log that another run is writing can't be judged
        except RunError:
            return
        log = self.path.with_name(self.path.name + "-wal")
        if (found := wal.damage(log)) is not None:
            self.warnings.append(f"{log}: {found}; responses behind it are generated again")

    def _open(self) -> sqlite3.Connection:
        try:
            if self._salvaged.exists() and not self.path.exists():
                self._salvaged.rename(self.path)  # a salvage was killed before its last step
            return self._connect(self.path)
        except sqlite3.DatabaseError as error:
            if disk.is_busy(error) or disk.is_full(error):
                raise RunError(disk.write_line(self.path, error)) from error
            if "unable to open" in str(error) or "readonly" in str(error):
                raise InputError(
                    f"can't open the response store {self.path}: {error}; check its permissions, "
                    "or choose another results_dir="
                ) from error
            return self._salvage(str(error))

    def _connect(self, path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.text_factory = READ_TEXT_AS
        try:
            connection.execute(f"PRAGMA journal_mode={'DELETE' if self._network else 'WAL'}")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(SCHEMA)
            connection.execute(FRESH_SCHEMA)
            connection.execute(REQUESTS_SCHEMA)
            add_columns(connection)
            connection.execute(f"SELECT {COLUMNS} FROM responses LIMIT 1").fetchall()
            connection.execute(f"PRAGMA busy_timeout={1000 * HELD_SECONDS:.0f}")
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    def _read(self, keys: Sequence[bytes], mark: str | None) -> Iterator[Stored]:
        fresh = "" if mark is None else " AND key IN (SELECT key FROM fresh WHERE mark = ?)"
        marked = [] if mark is None else [mark]
        for start in range(0, len(keys), LOOKUP_ROWS):
            part = keys[start : start + LOOKUP_ROWS]
            marks = ",".join("?" * len(part))
            yield from self._rows_of(f"key IN ({marks}){fresh}", [*part, *marked])

    def _rows_of(self, condition: str, values: Sequence[object]) -> Iterator[Stored]:
        query = f"SELECT {COLUMNS} FROM responses WHERE {condition}"
        for row in self._connection.execute(query, values):
            if (stored := from_row(row)) is not None:
                yield stored
                continue
            name = row[0].hex()[:16] if isinstance(row[0], bytes) else "?"
            self.warnings.append(
                f"{self.path}: row {name} is damaged (checksum); it is generated again"
            )

    def _write_loop(self) -> None:
        end: threading.Event | None = threading.Event()
        while end is not None:
            batch, end = self._next_batch()
            try:
                if batch:
                    self._write(batch)
            except sqlite3.Error as error:
                self._fail(disk.write_line(self.path, error))
            except OrcaEvalError as error:
                self._fail(str(error))
            except Exception as error:  # whatever it is, the run has to hear of it
                self._fail(f"can't write {self.path}: {type(error).__name__}: {error}")
            self._done += len(batch)
            if end is not None:
                end.set()

    def _fail(self, line: str) -> None:
        """The first failure is the one that `check` raises."""
        self._failure = self._failure or RunError(line)

    def _write(self, batch: Batch) -> None:
        """Writes the batch, however long another process holds the database."""
        said, mended = time.monotonic(), False
        rows = self._rows(batch)
        marks = [(mark, stored.key) for stored, mark in batch if mark is not None]
        while True:
            try:
                with self._mutex:
                    return write_rows(self._connection, rows, marks)
            except sqlite3.DatabaseError as error:
                given_up = self._give_up_at is not None and time.monotonic() > self._give_up_at
                if not disk.is_busy(error) and "malformed" in str(error) and not mended:
                    mended = True  # damage in a part that no read has met
                    with self._mutex:
                        self._reopen_salvaged(error)
                elif given_up or not disk.is_busy(error):
                    raise
            if time.monotonic() - said > BUSY_SECONDS:
                said = time.monotonic()
                logger.warning(
                    "%s is locked by another process; finished answers are kept and written once "
                    "it is free",
                    self.path,
                )

    def _rows(self, batch: Batch) -> list[Row]:
        """The batch as rows. One that can't be stored takes no other with it."""
        rows = []
        for stored, _ in batch:
            try:
                rows.append(to_row(stored))
            except (ValueError, TypeError, AttributeError) as error:
                self._fail(f"can't store an answer of the engine: {error}; its numbers are wrong")
        return rows

    def _next_batch(self) -> tuple[Batch, threading.Event | None]:
        """A batch, and the event of who waits for it; None ends the writer."""
        batch: Batch = []
        deadline: float | None = None
        while len(batch) < BATCH_ROWS:
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                item = self._queue.get(timeout=wait)
            except queue.Empty:
                break
            if item is None or isinstance(item, threading.Event):
                return batch, item
            batch.append(item)
            deadline = deadline or time.monotonic() + BATCH_SECONDS
        return batch, threading.Event()

    def _reopen_salvaged(self, error: sqlite3.DatabaseError) -> None:
        self._connection.close()
        self._connection = self._salvage(str(error))

    def _salvage(self, reason: str) -> sqlite3.Connection:
        """Puts a new file with every row that can be read and whose checksum holds in the place of
        the damaged one, which is kept aside. Killed at any moment, it goes on at the next start."""
        try:
            self._hold_lock(exclusive=True)
        except RunError as error:
            raise RunError(
                f"{self.path} is damaged ({reason}) and another run is using it; "
                "end that run, then repeat this one"
            ) from error
        kept = self._copy_readable()
        aside = self.path.with_name(f"damaged-{time.time_ns()}.sqlite")
        for suffix in ("-wal", "-shm", ""):  # never a new database beside an old log
            source = self.path.with_name(self.path.name + suffix)
            if source.exists():
                source.rename(aside.with_name(aside.name + suffix))
        self._salvaged.rename(self.path)
        connection = self._connect(self.path)
        self._hold_lock(exclusive=self._network)
        self.warnings.append(
            f"{self.path} was damaged ({reason}): {kept} responses could be kept, the rest is "
            f"generated again; the damaged file is kept as {aside.name}"
        )
        return connection

    def _copy_readable(self) -> int:
        """How many rows could be copied into the file that is to take the damaged one's place."""
        kept = 0
        try:
            with contextlib.closing(self._connect(self._salvaged)) as connection:
                rows = readable_rows(self.path)
                while batch := list(itertools.islice(rows, BATCH_ROWS)):
                    write_rows(connection, [to_row(row) for row in batch])
                    kept += len(batch)
                write_rows(connection, [], readable_marks(self.path))
                connection.execute("PRAGMA journal_mode=DELETE")  # all of it in the one file
        except sqlite3.Error as error:
            raise RunError(disk.write_line(self._salvaged, error)) from error
        return kept

    def _hold_lock(self, exclusive: bool) -> None:
        """Every run shares the lock; salvaging and network file systems want it alone.

        Sharing waits a while: another run may hold it alone for a moment, to look at the log.
        """
        mode = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        deadline = time.monotonic() + (0.0 if exclusive else BUSY_SECONDS)
        while True:
            try:
                return fcntl.flock(self._lock, mode | fcntl.LOCK_NB)
            except OSError as error:
                if time.monotonic() >= deadline:
                    raise RunError(disk.busy_line(self.path)) from error
                time.sleep(LOCK_POLL_SECONDS)
