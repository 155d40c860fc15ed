"""Between what a score lies where replies were cut off: these counted wrong, or left out."""

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import pandas as pd

from orca_eval.results.documents import KEY, WEIGHT, per_document, weighed, with_means
from orca_eval.types import CUT_OFF, Aggregate, Measure


class Bounds(NamedTuple):
    """The scores either would give; None where nothing is left."""

    cut_wrong: float | None = None
    cut_left_out: float | None = None


class Bounded(Protocol):
    """A benchmark's score with its bounds."""

    @property
    def score(self) -> float | None: ...

    @property
    def score_cut_wrong(self) -> float | None: ...

    @property
    def score_cut_left_out(self) -> float | None: ...


def bounds(samples: pd.DataFrame, kind: Aggregate, measure: Measure) -> Bounds:
    """Those of a benchmark's samples; none where no reply was cut off."""
    cut = samples["finish_reason"] == CUT_OFF
    if not cut.any():
        return Bounds()
    worst = measure.low if measure.better == "higher" else measure.high
    wrong = samples.assign(score=samples["score"].mask(cut & samples["score"].notna(), worst))
    tasks = samples["task"].nunique()
    return Bounds(*(_mean(part, tasks, kind, measure) for part in (wrong, samples[~cut])))


def average_bounds(parts: Sequence[Bounded]) -> Bounds:
    """Those of an unweighted mean of benchmarks; the score counts where no reply was cut off."""
    if all(part.score_cut_wrong is None for part in parts):
        return Bounds()
    ends = [
        (part.score, part.score)
        if part.score_cut_wrong is None
        else (part.score_cut_wrong, part.score_cut_left_out)
        for part in parts
    ]
    return Bounds(*(_mean_of_all(side) for side in zip(*ends, strict=True)))


def _mean_of_all(scores: Sequence[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return math.fsum(known) / len(known) if len(known) == len(scores) else None


def _mean(samples: pd.DataFrame, tasks: int, kind: Aggregate, measure: Measure) -> float | None:
    """The documents' mean; None where there is none, or a task that counts once has none."""
    measures = dict.fromkeys(samples["benchmark"].unique(), measure)
    scored = weighed(samples, measures)
    means = [name for name in ("score", WEIGHT) if name in scored]
    documents = per_document(scored, means, [], measures)[[*KEY, *means]].dropna()
    documents = with_means(documents, measure)
    by_task = documents.groupby("task", observed=True)["score"].mean()
    if kind == "mean_of_tasks":
        return float(by_task.mean()) if len(by_task) == tasks else None
    return float(documents["score"].mean()) if len(documents) else None
