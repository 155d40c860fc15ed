"""Stratified and clustered bootstrap by multinomial draws: one process, bounded memory."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from orca_eval.stats.proportion import Interval
from orca_eval.stats.spread import SHARE, Scale, Spread, mean_of_spreads, spread_of
from orca_eval.stats.strata import FloatArray, Stratum

DRAWS = 10_000
# Counts held at once: a million int64 are 8 MB.
_CHUNK = 1_000_000
# Two sums of the same fractions in another order differ by rounding; this is far below one item.
_TIE = 1e-12
# Evidence (`Share`) from which the draws are as sure as the units' variance.
AMPLE = 20


@dataclass(frozen=True, slots=True)
class Draws:
    """An estimate and its bootstrap distribution, as deviations of shape (draws,).

    `informative` counts the units whose values are not 0: the pairs of units that differ at all.
    `spread` has the interval where few units differ: the draws of units alike have no width.
    """

    estimate: float
    deviations: FloatArray
    informative: int
    spread: Spread

    @property
    def standard_error(self) -> float:
        """Standard deviation over the draws."""
        return float(self.deviations.std())

    def interval(self, level: float = 0.95) -> Interval:
        """Percentile interval (Efron and Tibshirani 1993, ch. 13) where evidence is ample, else
        that of the units' variance; NaN where the units are too few for either.
        """
        if self.spread.evidence < AMPLE:
            return replace(self.spread.interval(level), estimate=self.estimate)
        tail = (1.0 - level) / 2.0
        low, high = self.estimate + np.quantile(self.deviations, [tail, 1.0 - tail])
        return Interval(self.estimate, float(low), float(high), level)

    def p_greater(self) -> float:
        """One-sided p for "the true value is at most 0", for an estimate of a difference.

        The draws are moved to the null (Hall and Wilson 1991, Biometrics 47:757) and the observed
        value counts as one of them (Davison and Hinkley 1997, sec. 4.4). Never below 2^-k for k
        informative units, the least p of a sign-flip test: few units can't show much, however
        alike they are. 1 where a stratum has a single unit and the spread can't be known.
        """
        if not np.isfinite(self.deviations).all():
            return 1.0
        beyond = int((self.deviations >= self.estimate - _TIE).sum())
        p = (1 + beyond) / (1 + len(self.deviations))
        return max(p, 0.5**self.informative)


def bootstrap(
    strata: Sequence[Stratum], seed: int = 0, draws: int = DRAWS, scale: Scale = SHARE
) -> Draws:
    """Resamples the units of every stratum with replacement; `scale` is that of the values.

    A stratum of m units is drawn m - 1 at a time, which makes the bootstrap variance of its mean
    unbiased; m at a time is too narrow by (m - 1)/m, which shows where passages are few (Rao and
    Wu 1988, JASA 83:231). A single unit has no spread to estimate: its deviations are NaN.
    """
    rng = np.random.default_rng(seed)
    deviations = np.zeros(draws)
    for stratum in strata:
        (means,) = resampled(stratum, rng, draws)
        deviations += stratum.weight * (means - stratum.mean)
    return Draws(
        sum(s.weight * s.mean for s in strata),
        deviations,
        sum(s.nonzero_units for s in strata),
        spread_of(strata, scale),
    )


def seed_of(benchmark: str) -> int:
    """A seed by which a benchmark is drawn alike whatever else is, and independently of others."""
    return zlib.crc32(benchmark.encode())


def mean_of_draws(parts: Sequence[Draws]) -> Draws:
    """The unweighted mean of independently drawn estimates, as in an average of benchmarks."""
    return Draws(
        float(np.mean([part.estimate for part in parts])),
        np.mean([part.deviations for part in parts], axis=0),
        sum(part.informative for part in parts),
        mean_of_spreads([part.spread for part in parts]),
    )


def resampled(stratum: Stratum, rng: np.random.Generator, draws: int) -> FloatArray:
    """Resampled means of one stratum, of shape (scores, draws)."""
    means = np.full((stratum.kinds.shape[1] - 1, draws), np.nan)
    if stratum.units == 1:
        return means
    step, shares = max(1, _CHUNK // len(stratum.counts)), stratum.counts / stratum.units
    for start in range(0, draws, step):
        drawn = rng.multinomial(stratum.units - 1, shares, size=min(step, draws - start))
        *totals, sizes = (drawn @ stratum.kinds).T
        means[:, start : start + step] = totals / sizes
    return means
