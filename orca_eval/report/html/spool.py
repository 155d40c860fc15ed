"""Chunks of bytes that wait on disk: together they may be larger than the memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path


class Spool:
    """Chunks in the order in which they were added, in a nameless file that ends with the block.

    Raises:
        OSError: `folder` can't be written, or its disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # closed by __exit__
        self._ends = [0]

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, chunk: bytes) -> None:
        """Add a chunk at the end; not while they are read."""
        self._file.write(chunk)
        self._ends.append(self._ends[-1] + len(chunk))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[bytes]:
        for start, end in pairwise(self._ends):
            self._file.seek(start)
            yield self._file.read(end - start)

    @property
    def total(self) -> int:
        """Bytes of all chunks."""
        return self._ends[-1]
