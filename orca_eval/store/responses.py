"""The response store: what an engine has answered, kept so that no finished answer is ever lost.

Under `results_dir/.store/` lies one database of all runs (database.py), or, where the file system
is one of several machines or keeps no locks, a file a run (writer_files.py). Rows are written by a
thread of its own in small batches, so a finished generation is durable against the process's death
within 200 ms. Every row carries a checksum over its key and response, checked on read: a damaged
row is never served, but named and generated again.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from orca_eval import interrupts
from orca_eval.errors import InputError, OrcaEvalError, RunError
from orca_eval.store import disk
from orca_eval.store.database import Database
from orca_eval.store.rows import Asked, Row, Stored, to_row
from orca_eval.store.writer_files import WriterFiles, any_files
from orca_eval.types import Completion

BATCH_SECONDS = 0.05  # of the 200 ms; the rest is for a disk or a machine that stalls
BATCH_ROWS = 1024  # keys are spread, so that each batch writes most pages of their index again
MOST_WAITING = 4096
CLOSING_SECONDS = 5.0  # so long a run that ends waits for a database that is held elsewhere

Batch = list[tuple[Stored, str | None]]
Item = tuple[Stored, str | None] | threading.Event | None


class ResponseStore:
    """Reads on the caller's thread, writes on its own. A context manager.

    `warnings` collects a line for everything that was damaged.

    Raises:
        InputError: the folder can't be written.
        RunError: the database is locked, the disk is full, or a damaged file is in use elsewhere.
    """

    def __init__(self, folder: Path) -> None:
        self.warnings: list[str] = []
        self._queue: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._failure: RunError | None = None
        self._give_up_at: float | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            shared = disk.shares_memory(folder)
        except OSError as error:
            raise InputError(disk.unwritable_line(folder, error)) from error
        self._beside: WriterFiles | None = None
        self._place: Database | WriterFiles
        if shared:
            self._place = Database(folder, self.warnings)
            if any_files(folder):  # of a network on which this folder lay, or lies for others
                self._beside = WriterFiles(folder, self.warnings, writes=False)
        else:
            self._place = WriterFiles(folder, self.warnings, writes=True)
        self.path = self._place.path
        self._writer = threading.Thread(target=self._write_loop, name="store-writer", daemon=True)
        self._put = self._done = 0  # rows, counted by the caller and by the writer
        self._writer.start()
        interrupts.unwritten.append(self._is_behind)

    def __enter__(self) -> ResponseStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(tidy=kind is None)

    def get_many(self, keys: Sequence[bytes], mark: str | None = None) -> dict[bytes, Completion]:
        """The completions among `keys`, with a `mark` only those that were put with it; a damaged
        row is left out, with a warning, and a damaged file is salvaged first."""
        found = self._place.get_many(keys, mark)
        if self._beside is not None:
            found |= self._beside.get_many([key for key in keys if key not in found], mark)
        return found

    def shorter(self, asked: Iterable[Asked]) -> dict[bytes, Stored]:
        """The longest replies to these requests with fewer tokens; damage as in `get_many`."""
        if self._beside is None:
            return self._place.shorter(asked)
        asked = list(asked)
        found = self._place.shorter(asked)
        for request, stored in self._beside.shorter(asked).items():
            if request not in found or (found[request].asked or ()) < (stored.asked or ()):
                found[request] = stored
        return found

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
        self._place.forget(mark)

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

    def close(self, *, tidy: bool = False) -> None:
        """Writes what is queued and closes; safe to call twice. With `tidy` what nobody writes any
        more may be merged, which may take seconds."""
        self._give_up_at = time.monotonic() + CLOSING_SECONDS
        if self._writer.is_alive():
            self._queue.put(None)
            self._writer.join()
        if self._beside is not None:
            self._beside.close(tidy=False)
        self._place.close(tidy=tidy)
        if self._is_behind in interrupts.unwritten:
            interrupts.unwritten.remove(self._is_behind)

    def _is_behind(self) -> bool:
        """Whether a row waits to be written."""
        return self._done < self._put

    def _write_loop(self) -> None:
        end: threading.Event | None = threading.Event()
        while end is not None:
            batch, end = self._next_batch()
            try:
                if batch:
                    self._write(batch)
            except (sqlite3.Error, OSError) as error:
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
        marks = [(mark, stored.key) for stored, mark in batch if mark is not None]
        self._place.write(self._rows(batch), marks, self._has_given_up)

    def _has_given_up(self) -> bool:
        return self._give_up_at is not None and time.monotonic() > self._give_up_at

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
