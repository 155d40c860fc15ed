"""Chooses interval and test by what the number is: the interval belongs to the number shown."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import bdtr

from orca_eval.stats.bootstrap import DRAWS, Draws, bootstrap
from orca_eval.stats.proportion import Interval, mcnemar_one_sided, newcombe_paired, score_interval
from orca_eval.stats.spread import CHANGE, Scale
from orca_eval.stats.strata import FloatArray, TaskClusters, Tasks, has_clusters, strata
from orca_eval.types import Aggregate

EXACT_PAIRED = "exact McNemar"
EXACT_FIXED = "exact binomial"


@dataclass(frozen=True, slots=True)
class Difference:
    """Baseline minus candidate, as shares of 1: a drop is positive.

    `p` is one-sided, for "the candidate is not worse". `p_unclustered` is given where items share
    passages: the p that ignores it. `draws` is the bootstrap of the difference, for averages.
    `losses` and `gains` count the pairs that got worse and better, None where nothing is paired;
    `right_both` counts the pairs right on both sides, None where scores are not right or wrong.
    """

    baseline: float
    candidate: float
    n: int
    method: str
    p: float
    p_unclustered: float | None
    draws: Draws
    losses: int | None = None
    gains: int | None = None
    right_both: int | None = None

    @property
    def difference(self) -> float:
        """Baseline minus candidate."""
        return self.draws.estimate

    def interval(self, level: float = 0.95) -> Interval:
        """Newcombe's interval beside McNemar's test, Wilson's beside the exact binomial test, else
        that of the units' variance.
        """
        if self.method == EXACT_FIXED:
            score = score_interval(self.candidate, self.n, level)
            low, high = self.baseline - score.high, self.baseline - score.low
            return Interval(self.difference, low, high, level)
        if self.method == EXACT_PAIRED:
            both, losses, gains = self.right_both or 0, self.losses or 0, self.gains or 0
            return newcombe_paired(both, losses, gains, self.n - both - losses - gains, level)
        return self.draws.interval(level)


def exact_interval(
    tasks: Tasks,
    clusters: TaskClusters = None,
    aggregate: Aggregate = "pooled",
    *,
    level: float = 0.95,
) -> Interval | None:
    """Wilson's interval for a pooled proportion of independent right-or-wrong items; None for what
    needs the variance of units: means of task means, items that share passages, graded scores.
    """
    if aggregate != "pooled" or has_clusters(clusters, aggregate):
        return None
    values = _joined(tasks)
    return score_interval(float(values.mean()), len(values), level) if _is_binary(values) else None


def paired_difference(
    baseline: Tasks,
    candidate: Tasks,
    clusters: TaskClusters = None,
    aggregate: Aggregate = "pooled",
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> Difference:
    """Tests whether the candidate is worse, on item scores paired within each task.

    Exact McNemar for a pooled proportion of independent right-or-wrong items, else the paired
    bootstrap, stratified by task for a mean of task means, clusters resampled as a whole.
    """
    changes = [
        np.asarray(b, dtype=np.float64) - np.asarray(c, dtype=np.float64)
        for b, c in zip(baseline, candidate, strict=True)
    ]
    change = _joined(changes)
    losses, gains = int((change > 0).sum()), int((change < 0).sum())
    binary = aggregate == "pooled" and _is_binary(_joined([*baseline, *candidate]))
    exact = EXACT_PAIRED, float(mcnemar_one_sided(losses, gains)) if binary else None
    before = _score(baseline, aggregate)
    resampled = bootstrap(strata(changes, clusters, aggregate), seed, draws, CHANGE)
    found = _difference(before, candidate, resampled, clusters, aggregate, exact)
    if found.p_unclustered is None and has_clusters(clusters, aggregate):
        unclustered = bootstrap(strata(changes, None, aggregate), seed, draws, CHANGE)
        found = replace(found, p_unclustered=unclustered.p_greater())
    right_both = int(_joined(candidate)[change == 0].sum()) if binary else None
    return replace(found, losses=losses, gains=gains, right_both=right_both)


def difference_from_fixed(
    fixed: float,
    candidate: Tasks,
    clusters: TaskClusters = None,
    aggregate: Aggregate = "pooled",
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> Difference:
    """Tests whether the candidate is below a score taken as fixed, such as a published one.

    The same choice as for pairs, with the exact binomial test in McNemar's place (Clopper and
    Pearson 1934). The fixed score's own error is not in it.
    """
    values = _joined(candidate)
    binary = aggregate == "pooled" and _is_binary(values)
    p = float(bdtr(round(float(values.sum())), len(values), fixed)) if binary else None
    shortfall = [fixed - np.asarray(task, dtype=np.float64) for task in candidate]
    # The shortfall lies as far below the fixed score as the candidate's score above 0.
    scale = Scale(fixed, above=0.0, below=1.0)
    resampled = bootstrap(strata(shortfall, clusters, aggregate), seed, draws, scale)
    return _difference(fixed, candidate, resampled, clusters, aggregate, (EXACT_FIXED, p))


def two_sided_p(found: Difference) -> float:
    """The p for "the two are alike": twice the smaller of the two one-sided ones, at most 1."""
    if found.method == EXACT_PAIRED:
        other = float(mcnemar_one_sided(found.gains or 0, found.losses or 0))
    else:
        draws = found.draws
        turned = replace(draws, estimate=-draws.estimate, deviations=-draws.deviations)
        other = turned.p_greater()
    return min(1.0, 2 * min(found.p, other))


def _difference(
    baseline: float,
    candidate: Tasks,
    resampled: Draws,
    clusters: TaskClusters,
    aggregate: Aggregate,
    exact: tuple[str, float | None],
) -> Difference:
    """By the exact test (name and p) where there is one, unless that would ignore the clusters."""
    clustered = has_clusters(clusters, aggregate)
    method, p = exact
    p_unclustered = None
    if p is None or clustered:
        stratified = "stratified " if aggregate == "mean_of_tasks" else ""
        method = f"{stratified}{'cluster ' if clustered else ''}bootstrap"
        p, p_unclustered = resampled.p_greater(), p
    return Difference(
        baseline=baseline,
        candidate=_score(candidate, aggregate),
        n=sum(map(len, candidate)),
        method=method,
        p=p,
        p_unclustered=p_unclustered,
        draws=resampled,
    )


def _score(tasks: Tasks, aggregate: Aggregate) -> float:
    if aggregate == "mean_of_tasks":
        return float(np.mean([np.mean(task) for task in tasks]))
    return float(_joined(tasks).mean())


def _joined(tasks: Tasks) -> FloatArray:
    return np.concatenate([np.asarray(task, dtype=np.float64) for task in tasks])


def _is_binary(values: FloatArray) -> bool:
    return bool(np.isin(values, (0.0, 1.0)).all())
