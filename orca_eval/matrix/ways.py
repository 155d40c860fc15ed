"""Finished runs → the matrix of a model: every document's score under every way of asking it.

A way is a prompt and a strategy. Only documents that every way has graded are in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from orca_eval.config.schema import OWN_STRATEGY
from orca_eval.report.paired import doc_scores
from orca_eval.results.documents import KEY
from orca_eval.results.run import Run
from orca_eval.stats.choosing import TaskWays
from orca_eval.stats.strata import FloatArray, unit_codes
from orca_eval.types import Aggregate

CAUTIOUS = "cautious"
TaskKey = tuple[str, str]
"""A benchmark and its task."""


@dataclass(frozen=True, slots=True)
class Part:
    """A task's documents by number, and their scores: a row each, a column per way, 0 to 1."""

    documents: pd.Index
    scores: FloatArray
    units: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Matrix:
    """One model's ways, in the order of its runs, and the documents that all of them share.

    `groups` are what scores are made over: the averages whose benchmarks all ran, then benchmarks.
    """

    model: str
    runs: tuple[Run, ...]
    parts: Mapping[TaskKey, Part]
    kinds: Mapping[str, Aggregate]
    groups: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> list[str]:
        """The ways' names: the strategy, and the prompt where there are several."""
        several = len({run.prompt for run in self.runs}) > 1
        return [f"{run.strategy} · {run.prompt}" if several else run.strategy for run in self.runs]

    @property
    def alone(self) -> list[int]:
        """The ways in which the model was left to itself."""
        return [n for n, run in enumerate(self.runs) if run.strategy == OWN_STRATEGY.name]

    def way(self, strategy: str, prompt: str) -> int | None:
        """The number of a way."""
        found = [(run.strategy, run.prompt) for run in self.runs]
        return found.index((strategy, prompt)) if (strategy, prompt) in found else None

    def tasks(self, group: str) -> dict[TaskKey, TaskWays]:
        """The tasks of an average or a benchmark, each with its weight in the score."""
        members = self.groups[group]
        found: dict[TaskKey, TaskWays] = {}
        for name in members:
            own = {key: part for key, part in self.parts.items() if key[0] == name}
            n = sum(len(part.scores) for part in own.values())
            for key, part in own.items():
                pooled = self.kinds[name] == "pooled"
                weight = len(part.scores) / n if pooled else 1 / len(own)
                found[key] = TaskWays(part.scores, part.units, weight / len(members))
        return found

    def only(self, ways: Sequence[int]) -> "Matrix":
        """The same with some of the ways."""
        parts = {
            key: Part(part.documents, part.scores[:, list(ways)], part.units)
            for key, part in self.parts.items()
        }
        runs = tuple(self.runs[way] for way in ways)
        return Matrix(self.model, runs, parts, self.kinds, self.groups)

    def where(self, kept: Mapping[TaskKey, Iterable[int]]) -> "Matrix":
        """The same with some of the documents."""
        parts = {}
        for key, part in self.parts.items():
            rows = part.documents.isin(list(kept.get(key, ())))
            if rows.any():
                parts[key] = Part(part.documents[rows], part.scores[rows], part.units[rows])
        return Matrix(self.model, self.runs, parts, self.kinds, self.groups)


def matrices(runs: Sequence[Run]) -> list[Matrix]:
    """A matrix for each model of which two ways or more have finished."""
    by_model: dict[str, list[Run]] = {}
    for run in runs:
        by_model.setdefault(run.model, []).append(run)
    return [_matrix(model, own) for model, own in by_model.items() if len(own) > 1]


def _matrix(model: str, runs: Sequence[Run]) -> Matrix:
    every = [doc_scores(run) for run in runs]
    names = [name for name in every[0] if all(name in scores for scores in every)]
    parts: dict[TaskKey, Part] = {}
    kinds = {name: runs[0].benchmarks[name].aggregate for name in names}
    for name in names:
        measure = runs[0].benchmarks[name].measure
        joined = _joined([scores[name] for scores in every])
        for task, rows in joined.groupby("task", sort=False, observed=True):
            scores = measure.share(rows.filter(regex=r"^way \d").to_numpy(dtype=np.float64))
            clusters = rows["cluster"].to_numpy(dtype=object)
            units = unit_codes(len(rows), clusters if rows["cluster"].notna().any() else None)
            parts[name, str(task)] = Part(pd.Index(rows["doc_id"]), scores, units)
    held = {name for name, _ in parts}
    averages = {name: of for run in runs for name, of in run.averages.items()}
    groups = {name: of for name, of in averages.items() if held >= {*of}}
    alone = {name: (name,) for name in names if name in held}
    return Matrix(model, tuple(runs), parts, kinds, groups | alone)


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """A row per document that all have graded, with a column of scores for each."""
    first, *others = [
        frame.rename(columns={"score": f"way {number}"}) for number, frame in enumerate(frames)
    ]
    for number, other in enumerate(others, start=1):
        first = first.merge(other[[*KEY, f"way {number}"]], on=KEY)
    return first
