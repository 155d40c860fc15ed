"""Samples → scores: per task, per benchmark, and the named averages, each with its interval.

Beside every score stand the shares of samples with an answer, cut off at max_tokens, and empty, so
that a model that does not answer is told from one that answers wrongly.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from orca_eval import stats
from orca_eval.results.documents import per_document
from orca_eval.stats.strata import Clusters, FloatArray
from orca_eval.types import Aggregate

Level = Literal["task", "benchmark", "average"]
CUT_OFF = "length"
RATES = ("extraction_rate", "truncation_rate", "empty_rate")


class Average(Protocol):
    """A mean of benchmarks, from a suite or from a manifest."""

    @property
    def name(self) -> str: ...

    @property
    def benchmarks(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One row of scores.csv. Scores, rates and interval ends are shares of 1; `n` counts docs.

    An average over a benchmark that did not run has no score, and `note` says why.
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

    @property
    def rates(self) -> dict[str, float]:
        """The rates that are known, by column."""
        rates = {name: getattr(self, name) for name in RATES}
        return {name: rate for name, rate in rates.items() if rate is not None}


def aggregate(
    samples: pd.DataFrame, kinds: Mapping[str, Aggregate], averages: Sequence[Average]
) -> list[ScoreRow]:
    """Every task, benchmark and average of a run, in the order of the tables.

    Args:
        kinds: how each benchmark's tasks make one score.
        samples: a row per sample, in the columns of `run.samples.scores_frame`.
    """
    rows: list[ScoreRow] = []
    draws: dict[str, stats.Draws] = {}
    for benchmark, kind in kinds.items():
        part = samples[samples["benchmark"] == benchmark]
        if part.empty:
            continue
        tasks = [_task(str(name), frame) for name, frame in part.groupby("task", sort=False)]
        draws[benchmark] = _draws(benchmark, tasks, kind)
        rows.append(_row("benchmark", benchmark, "", tasks, kind, draws[benchmark]))
        if len(tasks) > 1:
            rows += [_row("task", benchmark, task.name, [task], "pooled") for task in tasks]
    rows += [_average_row(average, rows, draws) for average in averages]
    return rows


@dataclass(frozen=True, slots=True)
class _Task:
    """A task's samples, and its scores and clusters with one value a doc: repeated answers are
    averaged first."""

    name: str
    samples: pd.DataFrame
    scores: FloatArray
    clusters: Clusters


def _task(name: str, samples: pd.DataFrame) -> _Task:
    docs = per_document(samples, ["score"], ["cluster"]).sort_values("doc_id")
    names = docs["cluster"]
    clusters = names.to_numpy(dtype=object) if names.notna().any() else None
    return _Task(name, samples, docs["score"].to_numpy(dtype=np.float64), clusters)


def _row(
    level: Level,
    benchmark: str,
    name: str,
    tasks: Sequence[_Task],
    kind: Aggregate,
    draws: stats.Draws | None = None,
) -> ScoreRow:
    every = pd.concat([task.samples for task in tasks]) if len(tasks) > 1 else tasks[0].samples
    scores = [task.scores for task in tasks]
    interval = stats.exact_interval(scores, [task.clusters for task in tasks], kind)
    interval = interval or (draws or _draws(benchmark, tasks, kind)).interval()
    score = (
        float(np.mean([part.mean() for part in scores]))
        if kind == "mean_of_tasks"
        else float(np.concatenate(scores).mean())
    )
    return ScoreRow(
        level=level,
        benchmark=benchmark,
        task=name,
        n=sum(map(len, scores)),
        score=score,
        ci_low=interval.low,
        ci_high=interval.high,
        metric="exact_match",
        extraction_rate=float(every["answered"].mean()),
        truncation_rate=float((every["finish_reason"] == CUT_OFF).mean()),
        empty_rate=float(every["empty"].mean()),
        f1=_mean(every, "f1"),
        exact_match_parts=_mean(every, "exact_match_parts"),
    )


def _draws(benchmark: str, tasks: Sequence[_Task], kind: Aggregate) -> stats.Draws:
    scores, clusters = [task.scores for task in tasks], [task.clusters for task in tasks]
    return stats.bootstrap(stats.strata(scores, clusters, kind), stats.seed_of(benchmark))


def _average_row(
    average: Average, rows: Sequence[ScoreRow], draws: Mapping[str, stats.Draws]
) -> ScoreRow:
    """An unweighted mean of benchmarks; empty, not smaller, where one did not run."""
    name = average.name
    missing = [b for b in average.benchmarks if b not in draws]
    parts = [r for r in rows if r.level == "benchmark" and r.benchmark in average.benchmarks]
    n = sum(row.n for row in parts)
    if missing:
        note = f"did not run: {', '.join(missing)}"
        return ScoreRow("average", name, "", n, metric="mean", note=note)
    interval = stats.mean_of_draws([draws[b] for b in average.benchmarks]).interval()
    means: dict[str, Any] = {
        column: math.fsum(getattr(row, column) for row in parts) / len(parts)
        for column in ("score", *RATES)
    }
    return ScoreRow(
        level="average",
        benchmark=name,
        task="",
        n=n,
        ci_low=interval.low,
        ci_high=interval.high,
        metric="mean",
        **means,
    )


def _mean(frame: pd.DataFrame, column: str) -> float | None:
    if column not in frame or not frame[column].notna().any():
        return None
    return float(frame[column].astype(float).mean())
