"""Plain proportions of independent items: Wilson, Newcombe and the exact McNemar test.

From scipy.special: scipy.stats has the same, and costs every run half a second and 46 MB.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtrc, betaincinv, ndtri

Z95 = 1.959963984540054
"""Of a two-sided interval of 95 %."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A point estimate with its confidence interval; `low` and `high` are NaN where unknowable."""

    estimate: float
    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True)
class Share:
    """So many hits of `n`; no whole numbers where items share passages."""

    hits: float
    n: float

    @property
    def value(self) -> float:
        """The share itself; NaN of nothing."""
        return self.hits / self.n if self.n else math.nan

    def interval(self, level: float = 0.95) -> Interval | None:
        """The share with Wilson's guarded interval; None of nothing."""
        return score_interval(self.value, self.n, level) if self.n else None


def wilson(successes: int, n: int, level: float = 0.95) -> Interval:
    """Wilson's score interval for a proportion (Wilson 1927, JASA 22:209; Brown et al. 2001).

    Raises ValueError unless 0 <= successes <= n and n > 0.
    """
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"no proportion: {successes} of {n}")
    return Interval(successes / n, *_wilson(successes / n, n, level), level)


def score_interval(share: float, size: float, level: float = 0.95) -> Interval:
    """Wilson's interval for a share of `size` items, which need be no whole number.

    Near 0 and 1 Wilson's covers too seldom (Brown, Cai and DasGupta 2001, Stat. Sci. 16:101), down
    to 79 % where 95 are said. So no end lies nearer than the exact one-sided bound of this level
    (Clopper and Pearson 1934), which changes ends that rest on fewer than a dozen items.
    """
    low, high = _wilson(share, size, level)
    hits, misses = share * size, (1.0 - share) * size
    if hits > 0:
        low = min(low, float(betaincinv(hits, misses + 1.0, 1.0 - level)))
    if misses > 0:
        high = max(high, 1.0 - float(betaincinv(misses, hits + 1.0, 1.0 - level)))
    return Interval(share, low, high, level)


def exact_bounds(hits: int, n: int, level: float = 0.95) -> Interval:
    """The exact interval of a proportion, which never covers too seldom (Clopper and Pearson 1934,
    Biometrika 26:404)."""
    tail = (1.0 - level) / 2.0
    low = float(betaincinv(hits, n - hits + 1.0, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1.0, n - hits, 1.0 - tail)) if hits < n else 1.0
    return Interval(hits / n, low, high, level)


def _wilson(share: float, size: float, level: float) -> tuple[float, float]:
    z = float(ndtri((1 + level) / 2))
    centre = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z / (1 + z**2 / size) * math.sqrt(share * (1 - share) / size + (z / (2 * size)) ** 2)
    # Rounding must not leave 0 and 1, the exact ends where nothing or everything succeeded.
    low = 0.0 if share == 0 else max(0.0, centre - half)
    high = 1.0 if share == 1 else min(1.0, centre + half)
    return low, high


def square_and_add(one: Interval, two: Interval, correlation: float) -> Interval:
    """Interval of one estimate minus another from the interval of each (Newcombe 1998; Zou and
    Donner 2008, Stat. Med. 27:1693)."""

    def add(up: float, down: float) -> float:
        return math.sqrt(max(up**2 - 2 * correlation * up * down + down**2, 0.0))

    difference = one.estimate - two.estimate
    low = difference - add(one.estimate - one.low, two.high - two.estimate)
    high = difference + add(one.high - one.estimate, two.estimate - two.low)
    return Interval(difference, low, high, one.level)


def newcombe_paired(
    both: int, losses: int, gains: int, neither: int, level: float = 0.95
) -> Interval:
    """Interval for (losses - gains) / n, the difference of two paired proportions.

    Square-and-add of Wilson's intervals with the continuity-corrected correlation (Newcombe 1998,
    Stat. Med. 17:2635, method 10). Unlike a bootstrap it has a width where no pair differs.
    """
    n = both + losses + gains + neither
    before, after = wilson(both + losses, n, level), wilson(both + gains, n, level)
    agreement = float(both * neither - losses * gains)
    if agreement > 0:
        agreement = max(agreement - n / 2, 0)
    margins = (both + losses) * (gains + neither) * (both + gains) * (losses + neither)
    phi = agreement / math.sqrt(margins) if margins else 0.0
    found = square_and_add(before, after, phi)
    return replace(found, estimate=(losses - gains) / n)


def mcnemar_one_sided(losses: ArrayLike, gains: ArrayLike) -> NDArray[np.float64]:
    """Exact one-sided McNemar p: are there more losses than chance allows (McNemar 1947)?

    `losses` counts pairs right before and wrong after, `gains` the reverse; arrays broadcast.
    Given the discordant pairs, losses are Binomial(losses + gains, 1/2) where nothing changed.
    """
    lost, gained = np.asarray(losses), np.asarray(gains)
    # bdtrc sums what is above its first argument; from nothing on, that is everything.
    tail = np.where(lost > 0, bdtrc(np.maximum(lost - 1, 0), lost + gained, 0.5), 1.0)
    return np.asarray(tail, dtype=np.float64)
