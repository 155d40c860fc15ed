"""The tests: one comparison per benchmark and per average of the policy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from orca_eval import stats
from orca_eval.benchmarks.specs import read_specs
from orca_eval.gate.pairing import Paired, graded
from orca_eval.gate.policy import AverageRule, Limits, Policy, Rule
from orca_eval.names import display
from orca_eval.results.documents import WEIGHT, by_task, clusters_by_task, with_means
from orca_eval.results.manifest import Manifest
from orca_eval.results.published import PublishedModel
from orca_eval.types import EXACT_MATCH, Aggregate, Measure

# Each rate, as the bad share, and the limit on its rise.
_LIMIT_OF: Mapping[str, str] = {
    "unanswered": "extraction_drop",
    "truncated": "truncation_rise",
    "empty": "empty_rise",
}

# A drop that is detectable and the tests it leaves settle to a hundredth of a point in these.
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """What a comparison has to know of its benchmarks, from the manifests or the task files."""

    manifests: tuple[Manifest, ...]

    def aggregate(self, benchmark: str) -> Aggregate:
        """The kind of a benchmark's score; runs without a manifest are judged by the task file."""
        spec = read_specs().get(benchmark)
        known: Aggregate | None = self._said(benchmark, "aggregate")
        return known or (spec.aggregate if spec else "pooled")

    def alias(self, benchmark: str) -> str:
        """The name shown for a benchmark's id."""
        return self._said(benchmark, "alias") or display(benchmark)

    def measure(self, benchmark: str) -> Measure:
        """What a benchmark's score means, from the same sources."""
        for manifest in self.manifests:
            if benchmark in manifest.benchmarks:
                return manifest.measures[benchmark]
        spec = read_specs().get(benchmark)
        return spec.measure if spec else EXACT_MATCH

    def full_n(self, benchmark: str) -> int | None:
        """How many samples the benchmark's whole test set has."""
        size: int | None = self._said(benchmark, "full_n")
        return size

    def _said(self, benchmark: str, key: str) -> Any:
        said = (manifest.get("benchmarks", benchmark, key) for manifest in self.manifests)
        return next((value for value in said if value is not None), None)


@dataclass(frozen=True, slots=True)
class RateChange:
    """A rate on both sides (shares of 1, of samples that are unanswered, truncated, empty or
    failed).

    `p` is one-sided for "it did not rise"; 1 where it stayed within its limit and needs no test.
    """

    name: str
    baseline: float
    candidate: float
    limit: float | None
    p: float = 1.0

    @property
    def beyond_limit(self) -> bool:
        """Whether it rose by more than its limit."""
        return self.limit is not None and self.candidate - self.baseline > self.limit + 1e-9


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line of the gate: a benchmark or an average, with its test and its rule.

    `parts` are an average's benchmarks; `alias` is what a benchmark is called.
    `full_n` is the size of the whole test set where it is known; `identical` says that every
    pair has the same score; `losses_unanswered` counts the samples that fell and lost their answer.
    """

    name: str
    rule: Rule
    result: stats.Difference
    identical: bool
    full_n: int | None
    failed: RateChange | None = None
    rates: tuple[RateChange, ...] = ()
    losses_unanswered: int = 0
    parts: tuple[Comparison, ...] = ()
    alias: str = ""

    @property
    def shown_rates(self) -> tuple[RateChange, ...]:
        """The rates of the answered samples, and first that of the failed ones, if any."""
        return (self.failed, *self.rates) if self.failed else self.rates

    @property
    def too_many_failed(self) -> bool:
        """Whether more samples failed on a side than the policy allows."""
        limit, failed = self.rule.limits.failed_share, self.failed
        worst = max(failed.baseline, failed.candidate) if failed else 0.0
        return limit is not None and worst > limit / 100 + 1e-9

    @property
    def tolerated(self) -> float:
        """The tolerated drop, as a share of 1."""
        return self.rule.tolerated_drop.share(self.result.baseline)

    @property
    def beyond_tolerance(self) -> bool:
        """Whether the observed drop is above the tolerated one."""
        return self.result.difference > self.tolerated + 1e-9

    def detectable(self, alpha: float, tests: int) -> float | None:
        """The smallest true drop that this sample would have shown, at 80 % power.

        It has to pass Holm's first step, alpha / tests. An average drops with its benchmarks, and
        those of them that are rejected first leave it fewer tests.
        """
        drop = self._detectable(alpha / tests)
        parts = [part for part in self.parts if part.rule.tier == self.rule.tier]
        for _ in range(_ROUNDS if parts else 0):
            rejected = sum(
                stats.drop_power(part.result.draws.standard_error, drop or 0.0, alpha / tests)
                for part in parts
            )
            drop = self._detectable(alpha / (tests - min(rejected, tests - 1)))
        return drop

    def _detectable(self, alpha: float) -> float | None:
        found, spread = self.result, self.result.draws.standard_error
        if found.method == stats.EXACT_PAIRED:
            discordance = ((found.losses or 0) + (found.gains or 0)) / found.n
            drop = stats.detectable_drop_mcnemar(found.n, discordance, alpha, self.tolerated)
        elif spread > 0:
            drop = stats.detectable_drop(spread, alpha, self.tolerated)
        else:
            return None
        return None if math.isnan(drop) else drop


def compare_paired(paired: Paired, policy: Policy, facts: Facts) -> list[Comparison]:
    """Tests every paired benchmark, then the policy's averages."""
    lines = []
    for name, every in paired.items():
        rule, seed = policy.rule(name), stats.seed_of(name)
        rows = graded(every)
        if rows.empty:
            continue
        clusters = clusters_by_task(rows)
        before, after = (
            by_task(_side(rows, end, facts.measure(name)), "score") for end in ("_b", "_c")
        )
        kind = facts.aggregate(name)
        result = stats.paired_difference(before, after, clusters, kind, seed=seed)
        fell = rows["score_c"] < rows["score_b"]
        lines.append(
            Comparison(
                name=name,
                rule=rule,
                result=result,
                identical=bool((rows["score_b"] == rows["score_c"]).all()),
                full_n=facts.full_n(name),
                failed=_failed(every),
                rates=_rates(every, rule.limits, seed),
                losses_unanswered=int((fell & (rows["unanswered_c"] > rows["unanswered_b"])).sum()),
                alias=facts.alias(name),
            )
        )
    return [*lines, *averages(lines, policy.averages)]


