"""From tests to a verdict: Holm's families, tolerated drops, limits on rates, least pairs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from orca_eval import stats
from orca_eval.gate.compare import Comparison
from orca_eval.gate.policy import Tier

# An adjusted p up to this many alphas is too close to call.
CLOSE = 3


class Verdict(Enum):
    """The gate's answer; the value is the exit code."""

    PASS = 0
    REGRESSION = 1
    INCONCLUSIVE = 2


# A regression outweighs an open question, which outweighs a pass.
_GRAVEST_LAST = (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.REGRESSION)


class Finding(Enum):
    """What one line shows, whatever its tier makes of it."""

    OK = "ok"
    WORSE = "worse"
    FORMAT = "format"
    CLOSE = "close"
    FEW = "too few pairs"
    FAILED = "too many failed"


@dataclass(frozen=True)
class Line:
    """A comparison judged. `p_adjusted` is Holm's within its tier, raw where advisory.

    `verdict` is what the line does to the whole, given its tier; `tests` counts its family.
    `broken_limits` names the rates that rose beyond their limits, significantly. `more_samples`
    counts the further samples that would decide, where the finding is open.
    """

    comparison: Comparison
    p_adjusted: float
    finding: Finding
    verdict: Verdict
    tests: int
    broken_limits: tuple[str, ...]
    more_samples: int | None

    @cached_property
    def detectable(self) -> float | None:
        """The smallest true drop that these samples would have shown, as a share of 1."""
        return self.comparison.detectable(self.comparison.rule.alpha, self.tests)


def judge(comparisons: Sequence[Comparison]) -> tuple[Verdict, list[Line]]:
    """The verdict, and every comparison with what it showed."""
    lines: dict[int, Line] = {}
    for tier in ("critical", "supporting", "advisory"):
        family = [c for c in comparisons if c.rule.tier == tier]
        lines |= {id(line.comparison): line for line in _judge_family(family, tier)}
    judged = [lines[id(comparison)] for comparison in comparisons]
    return max((line.verdict for line in judged), key=_GRAVEST_LAST.index), judged


def _judge_family(family: Sequence[Comparison], tier: Tier) -> list[Line]:
    raw = [comparison.result.p for comparison in family]
    adjusted = raw if tier == "advisory" else stats.holm(raw).tolist()
    tests = 1 if tier == "advisory" else len(family)
    # Rates beyond their limits, a family of tests of their own: a rate has noise too.
    rates = [(line, rate) for line in family for rate in line.rates if rate.limit is not None]
    rate_p = stats.holm([rate.p for _, rate in rates])
    broken = [
        (line, rate.name)
        for (line, rate), p in zip(rates, rate_p, strict=True)
        if rate.beyond_limit and p <= line.rule.alpha
    ]
    return [
        _judge_line(tested, p, tests, tuple(name for line, name in broken if line is tested))
        for tested, p in zip(family, adjusted, strict=True)
    ]


def _judge_line(comparison: Comparison, p: float, tests: int, broken: tuple[str, ...]) -> Line:
    rule, result = comparison.rule, comparison.result
    alpha = rule.alpha
    untestable = math.isnan(result.draws.standard_error)
    if comparison.too_many_failed:
        finding = Finding.FAILED
    elif p <= alpha and comparison.beyond_tolerance:
        finding = Finding.WORSE
    elif broken:
        finding = Finding.FORMAT
    elif (result.n < rule.min_pairs or untestable) and not comparison.identical:
        finding = Finding.FEW
    elif p <= CLOSE * alpha and comparison.beyond_tolerance:
        finding = Finding.CLOSE
    else:
        finding = Finding.OK
    return Line(
        comparison=comparison,
        p_adjusted=p,
        finding=finding,
        verdict=_effect(finding, rule.tier),
        tests=tests,
        broken_limits=broken,
        more_samples=_more_samples(comparison, finding, alpha / tests),
    )


def _effect(finding: Finding, tier: Tier) -> Verdict:
    if tier == "advisory" or finding is Finding.OK:
        return Verdict.PASS
    if tier == "critical" and finding in (Finding.WORSE, Finding.FORMAT):
        return Verdict.REGRESSION
    return Verdict.INCONCLUSIVE


def _more_samples(comparison: Comparison, finding: Finding, alpha: float) -> int | None:
    result = comparison.result
    if finding is Finding.FEW:
        return max(comparison.rule.min_pairs - result.n, 1)
    if finding is Finding.CLOSE:
        spread, drop = result.draws.standard_error, result.difference
        return max(stats.samples_to_decide(result.n, spread, drop, alpha) - result.n, 1)
    return None
