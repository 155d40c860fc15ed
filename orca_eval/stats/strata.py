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


def pooled(tasks: Tasks, clusters: TaskClusters = None) -> list[Stratum]:
    """All items of all tasks as one stratum."""
    return strata(tasks, clusters, "pooled")


def mean_of_tasks(tasks: Tasks, clusters: TaskClusters = None) -> list[Stratum]:
    """One stratum per task, each of weight 1 / number of tasks."""
    return strata(tasks, clusters, "mean_of_tasks")


def strata(
    tasks: Tasks, clusters: TaskClusters = None, aggregate: Aggregate = "pooled"
) -> list[Stratum]:
    """The strata of a score of this kind over tasks, an array of values each."""
    values = [np.asarray(task, dtype=np.float64) for task in tasks]
    found = []
    for units, weight in strata_units(list(map(len, values)), clusters, aggregate):
        every = np.concatenate([values[task] for task in units])
        if not len(every) or not np.isfinite(every).all():
            raise ValueError("a stratum needs at least one value, and finite ones only")
        rows, counts = kinds_of_unit([every], np.concatenate(list(units.values())))
        found.append(Stratum(rows[:, 0].copy(), rows[:, 1].copy(), counts, weight))
    return found


def strata_units(
    sizes: Sequence[int], clusters: TaskClusters, aggregate: Aggregate
) -> list[tuple[dict[int, NDArray[np.int64]], float]]:
    """The strata of tasks of these sizes: unit numbers of each task's items, and the weight.

    A cluster never reaches over two tasks.
    """
    names = clusters or [None] * len(sizes)
    codes = [_codes(n, task_names) for n, task_names in zip(sizes, names, strict=True)]
    if aggregate == "mean_of_tasks":
        return [({task: units}, 1.0 / len(sizes)) for task, units in enumerate(codes)]
    firsts = np.cumsum([0, *(int(units.max(initial=-1)) + 1 for units in codes)])
    return [({task: units + firsts[task] for task, units in enumerate(codes)}, 1.0)]


def kinds_of_unit(
    values: Sequence[FloatArray], units: NDArray[np.int64]
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Distinct units, a row (total of each of `values`, items), and how often each occurs."""
    sizes = np.bincount(units).astype(np.float64)
    totals = [np.bincount(units, weights=value).astype(np.float64) for value in values]
    if len(totals) == 1 and sizes.max() == 1:  # quicker than rows
        kinds, counts = np.unique(totals[0], return_counts=True)
        return np.stack([kinds, np.ones(len(kinds))], axis=1), counts
    rows, counts = np.unique(np.stack([*totals, sizes], axis=1), axis=0, return_counts=True)
    return rows, counts


def has_clusters(clusters: TaskClusters) -> bool:
    """Whether any two items share a cluster."""
    return any(
        names is not None and pd.Series(names).dropna().duplicated().any()
        for names in clusters or ()
    )


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