def compare_published(
    published: PublishedModel, candidate: pd.DataFrame, policy: Policy, facts: Facts
) -> list[Comparison]:
    """Tests every benchmark of the candidate that has a printed score, then the averages."""
    lines = []
    for name, score in published.scores.items():
        rows = candidate[(candidate["benchmark"] == name) & candidate["score"].notna()]
        if rows.empty:
            continue
        result = stats.difference_from_fixed(
            float(score) / 100,
            by_task(rows, "score"),
            clusters_by_task(rows),
            facts.aggregate(name),
            seed=stats.seed_of(name),
        )
        full_n, alias = facts.full_n(name), facts.alias(name)
        lines.append(Comparison(name, policy.rule(name), result, False, full_n, alias=alias))
    return [*lines, *averages(lines, policy.averages)]


def averages(lines: Sequence[Comparison], rules: Sequence[AverageRule]) -> list[Comparison]:
    """The policy's averages whose benchmarks were all compared; a missing one empties its average.

    An average's draws are the mean of its benchmarks' draws, which are independent.
    """
    by_name = {line.name: line for line in lines}
    found = []
    for average in rules:
        parts = [by_name[name] for name in average.benchmarks if name in by_name]
        if len(parts) < len(average.benchmarks):
            continue
        results = [part.result for part in parts]
        draws = stats.mean_of_draws([result.draws for result in results])
        result = stats.Difference(
            baseline=float(np.mean([r.baseline for r in results])),
            candidate=float(np.mean([r.candidate for r in results])),
            n=sum(r.n for r in results),
            losses=_sum(r.losses for r in results),
            gains=_sum(r.gains for r in results),
            method="bootstrap of the mean",
            p=draws.p_greater(),
            p_unclustered=None,
            draws=draws,
        )
        found.append(
            Comparison(
                f"{average.name} ({len(parts)})",
                average.rule,
                result,
                all(part.identical for part in parts),
                _sum(part.full_n for part in parts),
                parts=tuple(parts),
            )
        )
    return found


def _side(pairs: pd.DataFrame, end: str, measure: Measure) -> pd.DataFrame:
    """One side of pairs, with scores of which a mean can be taken."""
    columns = {name: pairs[f"{name}{end}"] for name in ("score", WEIGHT)}
    return with_means(pairs[["task"]].assign(**columns), measure)


def _failed(frame: pd.DataFrame) -> RateChange | None:
    """The share that failed on both sides; None where nothing did."""
    before, after = (float(frame[column].mean()) for column in ("failed_b", "failed_c"))
    return RateChange("failed", before, after, None) if before or after else None


def _rates(frame: pd.DataFrame, limits: Limits, seed: int) -> tuple[RateChange, ...]:
    """Rates of the pairs that were answered on both sides, where they are known; only a rise beyond
    its limit is tested."""
    frame = frame[frame["unanswered_b"].notna() & frame["unanswered_c"].notna()]
    changes, clusters = [], clusters_by_task(frame)
    for name, limit_name in _LIMIT_OF.items():
        points = getattr(limits, limit_name)
        columns = f"{name}_b", f"{name}_c"
        before, after = (float(frame[column].mean()) for column in columns)
        if math.isnan(after - before):
            continue
        change = RateChange(name, before, after, None if points is None else points / 100)
        if change.beyond_limit:
            good, bad = (by_task(frame, column) for column in columns)
            # A rise of a bad rate is a drop of the good one.
            test = stats.paired_difference(bad, good, clusters, "pooled", seed=seed)
            change = replace(change, p=test.p)
        changes.append(change)
    return tuple(changes)


def _sum(values: Iterable[int | None]) -> int | None:
    known = list(values)
    return None if None in known else sum(filter(None, known))
