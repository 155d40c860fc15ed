"""How far a mean of scores may be off, also where all units are alike: intervals that have a width.

A mean on a bounded scale is as uncertain as a proportion of so many independent items, its
effective size (Kish 1965; Korn and Graubard 1998, Surv. Methodol. 24:193): what the mean's variance
says, at Student's t of its degrees of freedom. Where few units differ, that variance says too
little, and the largest one that a unit's items can give it counts as well.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri, stdtrit

from orca_eval.stats.proportion import Interval, score_interval, square_and_add
from orca_eval.stats.strata import FloatArray, Stratum

# Below so many passages, how alike a passage's items are is a guess: no interval.
LEAST_UNITS = 8


@dataclass(frozen=True, slots=True)
class Scale:
    """From where values are counted, and how far above and below it they may lie."""

    origin: float = 0.0
    above: float = 1.0
    below: float = 0.0


SHARE = Scale()
CHANGE = Scale(below=1.0)


@dataclass(frozen=True, slots=True)
class Share:
    """A mean between 0 and 1 and its spread.

    `variance` is the mean's, unbiased, with `freedom` degrees (Satterthwaite's). `units` is how
    many independent items it is worth at least, if all items of a unit are alike. `evidence` counts
    what its variance rests on: the units that are not as most in their stratum, and of a score at
    most the whole units that would make up its rarer outcome (single wrong answers say little
    about passages that go wrong as a whole). `spare` counts units beyond one in each stratum, NaN
    where a stratum is a single unit; `shared` says whether items share units.
    """

    value: float
    variance: float
    freedom: float
    units: float
    evidence: float
    spare: float
    shared: bool

    @property
    def enough(self) -> bool:
        """Whether there are units enough for an interval."""
        return self.spare + 1 >= (LEAST_UNITS if self.shared else 2)

    def effective_size(self, level: float) -> float:
        """The independent items that would give an interval as wide.

        What a unit's items could do if all were alike fades as (evidence + 1)^-2, faster than the
        variance's own error.
        """
        known, full = 0.0, self.value * (1.0 - self.value)
        if full > 0.0 and self.variance > 0.0:
            tail = (1.0 + level) / 2.0
            known = self.variance / full * float(stdtrit(self.freedom, tail) / ndtri(tail)) ** 2
        return 1.0 / (known + 1.0 / (self.units * (self.evidence + 1.0) ** 2))

    def interval(self, level: float) -> Interval:
        """Interval of the mean: a proportion's at the effective size."""
        return score_interval(self.value, self.effective_size(level), level)


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean on its scale, as what lies above the scale's origin minus what lies below.

    A score lies above only; a change has gains and losses. `covariance` is that of both shares.
    `evidence` is the shares' together, at most their variances' degrees of freedom, and the least
    of the benchmarks of an average.
    """

    scale: Scale
    above: Share
    below: Share
    covariance: float
    evidence: float

    def interval(self, level: float = 0.95) -> Interval:
        """Interval of the mean, by square-and-add of both sides; NaN where units are too few."""
        sides = (self.above, self.scale.above), (self.below, self.scale.below)
        up, down = (_stretched(share.interval(level), by) for share, by in sides)
        spreads = math.sqrt(self.above.variance * self.below.variance)
        likeness = max(-1.0, min(1.0, self.covariance / spreads)) if spreads else 0.0
        found = square_and_add(up, down, likeness)
        low, high = self.scale.origin + found.low, self.scale.origin + found.high
        if not self.above.enough:
            low = high = math.nan
        return Interval(self.scale.origin + found.estimate, low, high, level)


def _stretched(share: Interval, by: float) -> Interval:
    return Interval(share.estimate * by, share.low * by, share.high * by, share.level)


def spread_of(strata: Sequence[Stratum], scale: Scale) -> Spread:
    """The spread of a score over strata; values beyond the scale stretch it."""
    units = [stratum.kinds[:, 0] / stratum.kinds[:, -1] - scale.origin for stratum in strata]
    above = max(scale.above, *(float(values.max()) for values in units))
    below = max(scale.below, *(float(-values.min()) for values in units))
    scored = not (above and below)
    ups, downs = (
        [
            _part(stratum, np.maximum(sign * values, 0.0) / (width or 1.0), scored)
            for stratum, values in zip(strata, units, strict=True)
        ]
        for sign, width in ((1, above), (-1, below))
    )
    covariance = sum(
        s.weight**2 * _covariance(s, up.errors, down.errors)
        for s, up, down in zip(strata, ups, downs, strict=True)
    )
    weights = [stratum.weight for stratum in strata]
    up, down = (_sum([part.share for part in parts], weights) for parts in (ups, downs))
    evidence = min(up.evidence + down.evidence, up.freedom, down.freedom)
    return Spread(Scale(scale.origin, above, below), up, down, covariance, evidence)


@dataclass(frozen=True, slots=True)
class _Part:
    """A stratum's share, and how much each kind of unit moves it."""

    share: Share
    errors: FloatArray


