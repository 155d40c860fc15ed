"""Waiting in tests: for what happens, never for a time, so that no test depends on the machine."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
HANG_SECONDS = 300.0
"""What lasts longer hangs, on however busy a machine."""


def until(found: Callable[[], T]) -> T:
    """Waits for the first value that counts as true; AssertionError where none comes."""
    end = time.monotonic() + HANG_SECONDS
    while not (value := found()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return value


def stored(results: Path, table: str = "responses") -> int:
    """How many answers a store holds, as another process sees it; `fresh` holds marked ones."""
    path = results / ".store" / "responses.sqlite"
    if not path.exists():
        return 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=HANG_SECONDS)
    try:
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    except sqlite3.OperationalError:  # the table is not there yet
        return 0
    finally:
        connection.close()
    return int(count)
