"""A random sample of a run's replies, by what was read: strata, and units of known probability.

A score is a weighted sum of right samples: each counts once, or each task of a mean of tasks. A
stratum is drawn by these weights, so that the share of errors among its draws estimates, without
bias, their weight in the stratum.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from orca_eval.results.reasoning import empty
from orca_eval.stats.strata import FloatArray
from orca_eval.types import CUT_OFF, Aggregate

RIGHT, WRONG, NONE, CUT = "right", "wrong", "none", "cut off"
STRATA: Mapping[str, str] = {
    RIGHT: "a rule's answer, scored right",
    WRONG: "a rule's answer, scored wrong",
    NONE: "no answer in a whole reply",
    CUT: "no answer, cut off",
}
"""What each stratum holds. Errors can only lower the first one's score and raise the others'."""
LEAST = 0.1
"""The share of the draws that a stratum gets at least, so that a small one is not left unseen."""


@dataclass(frozen=True, slots=True)
class Population:
    """A run's samples that rules read, and the score that they make, a share of 1.

    `stratum` and `weights` have an element per row of `rows`; a reply that holds nothing is in no
    stratum: nobody can misread it. `out` counts the samples that no rule reads.
    """

    rows: pd.DataFrame
    stratum: NDArray[np.object_]
    weights: FloatArray
    score: float
    out: int

    def members(self, stratum: str) -> NDArray[np.int64]:
        """The rows of a stratum."""
        return np.flatnonzero(self.stratum == stratum)

    @property
    def shares(self) -> dict[str, float]:
        """What each stratum that has members weighs in the score."""
        weights = {name: float(self.weights[self.members(name)].sum()) for name in STRATA}
        return {name: weight for name, weight in weights.items() if weight}


def population(samples: pd.DataFrame, kinds: Mapping[str, Aggregate]) -> Population:
    """What can be audited of a run. `kinds` says how each benchmark's tasks make one score.

    The score is a single benchmark's own; of several the share of all samples that are right.
    """
    read = ((samples["kind"] != "") & samples["score"].isin([0.0, 1.0])).to_numpy()
    rows = samples[read].reset_index(drop=True)
    score, names = rows["score"].to_numpy(np.float64), rows["benchmark"].unique()
    weights = np.full(len(rows), 1.0 / max(1, len(rows)))
    if len(names) == 1 and kinds.get(names[0]) == "mean_of_tasks":
        size = rows.groupby("task", observed=True)["task"].transform("size").to_numpy(np.float64)
        weights = 1.0 / (size * rows["task"].nunique())
    answered = rows["answer"].notna().to_numpy()
    cut = (rows["finish_reason"] == CUT_OFF).to_numpy()
    stratum = np.select(
        [empty(rows), answered & (score == 1), answered, cut], ["", RIGHT, WRONG, CUT], NONE
    ).astype(object)
    return Population(rows, stratum, weights, float(weights @ score), int((~read).sum()))


def draw(people: Population, n: int, rng: np.random.Generator) -> dict[int, int]:
    """How often each row is drawn, for those that are, in a random order; `n` draws in all, or
    every row where there are no more."""
    sizes = {name: len(people.members(name)) for name in people.shares}
    draws = allocate(list(people.shares.values()), list(sizes.values()), n)
    times = {
        int(row): int(count)
        for name, share in zip(sizes, draws, strict=True)
        for row, count in _drawn(people, name, share, rng)
    }
    return {row: times[row] for row in rng.permutation(sorted(times)).tolist()}


def allocate(weights: Sequence[float], sizes: Sequence[int], n: int) -> list[int]:
    """`n` draws over strata by their weights, at least LEAST of them each, and none more than it
    has members."""
    if n >= sum(sizes):
        return list(sizes)
    least = [min(size, max(1, round(LEAST * n))) for size in sizes]
    draws = np.array(least)
    while draws.sum() > n:  # fewer draws than the least for all
        draws[draws.argmax()] -= 1
    while draws.sum() < n:
        open_ = draws < np.array(sizes)
        draws[np.argmax(np.where(open_, np.array(weights) / (draws + 1), -1.0))] += 1
    return [int(count) for count in draws]


def _drawn(
    people: Population, name: str, n: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """A systematic sample of a stratum in random order: a row is drawn n · weight / all weights
    times on average, and all once where all are drawn and weigh the same."""
    order = rng.permutation(people.members(name))
    ends = np.cumsum(people.weights[order])
    points = (np.arange(n) + rng.uniform()) * (ends[-1] / n) if n else np.zeros(0)
    places = np.minimum(np.searchsorted(ends, points, side="right"), len(order) - 1)
    found, counts = np.unique(places, return_counts=True)
    return list(zip(order[found].tolist(), counts.tolist(), strict=True))
