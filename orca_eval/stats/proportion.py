"""Plain proportions of independent items: Wilson, Newcombe and the exact McNemar test.

From scipy.special: scipy.stats has the same, and costs every run half a second and 46 MB.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtrc, ndtri


@dataclass(frozen=True, slots=True)
class Interval:
    """A point estimate with its confidence interval; `low` and `high` are NaN where unknowable."""

    estimate: float
    low: float
    high: float
    level: float


def wilson(successes: int, n: int, level: float = 0.95) -> Interval:
    """Wilson's score interval for a proportion (Wilson 1927, JASA 22:209; Brown et al. 2001).

    Raises ValueError unless 0 <= successes <= n and n > 0.
    """
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"no proportion: {successes} of {n}")
    share, z = successes / n, float(ndtri((1 + level) / 2))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    # Rounding must not leave 0 and 1, the exact ends where nothing or everything succeeded.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Interval(share, low, high, level)


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

    def add(one: float, two: float) -> float:
        return math.sqrt(max(one**2 - 2 * phi * one * two + two**2, 0.0))

    difference = (losses - gains) / n
    low = add(before.estimate - before.low, after.high - after.estimate)
    high = add(before.high - before.estimate, after.estimate - after.low)
    return Interval(difference, difference - low, difference + high, level)


def mcnemar_one_sided(losses: ArrayLike, gains: ArrayLike) -> NDArray[np.float64]:
    """Exact one-sided McNemar p: are there more losses than chance allows (McNemar 1947)?

    `losses` counts pairs right before and wrong after, `gains` the reverse; arrays broadcast.
    Given the discordant pairs, losses are Binomial(losses + gains, 1/2) where nothing changed.
    """
    lost, gained = np.asarray(losses), np.asarray(gains)
    # bdtrc sums what is above its first argument; from nothing on, that is everything.
    tail = np.where(lost > 0, bdtrc(np.maximum(lost - 1, 0), lost + gained, 0.5), 1.0)
    return np.asarray(tail, dtype=np.float64)
