"""How far two people or judges say the same of the same things: agreement, and Cohen's kappa."""

import math
from collections import Counter
from collections.abc import Sequence

from scipy.special import ndtri

from orca_eval.stats.proportion import Interval, Share, score_interval

NO_WIDTH = 1e-12  # of a variance that is 0 but for rounding


def agreement(one: Sequence[str], other: Sequence[str], *, leaving_out: str | None = None) -> Share:
    """Counts where two say the same; `leaving_out` names a label (a tie) whose pairs don't count.

    >>> agreement(["a", "b", "tie"], ["a", "a", "b"], leaving_out="tie")
    Share(hits=1, n=2)
    """
    pairs = [pair for pair in zip(one, other, strict=True) if leaving_out not in pair]
    return Share(sum(a == b for a, b in pairs), len(pairs))


def kappa(one: Sequence[str], other: Sequence[str], level: float = 0.95) -> Interval:
    """Cohen's kappa, the agreement beyond what the labels' shares give by chance (Cohen 1960).

    The interval is the large-sample one (Fleiss, Cohen and Everitt 1969). Where that has no width,
    as where all pairs agree, the agreement's own takes its place. NaN where both always give one
    label: nothing tells agreement from chance.
    """
    pairs = Counter(zip(one, other, strict=True))
    n = pairs.total()
    row, column = Counter(one), Counter(other)
    labels = row.keys() | column.keys()
    observed = sum(pairs[a, a] for a in labels) / n if n else math.nan
    chance = sum(row[a] * column[a] for a in labels) / n**2 if n else math.nan
    if not chance < 1:
        return Interval(math.nan, math.nan, math.nan, level)

    def beyond_chance(share: float) -> float:
        return max(-1.0, (share - chance) / (1 - chance))

    estimate = beyond_chance(observed)
    agreeing = sum(
        pairs[a, a] / n * (1 - (row[a] + column[a]) / n * (1 - estimate)) ** 2 for a in labels
    )
    differing = (1 - estimate) ** 2 * sum(
        count / n * ((column[a] + row[b]) / n) ** 2 for (a, b), count in pairs.items() if a != b
    )
    variance = (agreeing + differing - (estimate - chance * (1 - estimate)) ** 2) / (
        1 - chance
    ) ** 2
    if variance < NO_WIDTH:
        ends = score_interval(observed, n, level)
        return Interval(estimate, beyond_chance(ends.low), beyond_chance(ends.high), level)
    half = float(ndtri((1 + level) / 2)) * math.sqrt(variance / n)
    return Interval(estimate, max(-1.0, estimate - half), min(1.0, estimate + half), level)
