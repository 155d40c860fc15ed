"""Samples → scores: per task, per benchmark, and the named averages, each with its interval.

Beside every score stand the shares of samples with an answer, cut off at max_tokens, and empty, so
that a model that does not answer is told from one that answers wrongly.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from orca_eval import stats
from orca_eval.results.documents import per_document
from orca_eval.results.shares import Answers, shares
from orca_eval.stats.spread import Scale
from orca_eval.stats.strata import Clusters, FloatArray
from orca_eval.types import CUT_OFF, Aggregate, Measure

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
    `score_by_text` are the scores with either counted, where there are any. `only_reasoning_rate`
    is the share of whole replies of which all text was set apart as reasoning. An average over a
    benchmark that did not run has no score, and `note` says why.
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

    @property
    def rates(self) -> dict[str, float]:
        """The rates that are known, by column."""
        rates = {name: getattr(self, name) for name in RATES}
        return {name: rate for name, rate in rates.items() if rate is not None}


def aggregate(
    samples: pd.DataFrame,
    kinds: Mapping[str, Aggregate],
    averages: Sequence[Average],
    measures: Mapping[str, Measure],
) -> list[ScoreRow]:
    """Every task, benchmark and average of a run, in the order of the tables.

    Args:
        kinds: how each benchmark's tasks make one score.
        measures: what each benchmark's score means.
        samples: a row per sample, in the columns of `run.samples.scores_frame`.
    """
    rows: list[ScoreRow] = []
    draws: dict[str, stats.Draws] = {}
    for benchmark, kind in kinds.items():
        part = samples[samples["benchmark"] == benchmark]
        if part.empty:
            continue
        measure = measures[benchmark]
        tasks = [
            _task(str(name), frame, measure) for name, frame in part.groupby("task", sort=False)
        ]
        if all(len(task.scores) for task in tasks):
            draws[benchmark] = _draws(benchmark, tasks, kind)
        rows.append(_row("benchmark", benchmark, "", tasks, kind, draws.get(benchmark)))
        if len(tasks) > 1:
            rows += [_row("task", benchmark, task.name, [task], "pooled") for task in tasks]
        rows += [row for task in tasks for row in _slice_rows(benchmark, task)]
    rows += [_average_row(average, rows, draws, measures) for average in averages]
    return rows


@dataclass(frozen=True, slots=True)
class _Task:
    """A task's samples, and its scores and clusters with one value a doc that was graded: repeated
    answers make one first."""

    name: str
    samples: pd.DataFrame
    scores: FloatArray
    clusters: Clusters
    measure: Measure


def _task(name: str, samples: pd.DataFrame, measure: Measure) -> _Task:
    docs = per_document(
        samples, ["score"], ["cluster"], {samples["benchmark"].iloc[0]: measure}
    ).sort_values("doc_id")
    docs = docs[docs["score"].notna()]
    names = docs["cluster"]
    clusters = names.to_numpy(dtype=object) if names.notna().any() else None
    return _Task(name, samples, docs["score"].to_numpy(dtype=np.float64), clusters, measure)


def _row(
    level: Level,
    benchmark: str,
    name: str,
    tasks: Sequence[_Task],
    kind: Aggregate,
    draws: stats.Draws | None = None,
) -> ScoreRow:
    every = pd.concat([task.samples for task in tasks]) if len(tasks) > 1 else tasks[0].samples
    scores, measure = [task.scores for task in tasks], tasks[0].measure
    row = ScoreRow(
        level=level,
        benchmark=benchmark,
        task=name,
        n=sum(map(len, scores)),
        metric=measure.name,
        extraction_rate=float(every["answered"].mean()),
        truncation_rate=float((every["finish_reason"] == CUT_OFF).mean()),
        empty_rate=float(every["empty"].mean()),
        conflict_rate=float(every["by_letter"].notna().mean()) if "by_letter" in every else 0.0,
        only_reasoning_rate=_mean(every, "only_reasoning") or 0.0,
        f1=_mean(every, "f1"),
        exact_match_parts=_mean(every, "exact_match_parts"),
        ungraded=int(every["score"].isna().sum()),
        figures=_figures(every),
    )
    if all(map(len, scores)):
        row = replace(row, figures={**row.figures, **shares(measure, Answers(every, scores))})
    if not all(map(len, scores)):
        return replace(row, note="nothing was graded")
    clusters = [task.clusters for task in tasks]
    interval = stats.exact_interval(scores, clusters, kind) if measure.in_percent else None
    interval = interval or (draws or _draws(benchmark, tasks, kind)).interval()
    low, high = _ends(interval)
    score = _mean_of(scores, kind)
    row = replace(row, score=score, ci_low=low, ci_high=high)
    if not row.conflict_rate:
        return row
    counted = (_by_conflict(score, tasks, kind, name) for name in ("by_letter", "by_text"))
    by_letter, by_text = (round(share, _SHARE_DIGITS) for share in counted)
    return replace(row, score_by_letter=by_letter, score_by_text=by_text)


def _slice_rows(benchmark: str, task: _Task) -> Iterator[ScoreRow]:
    """A row per slice of the task's documents; a document of several counts in each."""
    members: dict[str, list[int]] = {}
    for place, slices in enumerate(task.samples.get("slices", ())):
        for what, names in slices.items() if isinstance(slices, dict) else ():
            for name in names:
                members.setdefault(f"{what}: {name}", []).append(place)
    for name, places in sorted(members.items()):
        part = _task(task.name, task.samples.iloc[places], task.measure)
        yield replace(_row("slice", benchmark, task.name, [part], "pooled"), slice=name)


