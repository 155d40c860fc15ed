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
    checksum BLOB NOT NULL
)
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
COLUMNS = "key, text, finish_reason, prompt_tokens, completion_tokens, checksum"
LARGEST = 2**63
SALVAGE_STEP = 256
READ_TEXT_AS = bytes  # SQLite's text_factory: damaged text has to fail its checksum, not to raise

Row = tuple[Any, ...]


def to_row(key: bytes, completion: Completion) -> Row:
    """The row under `key`, signed.

    Raises:
        ValueError: the database can't take it.
    """
    text, finish, prompt_tokens, completion_tokens = completion
    if not (0 <= prompt_tokens < LARGEST and 0 <= completion_tokens < LARGEST):
        raise ValueError(f"token counts {prompt_tokens} and {completion_tokens}")
    signature = _checksum(key, text.encode(), finish.encode(), prompt_tokens, completion_tokens)
    return key, text, finish, prompt_tokens, completion_tokens, signature


def from_row(row: Row) -> Completion | None:
    """The row's completion, or None where it is damaged: a flipped bit may change any column's
    type as well as its value."""
    key, text, finish, prompt_tokens, completion_tokens, signature = row
    if not (isinstance(key, bytes) and isinstance(text, bytes) and isinstance(finish, bytes)):
        return None
    if _checksum(key, text, finish, prompt_tokens, completion_tokens) != signature:
        return None
    return Completion(
        text.decode(), cast(FinishReason, finish.decode()), prompt_tokens, completion_tokens
    )


def _checksum(
    key: bytes, text: bytes, finish: bytes, prompt_tokens: object, completion_tokens: object
) -> bytes:
    """16 bytes over the key and all that is stored under it."""
    digest = hashlib.blake2b(key, digest_size=16)
    digest.update(finish)
    digest.update(f"\0{prompt_tokens}\0{completion_tokens}\0".encode())
    digest.update(text)
    return digest.digest()


def readable_rows(path: Path) -> Iterator[tuple[bytes, Completion]]:
    """Every undamaged row of a damaged database, stepping over what can't be read."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.text_factory = READ_TEXT_AS
        try:
            (last,) = connection.execute("SELECT max(rowid) FROM responses").fetchone()
        except sqlite3.DatabaseError:
            return
        for first in range(1, last + 1 if isinstance(last, int) else 0, SALVAGE_STEP):
            yield from _readable_between(connection, first, first + SALVAGE_STEP - 1)


def _readable_between(
    connection: sqlite3.Connection, first: int, last: int
) -> Iterator[tuple[bytes, Completion]]:
    """Halves what can't be read whole, down to the row."""
    query = f"SELECT {COLUMNS} FROM responses WHERE rowid BETWEEN ? AND ?"
    try:
        rows = connection.execute(query, (first, last)).fetchall()
    except sqlite3.DatabaseError:
        if first < last:
            middle = (first + last) // 2
            yield from _readable_between(connection, first, middle)
            yield from _readable_between(connection, middle + 1, last)
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
