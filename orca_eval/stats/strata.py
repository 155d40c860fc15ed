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

from orca_eval.types import Aggregate

FloatArray = NDArray[np.float64]
# One name per item, None for an item that shares its passage with no other.
Clusters = NDArray[Any] | None
# One array for each of a benchmark's tasks.
Tasks = Sequence[FloatArray]
TaskClusters = Sequence[Clusters] | None


@dataclass(frozen=True, slots=True)
class Stratum:
    """The units of one stratum, as distinct kinds of unit and how often each occurs.

    `kinds` has a row per kind: the sum of a unit's values for each score, then its items. Units
    that are alike are drawn together, which makes a draw over 14,042 items one over three kinds.
    """

    kinds: FloatArray
    counts: NDArray[np.int64]
    weight: float

    @property
    def units(self) -> int:
        """Number of units resampled: passages, or items where none share one."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        """The first score's mean over the items."""
        totals, *_, sizes = self.kinds.T.copy()
        return float(self.counts @ totals) / float(self.counts @ sizes)

    @property
    def nonzero_units(self) -> int:
        """Units whose values of the first score don't cancel to 0."""
        return int(self.counts[np.abs(self.kinds[:, 0]) > 1e-12].sum())


def strata(
    tasks: Tasks, clusters: TaskClusters = None, aggregate: Aggregate = "pooled"
) -> list[Stratum]:
    """The strata of a score of this kind over tasks, an array of values each."""
    return joint_strata([tasks], clusters, aggregate)


def joint_strata(
    scores: Sequence[Tasks], clusters: TaskClusters, aggregate: Aggregate
) -> list[Stratum]:
    """The strata of several scores of the same items. A cluster may reach over tasks that are
    pooled."""
    values = [[np.asarray(task, dtype=np.float64) for task in tasks] for tasks in scores]
    count = len(values[0])
    names = clusters or [None] * count
    if aggregate == "pooled":
        values = [[np.concatenate(tasks)] for tasks in values]
        names, count = [_pooled_names(clusters, [len(task) for task in scores[0]])], 1
    return [
        Stratum(
            *_kinds([tasks[task] for tasks in values], unit_codes(len(first), own)), 1.0 / count
        )
        for task, (first, own) in enumerate(zip(values[0], names, strict=True))
    ]


def _pooled_names(clusters: TaskClusters, sizes: Sequence[int]) -> Clusters:
    """The cluster of each item of all tasks."""
    if clusters is None or all(names is None for names in clusters):
        return None
    tasks = zip(clusters, sizes, strict=True)
    return np.concatenate([np.full(n, None) if names is None else names for names, n in tasks])


def _kinds(
    values: Sequence[FloatArray], units: NDArray[np.int64]
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Distinct units, a row (total of each of `values`, items), and how often each occurs."""
    if not len(units) or not all(np.isfinite(value).all() for value in values):
        raise ValueError("a stratum needs at least one value, and finite ones only")
    sizes = np.bincount(units).astype(np.float64)
    totals = [np.bincount(units, weights=value).astype(np.float64) for value in values]
    if len(totals) == 1 and sizes.max() == 1:  # quicker than rows
        kinds, counts = np.unique(totals[0], return_counts=True)
        return np.stack([kinds, np.ones(len(kinds))], axis=1), counts
    rows, counts = np.unique(np.stack([*totals, sizes], axis=1), axis=0, return_counts=True)
    return rows, counts


def has_clusters(clusters: TaskClusters, aggregate: Aggregate) -> bool:
    """Whether any two items that are drawn together share a cluster."""
    named = [pd.Series(names, dtype=object) for names in clusters or () if names is not None]
    drawn = [pd.concat(named)] if named and aggregate == "pooled" else named
    return any(names.dropna().duplicated().any() for names in drawn)


def unit_codes(n: int, names: Clusters) -> NDArray[np.int64]:
    """Unit number of each item; an item without a cluster is a unit of its own."""
    if names is None:
        return np.arange(n)
    if len(names) != n:
        raise ValueError(f"{len(names)} cluster names for {n} values")
    codes = pd.factorize(np.asarray(names, dtype=object))[0].astype(np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(int(alone.sum()))
    return codes
