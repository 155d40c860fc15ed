"""Checksums over the keys of a merged file, a range each: a key that is not found is one that is
not there, and none that damage has moved. Rows have their own."""

import hashlib
import itertools
import sqlite3
from collections.abc import Iterable

KEYS_A_SUM = 64
"""About as many as stand in one page, which a lookup reads anyway."""
PREFIX_BYTES = 8
PREFIX_BITS = 8 * PREFIX_BYTES
SCHEMA = "CREATE TABLE key_sums (range INTEGER PRIMARY KEY, sum BLOB)"
OTHER, NONE = b"?", b""
"""What damage made no key, and the sum of a range without keys."""


def write(connection: sqlite3.Connection) -> int:
    """Sums up all keys. Returns how many of a key's first bits tell its range."""
    count: int = connection.execute("SELECT count(*) FROM responses").fetchone()[0]
    bits = max(0, (count // KEYS_A_SUM).bit_length() - 1)
    keys = (key for (key,) in connection.execute("SELECT key FROM responses ORDER BY key"))
    ranges = itertools.groupby(keys, lambda key: range_of(key, bits))
    connection.executemany(
        "INSERT INTO key_sums VALUES (?, ?)", ((place, _sum(found)) for place, found in ranges)
    )
    return bits


def range_of(key: bytes, bits: int) -> int:
    """The number of the range in which the key is."""
    return int.from_bytes(key[:PREFIX_BYTES].ljust(PREFIX_BYTES, b"\0")) >> (PREFIX_BITS - bits)


def holds(connection: sqlite3.Connection, place: int, bits: int) -> bool:
    """Whether the keys found in a range are those that were put there.

    Raises:
        sqlite3.Error: they can't be read.
    """
    first, end = (each << (PREFIX_BITS - bits) for each in (place, place + 1))
    condition, bounds = "key >= ?", [first.to_bytes(PREFIX_BYTES)]
    if end < 1 << PREFIX_BITS:
        condition, bounds = f"{condition} AND key < ?", [*bounds, end.to_bytes(PREFIX_BYTES)]
    keys = connection.execute(f"SELECT key FROM responses WHERE {condition} ORDER BY key", bounds)
    told = connection.execute("SELECT sum FROM key_sums WHERE range = ?", (place,)).fetchone()
    return (told[0] if told else NONE) == _sum(key for (key,) in keys)


def _sum(keys: Iterable[bytes]) -> bytes:
    digest, any_key = hashlib.blake2b(digest_size=8), False
    for key in keys:
        digest.update(key if isinstance(key, bytes) else OTHER)
        any_key = True
    return digest.digest() if any_key else NONE
