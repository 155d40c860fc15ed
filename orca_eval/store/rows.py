"""What a stored row looks like, and how a damaged one is told from a good one."""

import contextlib
import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple, cast

from orca_eval.types import Completion, FinishReason

SCHEMA = """
CREATE TABLE IF NOT EXISTS responses (
    key BLOB PRIMARY KEY,
    text TEXT NOT NULL,
    finish_reason TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    checksum BLOB NOT NULL,
    reasoning TEXT,
    reasoning_tokens INTEGER,
    token_ids BLOB,
    kept_tokens INTEGER,
    request BLOB,
    max_tokens INTEGER
)
"""
LATER = {
    "reasoning": "TEXT",
    "reasoning_tokens": "INTEGER",
    "token_ids": "BLOB",
    "kept_tokens": "INTEGER",
    "request": "BLOB",
    "max_tokens": "INTEGER",
}
"""Columns that older databases lack, and their types; null where there is nothing to tell."""
# By which a longer run finds what a shorter one was answered. A table of its own: SQLite takes an
# index that disagrees with a damaged row for a damaged database, and the row could not be replaced.
# Only the signed row tells what a key answers.
REQUESTS_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    request BLOB NOT NULL,
    max_tokens INTEGER NOT NULL,
    key BLOB NOT NULL,
    PRIMARY KEY (request, max_tokens, key)
) WITHOUT ROWID
"""
# Which answers a run that was begun anew has been given since, by the mark of its beginning: row
# numbers are no clock, as a store may be moved, removed or salvaged meanwhile.
FRESH_SCHEMA = """
CREATE TABLE IF NOT EXISTS fresh (
    mark TEXT NOT NULL,
    key BLOB NOT NULL,
    PRIMARY KEY (mark, key)
) WITHOUT ROWID
"""
OLDEST = "key, text, finish_reason, prompt_tokens, completion_tokens, checksum"
COLUMNS = ", ".join((OLDEST, *LATER))
PLACES = ",".join("?" * (COLUMNS.count(",") + 1))
SHORTER = (
    "key = (SELECT key FROM requests WHERE request = ? AND max_tokens < ? "
    "ORDER BY max_tokens DESC LIMIT 1)"
)
"""Of the longest reply to a request with fewer tokens."""
LARGEST = 2**63
SALVAGE_STEP = 256
READ_TEXT_AS = bytes  # SQLite's text_factory: damaged text has to fail its checksum, not to raise

LOOKUP_ROWS = 500
COPIED_ROWS = 256

DAMAGE = (sqlite3.Error, UnicodeDecodeError)
"""What a damaged database raises: the text of its schema, which errors cite, may be no text."""

Row = tuple[Any, ...]
Connect = Callable[[Path], sqlite3.Connection]


class Asked(NamedTuple):
    """What a reply answers: `request` is its key but for `max_tokens`."""

    request: bytes
    max_tokens: int


class Stored(NamedTuple):
    """A reply under its key. Replies of old don't say what they answer."""

    key: bytes
    completion: Completion
    asked: Asked | None = None

    def answers(self, longer: Asked) -> bool:
        """Whether it is the same request's with fewer tokens."""
        asked = self.asked
        return asked is not None and asked.request == longer.request and asked < longer


def to_row(stored: Stored) -> Row:
    """Its row, signed.

    Raises:
        ValueError: the database can't take it.
    """
    key, completion, asked = stored
    text, finish, prompt_tokens, completion_tokens, reasoning, tokens, ids, kept = completion
    counts = (prompt_tokens, completion_tokens, tokens or 0, kept)
    if not all(0 <= count < LARGEST for count in counts):
        raise ValueError(f"token counts {', '.join(map(str, counts))}")
    later = (reasoning or None, tokens, ids or None, kept or None, *(asked or (None, None)))
    signature = _checksum(key, text.encode(), finish.encode(), *counts[:2], *_signed(*later))
    return key, text, finish, prompt_tokens, completion_tokens, signature, *later


def _asked_in(rows: Iterable[Row]) -> Iterator[Row]:
    """What rows of today's columns answer, with their keys."""
    return ((row[-2], row[-1], row[0]) for row in rows if row[-2] is not None)


