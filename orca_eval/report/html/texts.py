"""A run's prompts and responses, read from its samples a few row groups at a time: whole columns
of them would take most of the memory that a report needs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from orca_eval.report.runs import Run, readable

TEXT_COLUMNS = ["prompt", "response"]


class Texts:
    """The columns `prompt` and `response` of a run.

    Raises:
        InputError: the file is damaged.
    """

    def __init__(self, run: Run) -> None:
        self._path = run.samples_path
        with readable(self._path), pq.ParquetFile(self._path) as file:
            self._metadata = file.metadata
        groups = range(self._metadata.num_row_groups)
        sizes = [self._metadata.row_group(group).num_rows for group in groups]
        self._starts = np.cumsum([0, *sizes])
        self._held: tuple[int, int, pa.Table] | None = None

    def rows(self, rows: NDArray[np.int64]) -> pa.Table:
        """These rows in this order; quick where they lie near each other."""
        if not len(rows):
            return self._groups(0, 0)
        first, last = np.searchsorted(self._starts, [rows.min(), rows.max()], side="right") - 1
        table = self._groups(int(first), int(last) + 1)
        return table.take(pa.array(rows - self._starts[first]))

    def _read(self, groups: Sequence[int]) -> pa.Table:
        with readable(self._path), pq.ParquetFile(self._path, metadata=self._metadata) as file:
            return file.read_row_groups(list(groups), columns=TEXT_COLUMNS)

    def _groups(self, first: int, end: int) -> pa.Table:
        if self._held is None or self._held[:2] != (first, end):
            self._held = None  # before the next are read
            self._held = (first, end, self._read(range(first, end)).combine_chunks())
        return self._held[2]
