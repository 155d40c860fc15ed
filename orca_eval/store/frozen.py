"""Databases that are only read, without a lock: what was merged, and an older store's file.

A merged one is written whole and never changed, so every machine may read it at any time.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from orca_eval.store import key_sums, wal
from orca_eval.store.lines import Record, from_line, to_line
from orca_eval.store.rows import (
    COLUMNS,
    COPIED_ROWS,
    DAMAGE,
    FRESH_SCHEMA,
    LOOKUP_ROWS,
    READ_TEXT_AS,
    REQUESTS_SCHEMA,
    SCHEMA,
    SHORTER,
    Asked,
    Connect,
    Row,
    Stored,
    columns_of,
    connect_frozen,
    from_row,
    readable_marks,
    readable_rows,
    to_row,
)

PAGE_BYTES = 1 << 14
CACHE = "cache_size=-65536"  # KiB
LOGS = ("-wal", "-journal")
TOLD_SCHEMA = "CREATE TABLE told (line BLOB)"  # signed, for files go by what is said there
STAMP = "ALTER TABLE responses ADD COLUMN stamp INTEGER NOT NULL DEFAULT 0"
NAMES = COLUMNS.split(", ")
PUT = (
    f"INSERT INTO responses ({COLUMNS}, stamp) VALUES ({','.join('?' * (len(NAMES) + 1))}) "
    f"ON CONFLICT(key) DO UPDATE SET {', '.join(f'{n} = excluded.{n}' for n in NAMES)}, "
    "stamp = excluded.stamp WHERE excluded.stamp > stamp"
)

T = TypeVar("T")


class Covered(NamedTuple):
    """So many bytes of a file stand in a merged one too; `done`: nobody writes more to it, and all
    of it could be read, so it may go."""

    bytes: int
    done: bool


class Frozen:
    """A database nobody changes. One that is damaged is read through a private copy of all its
    rows that can be read, and named in `warnings`.

    Attributes:
        stamp: no row in it is later.
        covers: what stands in it of other files, by their names.

    Raises:
        OSError: it can't be read.
    """

    def __init__(self, path: Path, warnings: list[str], stamp: int = 0) -> None:
        self.path, self.stamp, self.is_damaged = path, stamp, False
        self._warnings = warnings
        self._private: tempfile.TemporaryDirectory[str] | None = None
        self._is_salvaged = False
        self._key_bits: int | None = None
        self._sound_ranges: set[int] = set()
        self.covers: dict[str, Covered] = {}
        path.open("rb").close()  # what is not there, or not to be read, is not damaged
        self._connection = self._open()
        try:
            self._columns, self._stamp = self._layout()
            self._hear()
        except DAMAGE as error:
            self._salvage(error)

    def rows(self, keys: Sequence[bytes]) -> list[tuple[int, Stored]]:
        """The sound rows with these keys, with their stamps; names the others.

        Raises:
            OSError: the file has gone.
        """
        return self._guarded(lambda: list(self._rows(keys)))

    def marked(self, mark: str, keys: Sequence[bytes]) -> set[bytes]:
        """Which of the keys were put with the mark; errors as in `rows`."""
        return self._guarded(lambda: set(self._marked(mark, keys)))

    def shorter(self, asked: Asked) -> Stored | None:
        """The longest sound reply to this request with fewer tokens; errors as in `rows`."""
        found = self._guarded(lambda: list(self._select(SHORTER, asked)))
        return next((stored for _, stored in found if stored.answers(asked)), None)

    def all_rows(self) -> Iterator[tuple[int, Row]]:
        """Every sound row, with its stamp, some twice where the file is damaged.

        Raises:
            OSError: they can't be read.
        """
        try:
            for stamp, *row in self._connection.execute(self._query("true")):
                yield self._stamp_of(stamp), _sound(tuple(row))
        except DAMAGE as error:
            self._salvage(error)
            yield from self.all_rows()

    def all_marks(self) -> list[tuple[str, bytes]]:
        """Every mark with its keys; errors as in `rows`."""
        query = "SELECT mark, key FROM fresh"
        rows = self._guarded(lambda: self._connection.execute(query).fetchall())
        return [(mark.decode(errors="replace"), key) for mark, key in rows if mark and key]

    def close(self) -> None:
        """Drops the private copy too."""
        self._connection.close()
        if self._private is not None:
            self._private.cleanup()

    def _guarded(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except DAMAGE as error:
            self._salvage(error)
            return read()

    def _salvage(self, error: Exception) -> None:
        """Goes on with a copy of what can be read.

        Raises:
            OSError: it has gone, is not to be read now, or there is no room for the copy.
        """
        self.path.open("rb").close()
        if self._is_salvaged or "disk I/O" in str(error):
            raise OSError(f"{self.path.name}: {error}") from error
        self._is_salvaged = True
        self._is_found_damaged()
        try:
            kept = self._copy_readable()
        except sqlite3.Error as failure:
            raise OSError(f"no copy of {self.path.name}: {failure}") from failure
        self._warnings.append(
            f"{self.path} is damaged ({error}): {kept} responses could be read, the rest is "
            "generated again"
        )

    def _copy_readable(self) -> int:
        """How many rows the private copy holds, which is read from now on."""
        folder = self._make_private()
        copy = folder / self.path.name
        source: tuple[Path, Connect] = (
            (copy, sqlite3.connect) if copy.exists() else (self.path, connect_frozen)
        )
        connection = make(folder / "salvaged.sqlite")
        rows, kept = readable_rows(*source), 0
        while batch := list(itertools.islice(rows, COPIED_ROWS)):
            put(connection, [(self.stamp, to_row(row)) for row in batch])
            kept += len(batch)
        put(connection, [], readable_marks(*source))
        connection.execute("COMMIT")
        connection.text_factory = READ_TEXT_AS
        self._connection.close()
        self._connection, self._columns, self._stamp = connection, COLUMNS, "stamp"
        self._key_bits = None
        return kept

    def _is_found_damaged(self) -> None:
        """What stands in it may be read better where it stood before."""
        self.is_damaged, self.covers = True, {}

    def _stamp_of(self, stamp: object) -> int:
        """A row's stamp is not signed; none is later than its file's."""
        return min(stamp, self.stamp) if isinstance(stamp, int) else self.stamp

    def _open(self) -> sqlite3.Connection:
        """Without a lock where nothing else is to be read; a file with a log beside it, that of a
        run that was killed or is at work, as a private copy, in which SQLite may put it right."""
        logs = [log for suffix in LOGS if (log := beside(self.path, suffix)).exists()]
        if any(log.stat().st_size for log in logs):
            private = self._make_private()
            for path in (*logs, self.path):
                shutil.copy(path, private)
            if (found := wal.damage(beside(self.path, LOGS[0]))) is not None:
                line = f"{beside(self.path, LOGS[0])}: {found}"
                self._warnings.append(f"{line}; responses behind it are generated again")
            connection = sqlite3.connect(private / self.path.name, check_same_thread=False)
        else:
            connection = connect_frozen(self.path)
        connection.text_factory = READ_TEXT_AS
        return connection

    def _layout(self) -> tuple[str, str]:
        """Its columns, and what stands for a stamp."""
        columns = columns_of(self._connection)
        named = self._connection.execute("PRAGMA table_info(responses)")
        stamp = "stamp" if b"stamp" in {row[1] for row in named} else "0"
        self._connection.execute(f"SELECT {stamp}, {columns} FROM responses LIMIT 1").fetchall()
        return columns, stamp

    def _hear(self) -> None:
        """Takes up what a merged file tells of itself."""
        if self._stamp == "0":
            return
        told = [from_line(line) for (line,) in self._connection.execute("SELECT line FROM told")]
        if None in told:
            self._is_found_damaged()
            self._warnings.append(
                f"{self.path}: what it says of other files is damaged; they are read again"
            )
            return
        self._key_bits = next(
            (each["key_bits"] for each in told if each and "key_bits" in each), None
        )
        covers = (each for each in told if each and "file" in each)
        self.covers = {each["file"]: Covered(each["bytes"], each["done"]) for each in covers}

    def _make_private(self) -> Path:
        if self._private is None:
            self._private = tempfile.TemporaryDirectory(prefix="orca_eval_store_")
        return Path(self._private.name)

    def _query(self, condition: str) -> str:
        return f"SELECT {self._stamp}, {self._columns} FROM responses WHERE {condition}"

    def _rows(self, keys: Sequence[bytes]) -> Iterator[tuple[int, Stored]]:
        found = set()
        for part in _parts(keys):
            for stamp, stored in self._select(f"key IN ({_places(part)})", part):
                found.add(stored.key)
                yield stamp, stored
        if self._key_bits is not None:
            ranges = {key_sums.range_of(key, self._key_bits) for key in keys if key not in found}
            for place in ranges - self._sound_ranges:
                if not key_sums.holds(self._connection, place, self._key_bits):
                    raise sqlite3.DatabaseError("keys are missing")
                self._sound_ranges.add(place)

    def _marked(self, mark: str, keys: Sequence[bytes]) -> Iterator[bytes]:
        for part in _parts(keys):
            query = f"SELECT key FROM fresh WHERE mark = ? AND key IN ({_places(part)})"
            yield from (key for (key,) in self._connection.execute(query, (mark, *part)))

    def _select(self, condition: str, values: Sequence[object]) -> Iterator[tuple[int, Stored]]:
        for stamp, *row in self._connection.execute(self._query(condition), values):
            if (stored := from_row(tuple(row))) is not None:
                yield self._stamp_of(stamp), stored
                continue
            self._is_found_damaged()
            name = row[0].hex()[:16] if isinstance(row[0], bytes) else "?"
            self._warnings.append(
                f"{self.path}: row {name} is damaged (checksum); it is generated again"
            )


def _sound(row: Row) -> Row:
    """The row; a damaged one is an error, for its index may still lead to a whole one."""
    if from_row(row) is None:
        raise sqlite3.DatabaseError("a row's checksum")
    return row


def _parts(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (keys[start : start + LOOKUP_ROWS] for start in range(0, len(keys), LOOKUP_ROWS))


def _places(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def beside(path: Path, suffix: str) -> Path:
    """SQLite's file of that ending."""
    return path.with_name(path.name + suffix)


