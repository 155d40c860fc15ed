"""What people's verdicts on a sample of replies say of all: the reader's errors, a corrected score.

The corrected score is the machine's on every reply, less what it overstates on those that people
judged (prediction-powered inference; Angelopoulos et al. 2023, Science 382:669), by strata. A
stratum's share of errors has the exact bounds (Clopper and Pearson 1934), which have a width where
no error was seen; the sum of strata adds their squares (Zou and Donner 2008, Stat. Med. 27:1693).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from orca_eval.stats.proportion import Interval, exact_bounds, square_and_add


@dataclass(frozen=True, slots=True)
class Audited:
    """The verdicts on one stratum, which weighs `weight` in the score.

    Of `judged` draws so many were `misread`, and so many of these `moved` the score: up where the
    machine `overstates`, scored right what is wrong, else down. `whole`: all of it was judged.
    """

    weight: float
    judged: int
    misread: int
    moved: int
    overstates: bool
    whole: bool = False


def misread_rate(strata: Sequence[Audited], level: float = 0.95) -> Interval:
    """The share of replies that the machine misread."""
    return _sum([(s.weight, _share(s.misread, s, level)) for s in strata], level)


def corrected_score(machine: Interval, strata: Sequence[Audited]) -> Interval:
    """The score as people would have given it, from the `machine`'s with its interval, all of them
    shares of 1."""
    moved = [
        (s.weight if s.overstates else -s.weight, _share(s.moved, s, machine.level)) for s in strata
    ]
    found = square_and_add(machine, _sum(moved, machine.level), correlation=0.0)
    low, high = max(0.0, found.low), min(1.0, found.high)
    return Interval(min(1.0, max(0.0, found.estimate)), low, high, machine.level)


def _share(hits: int, stratum: Audited, level: float) -> Interval:
    if stratum.whole:
        share = hits / stratum.judged
        return Interval(share, share, share, level)
    return exact_bounds(hits, stratum.judged, level)


def _sum(parts: Sequence[tuple[float, Interval]], level: float) -> Interval:
    """Of independent shares by signed weights."""
    estimate = math.fsum(weight * share.estimate for weight, share in parts)
    ends = [sorted((weight * share.low, weight * share.high)) for weight, share in parts]
    middles = [weight * share.estimate for weight, share in parts]
    below = math.hypot(*(middle - low for middle, (low, _) in zip(middles, ends, strict=True)))
    above = math.hypot(*(high - middle for middle, (_, high) in zip(middles, ends, strict=True)))
    return Interval(estimate, estimate - below, estimate + above, level)
