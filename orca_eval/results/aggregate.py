"""Samples → scores: per task, per benchmark, and the named averages, each with its interval.

Beside every score stand the shares of samples with an answer, cut off at max_tokens, and empty, so
that a model that does not answer is told from one that answers wrongly.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from orca_eval import stats
from orca_eval.results.bounds import average_bounds, bounds
from orca_eval.results.repeats import (
    NAMES,
    VARIANCE,
    Estimate,
    Repeats,
)
from orca_eval.results.shares import Answers, shares
from orca_eval.results.task_samples import SCORE, TaskSamples, by_task, mean
from orca_eval.stats.repeats import split_error
from orca_eval.stats.spread import SHARE as SHARES, Scale, spread_of
from orca_eval.stats.strata import Clusters, FloatArray, Stratum
from orca_eval.types import Aggregate, Measure

Level = Literal["task", "benchmark", "average", "slice"]
WHOLE: tuple[Level, ...] = ("benchmark", "average")
"""The levels of the rows that tables on the screen show."""
RATE_NAMES = {
    "extraction_rate": "answered",
    "truncation_rate": "cut off",
    "empty_rate": "empty",
    "conflict_rate": "letter ≠ text",
    "only_reasoning_rate": "all reasoning",
}
"""What tables call them."""
RATES = tuple(RATE_NAMES)
_SHARE_DIGITS = 12  # so that nothing lies beyond 1
SHARE = (0.0, 1.0, "higher")
"""The scale of most measures: from none right to all."""
_Draws = Mapping[str, stats.Draws]
"""A benchmark's, by the column of its documents."""


