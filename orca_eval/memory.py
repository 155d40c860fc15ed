"""Freed memory goes back to the system, where the C library can (glibc; elsewhere nothing happens).

The texts of a run pass through in blocks of a few MB. What the C library keeps of them, for
allocations of the same kind, would be most of what writing them and the report takes.
"""

import contextlib
import ctypes
import gc
from collections.abc import Iterator

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_SMALL, _LARGE = 256 * 1024, 32 * 1024 * 1024  # bytes


@contextlib.contextmanager
def returned_at_once() -> Iterator[None]:
    """Inside, blocks of 256 KiB and more go back to the system as they are freed.

    By itself glibc raises that bound to 32 MB as soon as such blocks are freed; that is what it is
    set to afterwards, as an engine in this process is faster with blocks that it gets back.
    """
    _keep_below(_SMALL)
    try:
        yield
    finally:
        _keep_below(_LARGE)


def give_back() -> None:
    """Frees what nothing refers to and returns it, small blocks too: 50 MB after 51,752 samples."""
    gc.unfreeze()
    gc.collect()
    _call("malloc_trim", 0)


def _keep_below(size: int) -> None:
    _call("mallopt", _M_MMAP_THRESHOLD, size)
    _call("mallopt", _M_TRIM_THRESHOLD, 2 * size)


def _call(name: str, *arguments: int) -> None:
    """Calls a function of the C library, where it has it."""
    if function := getattr(ctypes.CDLL(None), name, None):
        function(*arguments)
