"""Between what a score lies where replies were cut off: these counted wrong, or left out."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from orca_eval.results.documents import KEY, per_document
from orca_eval.types import CUT_OFF, Aggregate, Measure


class Bounds(NamedTuple):
    """The scores either would give; None where nothing is left."""

    cut_wrong: float | None = None
    cut_left_out: float | None = None


def bounds(samples: pd.DataFrame, kind: Aggregate, measure: Measure) -> Bounds:
    """Those of a benchmark's samples; none where no reply was cut off."""
    cut = samples["finish_reason"] == CUT_OFF
    if not cut.any():
        return Bounds()
    worst = measure.low if measure.better == "higher" else measure.high
    wrong = samples.assign(score=samples["score"].mask(cut & samples["score"].notna(), worst))
    tasks = samples["task"].nunique()
    return Bounds(*(_mean(part, tasks, kind, measure) for part in (wrong, samples[~cut])))


def average_bounds(parts: Iterable[tuple[float | None, Bounds]]) -> Bounds:
    """Those of an unweighted mean of benchmarks, each with its score, which counts where no reply
    of it was cut off."""
    scores, found = zip(*parts, strict=True)
    if all(each.cut_wrong is None for each in found):
        return Bounds()
    ends = [
        each if each.cut_wrong is not None else Bounds(score, score)
        for score, each in zip(scores, found, strict=True)
    ]
    return Bounds(*(_mean_of_all(side) for side in zip(*ends, strict=True)))


def _mean_of_all(scores: Sequence[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return math.fsum(known) / len(known) if len(known) == len(scores) else None


def _mean(samples: pd.DataFrame, tasks: int, kind: Aggregate, measure: Measure) -> float | None:
    """The documents' mean; None where there is none, or a task that counts once has none."""
    measures = dict.fromkeys(samples["benchmark"].unique(), measure)
    documents = per_document(samples, ["score"], [], measures)[[*KEY, "score"]].dropna()
    by_task = documents.groupby("task", observed=True)["score"].mean()
    if kind == "mean_of_tasks":
        return float(by_task.mean()) if len(by_task) == tasks else None
    return float(documents["score"].mean()) if len(documents) else None