class Average(Protocol):
    """A mean of benchmarks, from a suite or from a manifest."""

    @property
    def name(self) -> str: ...

    @property
    def benchmarks(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One row of scores.csv. Rates are shares of 1, scores and interval ends are on the scale of
    the benchmark's measure, shares of 1 for most; `n` counts docs.

    `ungraded` counts the samples that have no score; they are in no mean. `figures` are means of
    what stands beside the score, and the shares that its measure names. `slice` is that of the
    documents which a row of this level counts ("category: Law"). `conflict_rate` is the share of
    samples whose letter names one option and whose text is another's; `score_by_letter` and
    `score_by_text` are the scores with either counted, where there are any. `score_cut_wrong` and
    `score_cut_left_out` are those of a benchmark or an average were the replies that max_tokens cut
    off all wrong, or not there, where there are any. `only_reasoning_rate`
    is the share of whole replies of which all text was set apart as reasoning. An average over a
    benchmark that did not run has no score, and `note` says why. `repeats` is there where documents
    have several answers.
    """

    level: Level
    benchmark: str
    task: str
    n: int
    score: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    metric: str = ""
    extraction_rate: float | None = None
    truncation_rate: float | None = None
    empty_rate: float | None = None
    f1: float | None = None
    exact_match_parts: float | None = None
    note: str = ""
    ungraded: int = 0
    figures: Mapping[str, float] = field(default_factory=dict)
    conflict_rate: float | None = None
    only_reasoning_rate: float | None = None
    score_by_letter: float | None = None
    score_by_text: float | None = None
    slice: str = ""
    score_cut_wrong: float | None = None
    score_cut_left_out: float | None = None
    repeats: Repeats | None = None

    @property
    def rates(self) -> dict[str, float]:
        """The rates that are known, by column."""
        rates = {name: getattr(self, name) for name in RATES}
        return {name: rate for name, rate in rates.items() if rate is not None}


def aggregate(
    samples_of: Callable[[str], pd.DataFrame],
    kinds: Mapping[str, Aggregate],
    averages: Sequence[Average],
    measures: Mapping[str, Measure],
) -> list[ScoreRow]:
    """Every task, benchmark and average of a run, in the order of the tables.

    Args:
        kinds: how each benchmark's tasks make one score.
        measures: what each benchmark's score means.
        samples_of: a benchmark's, a row per sample with benchmark, task, doc_id, cluster, score,
            answered, empty, finish_reason and rule, and as far as they are known f1,
            exact_match_parts, only_reasoning, by_letter, by_text, figures, slices and, of several
            answers to a doc, kind and answer.
    """
    rows: list[ScoreRow] = []
    draws: dict[str, _Draws] = {}
    for benchmark, kind in kinds.items():
        part = samples_of(benchmark)
        if part.empty:
            continue
        tasks = by_task(part, measures[benchmark])
        if all(len(task.values(SCORE)) for task in tasks):
            draws[benchmark] = {
                name: stats.bootstrap(
                    _strata(tasks, kind, name),
                    stats.seed_of(benchmark),
                    scale=_scale(measures[benchmark], name),
                )
                for name in (SCORE, *_estimated(tasks))
            }
        row = _row("benchmark", benchmark, "", tasks, kind, draws.get(benchmark, {}))
        rows.append(_bounded(row, part, kind, measures[benchmark]))
        if len(tasks) > 1:
            rows += [_row("task", benchmark, task.name, [task], "pooled", {}) for task in tasks]
        rows += [row for task in tasks for row in _slice_rows(benchmark, task)]
    rows += [_average_row(average, rows, draws, measures) for average in averages]
    return rows


def by_benchmark(samples: pd.DataFrame) -> Callable[[str], pd.DataFrame]:
    """A benchmark's samples of those of all."""
    return lambda name: samples[samples["benchmark"] == name]


def _estimated(tasks: Sequence[TaskSamples]) -> list[str]:
    """The columns of `Repeats.estimates` that every task has values of."""
    names = filter(NAMES.fullmatch, tasks[0].documents.columns)
    return [name for name in names if all(len(task.values(name)) for task in tasks)]


def _row(
    level: Level,
    benchmark: str,
    name: str,
    tasks: Sequence[TaskSamples],
    kind: Aggregate,
    draws: _Draws,
) -> ScoreRow:
    scores, measure = [task.values(SCORE) for task in tasks], tasks[0].measure
    numbers = {n: np.concatenate([task.numbers[n] for task in tasks]) for n in tasks[0].numbers}
    means = {name: mean(values) for name, values in numbers.items()}
    beside = measure.shares or "figures" in tasks[0].samples
    every = pd.concat([task.samples for task in tasks]) if beside else None
    row = ScoreRow(
        level=level,
        benchmark=benchmark,
        task=name,
        n=sum(map(len, scores)),
        metric=measure.name,
        extraction_rate=means["answered"],
        truncation_rate=means["cut"],
        empty_rate=means["empty"],
        conflict_rate=means.get("conflict") or 0.0,
        only_reasoning_rate=means.get("only_reasoning") or 0.0,
        f1=means.get("f1"),
        exact_match_parts=means.get("exact_match_parts"),
        ungraded=int(np.isnan(numbers["score"]).sum()),
        figures={}
        if every is None
        else {**_figures(every), **shares(measure, Answers(every, scores))},
    )
    if not all(map(len, scores)):
        return replace(row, note="nothing was graded")
    score, low, high = _estimate(benchmark, tasks, kind, SCORE, draws)
    repeats = _repeats(benchmark, tasks, kind, draws) if tasks[0].n > 1 else None
    row = replace(row, score=score, ci_low=low, ci_high=high, repeats=repeats)
    if not row.conflict_rate:
        return row
    counted = (_by_conflict(score, tasks, kind, name) for name in ("by_letter", "by_text"))
    by_letter, by_text = (round(share, _SHARE_DIGITS) for share in counted)
    return replace(row, score_by_letter=by_letter, score_by_text=by_text)


def _bounded(row: ScoreRow, samples: pd.DataFrame, kind: Aggregate, measure: Measure) -> ScoreRow:
    """The row with the scores that its cut replies leave open."""
    if row.score is None or not row.truncation_rate:
        return row
    wrong, left_out = bounds(samples, kind, measure)
    return replace(row, score_cut_wrong=wrong, score_cut_left_out=left_out)


def _slice_rows(benchmark: str, task: TaskSamples) -> Iterator[ScoreRow]:
    """A row per slice of the task's documents; a document of several counts in each."""
    members: dict[str, list[int]] = {}
    for place, slices in enumerate(task.samples.get("slices", ())):
        for what, names in slices.items() if isinstance(slices, dict) else ():
            for name in names:
                members.setdefault(f"{what}: {name}", []).append(place)
    for name, places in sorted(members.items()):
        part = [task.part(places)]
        yield replace(_row("slice", benchmark, task.name, part, "pooled", {}), slice=name)


def _estimate(
    benchmark: str, tasks: Sequence[TaskSamples], kind: Aggregate, name: str, draws: _Draws
) -> Estimate:
    """A column's mean with its interval, by its draws where the benchmark's are there already."""
    values, clusters = _columns(tasks, name)
    scale, interval = _scale(tasks[0].measure, name), None
    if scale == SHARES:
        interval = stats.exact_interval(values, clusters, kind)
    if interval is None and name in draws:
        interval = draws[name].interval()
    if interval is None:
        seed = stats.seed_of(benchmark)
        interval = stats.bootstrap(_strata(tasks, kind, name), seed, scale=scale).interval()
    return Estimate(_mean_of(values, kind), *_ends(interval))


def _repeats(
    benchmark: str, tasks: Sequence[TaskSamples], kind: Aggregate, draws: _Draws
) -> Repeats:
    estimates = {n: _estimate(benchmark, tasks, kind, n, draws) for n in _estimated(tasks)}
    if VARIANCE not in tasks[0].documents:
        return Repeats(tasks[0].n, estimates)
    spread = spread_of(_strata(tasks, kind, SCORE), _scale(tasks[0].measure, SCORE))
    if not spread.above.enough:
        return Repeats(tasks[0].n, estimates)
    of_means = [task.documents[VARIANCE].to_numpy() for task in tasks]
    variance = spread.above.variance * spread.scale.above**2
    return Repeats(tasks[0].n, estimates, *split_error(variance, of_means, kind))


def _columns(tasks: Sequence[TaskSamples], name: str) -> tuple[list[FloatArray], list[Clusters]]:
    """A column's values and their clusters, by task."""
    return [task.values(name) for task in tasks], [task.clusters(name) for task in tasks]


def _strata(tasks: Sequence[TaskSamples], kind: Aggregate, name: str) -> list[Stratum]:
    return stats.strata(*_columns(tasks, name), kind)


def _scale(measure: Measure, name: str) -> Scale:
    """That of a column: what stands beside the score are shares."""
    return Scale(measure.low, above=measure.high - measure.low) if name == SCORE else SHARES


def _mean_of(scores: Sequence[FloatArray], kind: Aggregate) -> float:
    """The mean of the tasks' scores, by what counts once: a task or a doc."""
    if kind == "mean_of_tasks":
        return float(np.mean([part.mean() for part in scores]))
    return float(np.concatenate(scores).mean())


def _by_conflict(score: float, tasks: Sequence[TaskSamples], kind: Aggregate, column: str) -> float:
    """The score with this column's counted, where a reply's letter and text name two options."""
    gains = [np.nan_to_num(task.numbers[column] - task.numbers[SCORE]) for task in tasks]
    return score + _mean_of(gains, kind)


def _ends(interval: stats.Interval) -> tuple[float, float] | tuple[None, None]:
    """The interval's ends; None where too few units leave none."""
    return (None, None) if math.isnan(interval.low) else (interval.low, interval.high)


def _average_row(
    average: Average,
    rows: Sequence[ScoreRow],
    draws: Mapping[str, _Draws],
    measures: Mapping[str, Measure],
) -> ScoreRow:
    """An unweighted mean of benchmarks; empty, not smaller, where one did not run, and where their
    measures are not alike."""
    name = average.name
    missing = [b for b in average.benchmarks if b not in draws]
    parts = [r for r in rows if r.level == "benchmark" and r.benchmark in average.benchmarks]
    n = sum(row.n for row in parts)
    scales = {measures[row.benchmark].scale for row in parts}
    ungraded = [row.benchmark for row in parts if row.score is None]
    if missing or len(scales) > 1:
        note = "its benchmarks have different scales"
        note = f"did not run: {', '.join(missing)}" if missing else note
        note = f"nothing was graded: {', '.join(ungraded)}" if ungraded else note
        return ScoreRow("average", name, "", n, metric="mean", note=note)
    kinds = {row.metric for row in parts}
    low, high = _ends(_mean_of_draws(average, draws, SCORE).interval())
    means: dict[str, Any] = {
        column: math.fsum(getattr(row, column) for row in parts) / len(parts)
        for column in ("score", *RATES)
    }
    wrong, left_out = average_bounds(parts)
    return ScoreRow(
        level="average",
        benchmark=name,
        task="",
        n=n,
        metric="mean" if scales == {SHARE} else f"mean {'/'.join(sorted(kinds))}",
        ci_low=low,
        ci_high=high,
        repeats=_average_repeats(average, [row.repeats for row in parts if row.repeats], draws),
        score_cut_wrong=wrong,
        score_cut_left_out=left_out,
        **means,
    )


def _average_repeats(
    average: Average, parts: Sequence[Repeats], draws: Mapping[str, _Draws]
) -> Repeats | None:
    """Means of what all benchmarks have; the errors are those of independent scores."""
    count = len(average.benchmarks)
    if len(parts) < count or len({part.n for part in parts}) > 1:
        return None
    estimates = {}
    for name in parts[0].estimates:
        if all(name in part.estimates for part in parts):
            value = math.fsum(part.estimates[name].value for part in parts) / count
            interval = _mean_of_draws(average, draws, name).interval()
            estimates[name] = Estimate(value, *_ends(interval))
    of_items, of_sampling = (
        [error for error in errors if error is not None]
        for errors in ([p.se_items for p in parts], [p.se_sampling for p in parts])
    )
    if len(of_items) < count:
        return Repeats(parts[0].n, estimates)
    errors = math.hypot(*of_items) / count, math.hypot(*of_sampling) / count
    return Repeats(parts[0].n, estimates, *errors)


def _mean_of_draws(average: Average, draws: Mapping[str, _Draws], name: str) -> stats.Draws:
    return stats.mean_of_draws([draws[benchmark][name] for benchmark in average.benchmarks])


def _figures(frame: pd.DataFrame) -> dict[str, float]:
    """The mean of each figure over the samples that have it."""
    if "figures" not in frame or not frame["figures"].notna().any():
        return {}
    return dict(pd.DataFrame(list(frame["figures"].dropna())).mean().round(6))
