"""Paired intervals of a relative improvement: both scores resampled on the same documents."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orca_eval.stats.bootstrap import AMPLE, DRAWS, resampled
from orca_eval.stats.spread import CHANGE, Scale, Spread, mean_of_spreads, spread_of
from orca_eval.stats.strata import FloatArray, TaskClusters, Tasks, joint_strata, strata
from orca_eval.types import Aggregate


@dataclass(frozen=True, slots=True)
class PairedDraws:
    """Two scores (shares of 1), their joint bootstrap draws, of shape (draws,) each, and the spread
    of candidate minus baseline."""

    baseline: float
    candidate: float
    baseline_draws: FloatArray
    candidate_draws: FloatArray
    change: Spread

    @property
    def improvement(self) -> float | None:
        """Relative improvement in percent; None over a baseline of 0."""
        return 100 * (self.candidate / self.baseline - 1) if self.baseline > 0 else None

    def interval(self) -> tuple[float, float] | None:
        """95 % percentile interval of the improvement in percent (Efron and Tibshirani, ch. 13).

        Where few documents changed, it reaches at least as far as the change's own interval over
        the baseline: documents that are all alike are no certainty. None where a draw's baseline
        is 0 or the units are too few: the ratio has no bounds.
        """
        if not (self.baseline_draws > 0).all():
            return None
        ratios = self.candidate_draws / self.baseline_draws
        low, high = (float(end) for end in np.quantile(100 * (ratios - 1), [0.025, 0.975]))
        if self.change.evidence >= AMPLE:
            return low, high
        change = self.change.interval()
        if math.isnan(change.low):
            return None
        ends = 100 * change.low / self.baseline, 100 * change.high / self.baseline
        return min(low, ends[0]), max(high, ends[1])


def ratio_values(shares: FloatArray, weights: FloatArray) -> FloatArray:
    """Values for a ratio of sums, of documents' shares of something and how much that is: their
    plain mean is the ratio, and vary as it does (Taylor's linearisation; Särndal, Swensson and
    Wretman 1992, sec. 5.6). What takes means of documents takes these.
    """
    ratio = float(shares @ weights / weights.sum())
    values: FloatArray = ratio + (shares - ratio) * weights / weights.mean()
    return values


def paired_ratio(
    baseline: Tasks,
    candidate: Tasks,
    clusters: TaskClusters = None,
    aggregate: Aggregate = "pooled",
    *,
    seed: int = 0,
    draws: int = DRAWS,
    scale: Scale = CHANGE,
) -> PairedDraws:
    """Resamples the documents of both sides together; each sequence holds one array per task.

    `scale` is that of a document's change.
    """
    rng = np.random.default_rng(seed)
    means, drawn = np.zeros(2), np.zeros((2, draws))
    for stratum in joint_strata([baseline, candidate], clusters, aggregate):
        totals = stratum.counts @ stratum.kinds
        means += stratum.weight * totals[:2] / totals[2]
        drawn += stratum.weight * resampled(stratum, rng, draws)
    changes = [np.asarray(c) - np.asarray(b) for b, c in zip(baseline, candidate, strict=True)]
    spread = spread_of(strata(changes, clusters, aggregate), scale)
    return PairedDraws(float(means[0]), float(means[1]), drawn[0], drawn[1], spread)


def average_draws(parts: Sequence[PairedDraws]) -> PairedDraws:
    """The unweighted mean of independently drawn benchmarks."""
    return PairedDraws(
        float(np.mean([part.baseline for part in parts])),
        float(np.mean([part.candidate for part in parts])),
        np.mean([part.baseline_draws for part in parts], axis=0),
        np.mean([part.candidate_draws for part in parts], axis=0),
        mean_of_spreads([part.change for part in parts]),
    )
