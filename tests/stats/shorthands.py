"""The statistics of the package under short names, and the two-sided test that books print."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orca_eval import stats
from orca_eval.stats.strata import Stratum, TaskClusters, Tasks
from orca_eval.types import Aggregate


def pooled(tasks: Tasks, clusters: TaskClusters = None) -> list[Stratum]:
    return stats.strata(tasks, clusters, "pooled")


def mean_of_tasks(tasks: Tasks, clusters: TaskClusters = None) -> list[Stratum]:
    return stats.strata(tasks, clusters, "mean_of_tasks")


def score_interval(
    tasks: Tasks, clusters: TaskClusters = None, aggregate: Aggregate = "pooled", seed: int = 0
) -> stats.Interval:
    """As a run's scores get theirs."""
    exact = stats.exact_interval(tasks, clusters, aggregate)
    return exact or stats.bootstrap(stats.strata(tasks, clusters, aggregate), seed).interval()


def mcnemar_two_sided(losses: int, gains: int) -> NDArray[np.float64]:
    """Twice the smaller tail, at most 1."""
    tails: list[ArrayLike] = [
        stats.mcnemar_one_sided(losses, gains),
        stats.mcnemar_one_sided(gains, losses),
    ]
    return np.minimum(1.0, 2.0 * np.minimum(*tails))
