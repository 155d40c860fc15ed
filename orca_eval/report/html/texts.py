"""A run's prompts and responses, read from its samples a few row groups at a time: whole columns
of them would take most of the memory that a report needs."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from orca_eval.results.run import Run
from orca_eval.results.samples import open_samples

TEXT_COLUMNS = ["prompt", "response"]


class Texts:
    """The columns `prompt` and `response` of a run.

    Raises:
        InputError: the file is damaged.
    """

    def __init__(self, run: Run) -> None:
        self._path = run.samples_path
        with open_samples(self._path) as file:
            self._starts = np.cumsum([0, *file.sizes])
        self._held: tuple[int, int, pa.Table] | None = None

    def rows(self, rows: NDArray[np.int64]) -> pa.Table:
        """These rows in this order; quick where they lie near each other."""
        if not len(rows):
            return pa.table({name: pa.array([], pa.large_string()) for name in TEXT_COLUMNS})
        first, last = np.searchsorted(self._starts, [rows.min(), rows.max()], side="right") - 1
        if self._held is None or self._held[:2] != (first, last):
            self._held = None  # before the next are read
            with open_samples(self._path) as file:
                groups = (file.group(group, TEXT_COLUMNS) for group in range(first, last + 1))
                self._held = first, last, pa.concat_tables(groups).combine_chunks()
        return self._held[2].take(pa.array(rows - self._starts[first]))