def _mean_of(scores: Sequence[FloatArray], kind: Aggregate) -> float:
    """The mean of the tasks' scores, by what counts once: a task or a doc."""
    if kind == "mean_of_tasks":
        return float(np.mean([part.mean() for part in scores]))
    return float(np.concatenate(scores).mean())


def _by_conflict(score: float, tasks: Sequence[_Task], kind: Aggregate, column: str) -> float:
    """The score with this column's counted, where a reply's letter and text name two options."""
    gains = [(task.samples[column] - task.samples["score"]).fillna(0.0) for task in tasks]
    if kind == "mean_of_tasks":
        return score + float(np.mean([gain.mean() for gain in gains]))
    return score + float(pd.concat(gains).mean())


def _ends(interval: stats.Interval) -> tuple[float, float] | tuple[None, None]:
    """The interval's ends; None where too few units leave none."""
    return (None, None) if math.isnan(interval.low) else (interval.low, interval.high)


def _draws(benchmark: str, tasks: Sequence[_Task], kind: Aggregate) -> stats.Draws:
    scores, clusters = [task.scores for task in tasks], [task.clusters for task in tasks]
    measure = tasks[0].measure
    scale = Scale(measure.low, above=measure.high - measure.low)
    seed = stats.seed_of(benchmark)
    return stats.bootstrap(stats.strata(scores, clusters, kind), seed, scale=scale)


def _average_row(
    average: Average,
    rows: Sequence[ScoreRow],
    draws: Mapping[str, stats.Draws],
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
    low, high = _ends(stats.mean_of_draws([draws[b] for b in average.benchmarks]).interval())
    means: dict[str, Any] = {
        column: math.fsum(getattr(row, column) for row in parts) / len(parts)
        for column in ("score", *RATES)
    }
    return ScoreRow(
        level="average",
        benchmark=name,
        task="",
        n=n,
        metric="mean" if scales == {SHARE} else f"mean {'/'.join(sorted(kinds))}",
        ci_low=low,
        ci_high=high,
        **means,
    )


def _figures(frame: pd.DataFrame) -> dict[str, float]:
    """The mean of each figure over the samples that have it."""
    if "figures" not in frame or not frame["figures"].notna().any():
        return {}
    return dict(pd.DataFrame(list(frame["figures"].dropna())).mean().round(6))


def _mean(frame: pd.DataFrame, column: str) -> float | None:
    if column not in frame or not frame[column].notna().any():
        return None
    return float(frame[column].astype(float).mean())