def _part(stratum: Stratum, places: FloatArray, scored: bool) -> _Part:
    """A stratum's ratio mean of places between 0 and 1, one for each kind of unit, linearised."""
    counts, sizes = stratum.counts, stratum.kinds[:, -1]
    items = float(counts @ sizes)
    value = float(counts @ (places * sizes)) / items
    errors = (places - value) * sizes * (stratum.units / items)
    units = items**2 / float(counts @ sizes**2)
    rarer = units * min(value, 1.0 - value)
    _, kinds = np.unique(places.round(12), return_inverse=True)
    unlike = stratum.units - float(np.bincount(kinds, weights=counts).max())
    return _Part(
        Share(
            value=value,
            variance=_covariance(stratum, errors, errors),
            freedom=stratum.units - 1,
            units=units,
            evidence=min(unlike, rarer) if scored else unlike,
            spare=stratum.units - 1 or math.nan,
            shared=bool(sizes.max() > 1),
        ),
        errors,
    )


def _covariance(stratum: Stratum, one: FloatArray, two: FloatArray) -> float:
    """Covariance of two means from the errors of the units."""
    m = stratum.units
    return float(stratum.counts @ (one * two)) / (m * (m - 1)) if m > 1 else 0.0


def _sum(shares: Sequence[Share], weights: Sequence[float]) -> Share:
    """The sum of independent shares by weights that sum to 1."""
    parts = [w**2 * share.variance for share, w in zip(shares, weights, strict=True)]
    variance, spare = sum(parts), sum(share.spare for share in shares)
    squares = sum(
        part**2 / share.freedom for part, share in zip(parts, shares, strict=True) if part
    )
    # Rounding must not leave 0 and 1.
    value = round(sum(w * share.value for share, w in zip(shares, weights, strict=True)), 12)
    return Share(
        value=value,
        variance=variance,
        freedom=variance**2 / squares if squares else spare,
        units=min(share.units / w for share, w in zip(shares, weights, strict=True) if w),
        evidence=sum(share.evidence for share in shares),
        spare=spare,
        shared=any(share.shared for share in shares),
    )


def mean_of_spreads(spreads: Sequence[Spread]) -> Spread:
    """The spread of the unweighted mean of independent scores, as of an average of benchmarks."""
    above, below = (
        [getattr(spread.scale, side) for spread in spreads] for side in ("above", "below")
    )
    n = len(spreads)
    scale = Scale(sum(s.scale.origin for s in spreads) / n, sum(above) / n, sum(below) / n)
    up, down = _weights(above), _weights(below)
    return Spread(
        scale,
        _mean([spread.above for spread in spreads], up),
        _mean([spread.below for spread in spreads], down),
        sum(s.covariance * u * d for s, u, d in zip(spreads, up, down, strict=True)),
        min(spread.evidence for spread in spreads),
    )


def _weights(widths: Sequence[float]) -> list[float]:
    total = sum(widths)
    return [width / total if total else 1.0 / len(widths) for width in widths]


def _mean(shares: Sequence[Share], weights: Sequence[float]) -> Share:
    """Their sum, in which a share whose units are all alike is not taken as exactly known.

    What may be unseen in it counts with the variance of one success and one failure more, at most
    that of a share like the whole.
    """
    whole = _sum(shares, weights)
    full = whole.value * (1.0 - whole.value)
    if full <= 0.0:
        return whole
    known = [
        replace(share, variance=share.variance + _unseen(share, full), evidence=math.inf)
        for share in shares
    ]
    return _sum(known, weights)


def _unseen(share: Share, most: float) -> float:
    """The variance that a share's little evidence leaves open."""
    own = share.value * (1.0 - share.value)
    smoothed = (share.value * share.units + 1.0) / (share.units + 2.0)
    open_ = max(own, min(smoothed * (1.0 - smoothed), most))
    return open_ / (share.units * (share.evidence + 1.0) ** 2)