def write_rows(
    connection: sqlite3.Connection, rows: Sequence[Row], marks: Sequence[tuple[str, bytes]] = ()
) -> None:
    """Writes rows, what they answer, and which of them are fresh: all or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        connection.executemany(
            f"INSERT OR REPLACE INTO responses ({COLUMNS}) VALUES ({PLACES})", rows
        )
        connection.executemany("INSERT OR IGNORE INTO requests VALUES (?, ?, ?)", _asked_in(rows))
        connection.executemany("INSERT OR IGNORE INTO fresh VALUES (?, ?)", marks)


def from_row(row: Row) -> Stored | None:
    """What the row holds, or None where it is damaged: a flipped bit may change any column's type
    as well as its value."""
    key, text, finish, prompt_tokens, completion_tokens, signature, *later = row
    reasoning, tokens, ids, kept, request, max_tokens = later
    if {type(key), type(text), type(finish)} != {bytes}:
        return None
    if not {type(reasoning), type(ids), type(request)} <= {bytes, NoneType}:
        return None
    if (
        _checksum(key, text, finish, prompt_tokens, completion_tokens, *_signed(*later))
        != signature
    ):
        return None
    completion = Completion(
        text.decode(),
        cast(FinishReason, finish.decode()),
        prompt_tokens,
        completion_tokens,
        (reasoning or b"").decode(),
        tokens,
        ids or b"",
        kept or 0,
    )
    return Stored(key, completion, None if request is None else Asked(request, max_tokens))


def _signed(
    reasoning: str | bytes | None,
    tokens: object,
    ids: bytes | None,
    kept: object,
    request: bytes | None,
    max_tokens: object,
) -> Iterator[bytes]:
    """What a checksum covers beyond the oldest columns: nothing of what there is not, as in rows
    of old."""
    if reasoning is not None or tokens is not None:
        text = reasoning.encode() if isinstance(reasoning, str) else reasoning or b""
        yield f"\0{tokens}\0{len(text)}\0".encode()
        yield text
    if ids is not None or kept is not None:
        yield f"\0ids\0{kept}\0{len(ids or b'')}\0".encode()
        yield ids or b""
    if request is not None or max_tokens is not None:
        yield f"\0asked\0{max_tokens}\0".encode()
        yield request or b""


def _checksum(
    key: bytes,
    text: bytes,
    finish: bytes,
    prompt_tokens: object,
    completion_tokens: object,
    *apart: bytes,
) -> bytes:
    """16 bytes over the key and all that is stored under it."""
    counts = f"\0{prompt_tokens}\0{completion_tokens}\0".encode()
    signed = b"".join((key, finish, counts, text, *apart))
    return hashlib.blake2b(signed, digest_size=16).digest()


def add_columns(connection: sqlite3.Connection) -> None:
    """Gives the columns of today to a database that an older version made."""
    if not _lacking(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        for name in _lacking(connection):  # another run may have been first
            connection.execute(f"ALTER TABLE responses ADD COLUMN {name} {LATER[name]}")


def _lacking(connection: sqlite3.Connection) -> list[str]:
    found = {row[1] for row in connection.execute("PRAGMA table_info(responses)")}
    return [name for name in LATER if name.encode() not in found]


def columns_of(connection: sqlite3.Connection) -> str:
    """Today's columns, null for those that an older database lacks, as a query's list."""
    lacking = _lacking(connection)
    return ", ".join((OLDEST, *("NULL" if name in lacking else name for name in LATER)))


def connect_frozen(path: Path) -> sqlite3.Connection:
    """A connection to a file that nobody changes: it takes no lock and looks for no log."""
    uri = f"{path.absolute().as_uri()}?immutable=1"
    return sqlite3.connect(uri, uri=True, check_same_thread=False)


def readable_rows(path: Path, connect: Connect = sqlite3.connect) -> Iterator[Stored]:
    """Every undamaged row of a damaged database, stepping over what can't be read."""
    with contextlib.closing(connect(path)) as connection:
        connection.text_factory = READ_TEXT_AS
        try:
            (last,) = connection.execute("SELECT max(rowid) FROM responses").fetchone()
            columns = columns_of(connection)
        except DAMAGE:
            return
        seen = set()
        for first in range(1, last + 1 if isinstance(last, int) else 0, SALVAGE_STEP):
            end = first + SALVAGE_STEP - 1
            for stored in _readable_between(connection, columns, first, end):
                seen.add(stored.key)
                yield stored
        for key in _indexed(connection) - seen:
            with contextlib.suppress(*DAMAGE):
                query = f"SELECT {columns} FROM responses WHERE key = ?"
                for row in connection.execute(query, [key]).fetchall():
                    if (found := from_row(row)) is not None:
                        yield found


def _indexed(connection: sqlite3.Connection) -> set[bytes]:
    """The keys that their index leads to, from either end up to what can't be read: it finds rows
    that the table's own order does not."""
    keys: set[bytes] = set()
    for order in ("ASC", "DESC"):
        with contextlib.suppress(*DAMAGE):
            for (key,) in connection.execute(f"SELECT key FROM responses ORDER BY key {order}"):
                keys.add(key)
    return keys


def _readable_between(
    connection: sqlite3.Connection, columns: str, first: int, last: int
) -> Iterator[Stored]:
    """Halves what can't be read whole, down to the row."""
    query = f"SELECT {columns} FROM responses WHERE rowid BETWEEN ? AND ?"
    try:
        rows = connection.execute(query, (first, last)).fetchall()
    except DAMAGE:
        if first < last:
            middle = (first + last) // 2
            yield from _readable_between(connection, columns, first, middle)
            yield from _readable_between(connection, columns, middle + 1, last)
        return
    for row in rows:
        if (stored := from_row(row)) is not None:
            yield stored


def readable_marks(path: Path, connect: Connect = sqlite3.connect) -> list[tuple[str, bytes]]:
    """What can be read of which answers are fresh, from a damaged database."""
    with contextlib.closing(connect(path)) as connection:
        try:
            return connection.execute("SELECT mark, key FROM fresh").fetchall()
        except DAMAGE:
            return []