def make(path: Path) -> sqlite3.Connection:
    """A new database to be filled by one process, that counts once it is whole: no lock, no log,
    one transaction, to be committed at the end, so that a page goes over the network once."""
    uri = f"{path.absolute().as_uri()}?nolock=1"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    for line in (f"page_size={PAGE_BYTES}", "journal_mode=OFF", "synchronous=OFF", CACHE):
        connection.execute(f"PRAGMA {line}")
    for schema in (SCHEMA, STAMP, REQUESTS_SCHEMA, FRESH_SCHEMA, TOLD_SCHEMA, key_sums.SCHEMA):
        connection.execute(schema)
    connection.execute("BEGIN")
    return connection


def put(
    connection: sqlite3.Connection,
    rows: Sequence[tuple[int, Row]],
    marks: Sequence[tuple[str, bytes]] = (),
) -> None:
    """Puts stamped rows, of which the latest with a key stays, and marks."""
    connection.executemany(PUT, ((*_as_text(row), stamp) for stamp, row in rows))
    asked = ((row[-2], row[-1], row[0]) for _, row in rows if row[-2] is not None)
    connection.executemany("INSERT OR IGNORE INTO requests VALUES (?, ?, ?)", asked)
    connection.executemany("INSERT OR IGNORE INTO fresh VALUES (?, ?)", marks)


def tell(connection: sqlite3.Connection, records: Sequence[Record]) -> None:
    """Puts what the file tells of itself."""
    connection.executemany("INSERT INTO told VALUES (?)", ((to_line(each),) for each in records))


def _as_text(row: Row) -> Row:
    """The row with texts as texts: they are read as bytes."""
    key, text, finish, *middle = row
    reasoning = middle[3]
    middle[3] = reasoning.decode() if isinstance(reasoning, bytes) else reasoning
    texts = (cell.decode() if isinstance(cell, bytes) else cell for cell in (text, finish))
    return key, *texts, *middle
