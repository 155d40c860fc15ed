"""What a stored row looks like, and how a damaged one is told from a good one."""

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

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
    reasoning_tokens INTEGER
)
"""
LATER = {"reasoning": "TEXT", "reasoning_tokens": "INTEGER"}
"""Columns that older databases lack, and their types; null where nothing was set apart."""
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
LARGEST = 2**63
SALVAGE_STEP = 256
READ_TEXT_AS = bytes  # SQLite's text_factory: damaged text has to fail its checksum, not to raise

Row = tuple[Any, ...]


def to_row(key: bytes, completion: Completion) -> Row:
    """The row under `key`, signed.

    Raises:
        ValueError: the database can't take it.
    """
    text, finish, prompt_tokens, completion_tokens, reasoning, reasoning_tokens = completion
    counts = (prompt_tokens, completion_tokens, reasoning_tokens or 0)
    if not all(0 <= count < LARGEST for count in counts):
        raise ValueError(f"token counts {', '.join(map(str, counts))}")
    apart = (reasoning or None, reasoning_tokens)
    signature = _checksum(key, text.encode(), finish.encode(), *counts[:2], *_signed(*apart))
    return key, text, finish, prompt_tokens, completion_tokens, signature, *apart


def from_row(row: Row) -> Completion | None:
    """The row's completion, or None where it is damaged: a flipped bit may change any column's
    type as well as its value."""
    key, text, finish, prompt_tokens, completion_tokens, signature, reasoning, tokens = row
    if not (isinstance(key, bytes) and isinstance(text, bytes) and isinstance(finish, bytes)):
        return None
    if not isinstance(reasoning, bytes | None):
        return None
    apart = _signed(reasoning, tokens)
    if _checksum(key, text, finish, prompt_tokens, completion_tokens, *apart) != signature:
        return None
    return Completion(
        text.decode(),
        cast(FinishReason, finish.decode()),
        prompt_tokens,
        completion_tokens,
        (reasoning or b"").decode(),
        tokens,
    )


def _signed(reasoning: str | bytes | None, tokens: object) -> tuple[bytes, ...]:
    """What a checksum covers of reasoning: nothing where there is none, as in rows of old."""
    if reasoning is None and tokens is None:
        return ()
    text = reasoning.encode() if isinstance(reasoning, str) else reasoning or b""
    return (f"\0{tokens}\0{len(text)}\0".encode(), text)


def _checksum(
    key: bytes,
    text: bytes,
    finish: bytes,
    prompt_tokens: object,
    completion_tokens: object,
    *apart: bytes,
) -> bytes:
    """16 bytes over the key and all that is stored under it."""
    digest = hashlib.blake2b(key, digest_size=16)
    digest.update(finish)
    digest.update(f"\0{prompt_tokens}\0{completion_tokens}\0".encode())
    digest.update(text)
    for part in apart:
        digest.update(part)
    return digest.digest()


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


def readable_rows(path: Path) -> Iterator[tuple[bytes, Completion]]:
    """Every undamaged row of a damaged database, stepping over what can't be read."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.text_factory = READ_TEXT_AS
        try:
            (last,) = connection.execute("SELECT max(rowid) FROM responses").fetchone()
            lacking = _lacking(connection)
        except sqlite3.DatabaseError:
            return
        columns = ", ".join((OLDEST, *("NULL" if name in lacking else name for name in LATER)))
        for first in range(1, last + 1 if isinstance(last, int) else 0, SALVAGE_STEP):
            yield from _readable_between(connection, columns, first, first + SALVAGE_STEP - 1)


def _readable_between(
    connection: sqlite3.Connection, columns: str, first: int, last: int
) -> Iterator[tuple[bytes, Completion]]:
    """Halves what can't be read whole, down to the row."""
    query = f"SELECT {columns} FROM responses WHERE rowid BETWEEN ? AND ?"
    try:
        rows = connection.execute(query, (first, last)).fetchall()
    except sqlite3.DatabaseError:
        if first < last:
            middle = (first + last) // 2
            yield from _readable_between(connection, columns, first, middle)
            yield from _readable_between(connection, columns, middle + 1, last)
        return
    for row in rows:
        if (completion := from_row(row)) is not None:
            yield row[0], completion


def readable_marks(path: Path) -> list[tuple[str, bytes]]:
    """What can be read of which answers are fresh, from a damaged database."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        try:
            return connection.execute("SELECT mark, key FROM fresh").fetchall()
        except sqlite3.Error:
            return []
