"""A score as a weighted sum of ratio means: strata, and in each stratum the units resampled.

Pooled accuracy is one stratum; a mean of task means has one stratum of equal weight per task. A
unit is a passage with all its items, or one item.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
# One name per item, None for an item that shares its passage with no other.
Clusters = NDArray[Any] | None


@dataclass(frozen=True, slots=True)
class Stratum:
    """The units of one stratum, as distinct kinds of unit and how often each occurs.

    `totals` (sum of the unit's values) and `sizes` (its items) have the shape of `counts`. Units
    that are alike are drawn together, which makes a draw over 14,042 items one over three kinds.
    """

    totals: FloatArray
    sizes: FloatArray
    counts: NDArray[np.int64]
    weight: float

    @property
    def units(self) -> int:
        """Number of units resampled: passages, or items where none share one."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        """Mean over the items."""
        return float(self.counts @ self.totals) / float(self.counts @ self.sizes)

    @property
    def nonzero_units(self) -> int:
        """Units whose values don't cancel to 0."""
        return int(self.counts[np.abs(self.totals) > 1e-12].sum())


def pooled(
    tasks: Sequence[FloatArray], clusters: Sequence[Clusters] | None = None
) -> list[Stratum]:
    """All items of all tasks as one stratum; a cluster never reaches over two tasks."""
    values = np.concatenate([np.asarray(task, dtype=np.float64) for task in tasks])
    codes, first = [], 0
    for task, names in zip(tasks, _clusters(tasks, clusters), strict=True):
        task_codes = _codes(len(task), names) + first
        first = int(task_codes.max(initial=first - 1)) + 1
        codes.append(task_codes)
    return [_stratum(values, np.concatenate(codes), 1.0)]


def mean_of_tasks(
    tasks: Sequence[FloatArray], clusters: Sequence[Clusters] | None = None
) -> list[Stratum]:
    """One stratum per task, each of weight 1 / number of tasks."""
    return [
        _stratum(np.asarray(task, dtype=np.float64), _codes(len(task), names), 1.0 / len(tasks))
        for task, names in zip(tasks, _clusters(tasks, clusters), strict=True)
    ]


def has_clusters(clusters: Sequence[Clusters] | None) -> bool:
    """Whether any two items share a cluster."""
    return any(
        names is not None and pd.Series(names).dropna().duplicated().any()
        for names in clusters or ()
    )


def _clusters(
    tasks: Sequence[FloatArray], clusters: Sequence[Clusters] | None
) -> Sequence[Clusters]:
    return [None] * len(tasks) if clusters is None else clusters


def _codes(n: int, names: Clusters) -> NDArray[np.int64]:
    """Unit number of each item; an item without a cluster is a unit of its own."""
    if names is None:
        return np.arange(n)
    if len(names) != n:
        raise ValueError(f"{len(names)} cluster names for {n} values")
    codes = pd.factorize(np.asarray(names, dtype=object))[0].astype(np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(int(alone.sum()))
    return codes


def _stratum(values: FloatArray, codes: NDArray[np.int64], weight: float) -> Stratum:
    if not len(values) or not np.isfinite(values).all():
        raise ValueError("a stratum needs at least one value, and finite ones only")
    totals: FloatArray = np.bincount(codes, weights=values).astype(np.float64)
    sizes = np.bincount(codes).astype(np.float64)
    if sizes.max() == 1:
        kinds, counts = np.unique(totals, return_counts=True)
        return Stratum(kinds, np.ones(len(kinds)), counts, weight)
    pairs, counts = np.unique(np.stack([totals, sizes], axis=1), axis=0, return_counts=True)
    return Stratum(pairs[:, 0].copy(), pairs[:, 1].copy(), counts, weight)
