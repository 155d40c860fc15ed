"""What it is worth to choose among several ways of asking, without the winner's curse.

The best of several noisy scores is too high, because it was chosen for being high. So a way is
chosen on one half of the documents and judged on the other, and the other way round, over many
splits. docs/strategies.md says what is estimated and how it was tested.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

from orca_eval.stats.proportion import Interval, score_interval
from orca_eval.stats.strata import FloatArray

Ceiling = Literal["single", "per_task", "per_item"]
CEILINGS: tuple[Ceiling, ...] = ("single", "per_task", "per_item")
"""The best way for everything, the best for each task, the best for each document."""
SPLITS = 200
DRAWS = 400
SPLITS_A_DRAW = 20
LEAST_UNITS = 3  # of a task: fewer have no spread
LEAST = 20  # of all tasks: fewer show too little of it
ROUNDING = 1e-9  # of a standard deviation that is 0
TINY = 1e-12  # of a document: no half is without weight


class TaskWays(NamedTuple):
    """A task's documents: a row each, with the score of every way from 0 (worst) to 1.

    `units` numbers the passage of each document. `weight` is the task's in the score at hand; those
    of all tasks make 1.
    """

    scores: FloatArray
    units: NDArray[np.int64]
    weight: float


@dataclass(frozen=True, slots=True)
class Choosing:
    """The scores of all ways and then of the ceilings, in this order; a row of them for each draw.

    `naive` is the score of the best way per task by the documents that it was chosen on, and `size`
    how many independent units the score is worth.
    """

    values: FloatArray
    drawn: FloatArray
    naive: float
    size: float

    def ceiling(self, ceiling: Ceiling, level: float = 0.95) -> Interval:
        """The ceiling's score, as unsure as a share of so many units as its variance makes it
        worth; of all units where nothing varies."""
        return score_interval(*self._share(ceiling), level)

    def forecast(self, ceiling: Ceiling, level: float = 0.95) -> Interval:
        """Where the score lies on as many other documents, which are as unsure as these: twice
        the variance is half the units."""
        score, size = self._share(ceiling)
        return score_interval(score, max(1.0, size / 2), level)

    def _share(self, ceiling: Ceiling) -> tuple[float, float]:
        """The ceiling's score, and how many units it is worth."""
        at = self._at(ceiling)
        score = float(self.values[at].clip(0, 1))
        variance = float(self.drawn[:, at].var(ddof=1))
        size = score * (1 - score) / variance if variance > 0 else self.size
        return score, max(1.0, min(size, self.size)) if size else self.size

    def regret(self, ceiling: Ceiling, way: int, level: float = 0.95) -> Interval:
        """How much more the ceiling scores than a way, on the same documents."""
        return self._contrast(self._at(ceiling), way, level)

    def gain(self, level: float = 0.95) -> Interval:
        """How much more the best way per task scores than the best single one."""
        return self._contrast(self._at("per_task"), self._at("single"), level)

    def _at(self, ceiling: Ceiling) -> int:
        return CEILINGS.index(ceiling) - len(CEILINGS)

    def _contrast(self, plus: int, minus: int, level: float) -> Interval:
        """The difference of two values, with percentiles of its draws around it, which lie as
        unevenly as the choice makes them. Where no document tells the two apart, it reaches as
        far as they could differ on documents that were not seen."""
        factors = np.zeros(len(self.values))
        factors[plus] += 1
        factors[minus] -= 1
        estimate = float(factors @ self.values)
        draws = self.drawn @ factors
        if float(draws.std(ddof=1)) < ROUNDING:
            reach = score_interval(0.0, self.size, level).high
            return Interval(estimate, estimate - reach, estimate + reach, level)
        tail = (1 - level) / 2
        low, high = estimate + np.quantile(draws, [tail, 1 - tail]) - draws.mean()
        return Interval(estimate, float(low), float(high), level)


def choose(task: TaskWays) -> int:
    """The way with the best mean on a task's documents; the first of several that are as good."""
    return int(np.argmax(task.scores.mean(axis=0)))


def choose_single(tasks: Sequence[TaskWays]) -> int:
    """The way with the best score over all tasks; the first of several."""
    scores = np.stack([task.weight * task.scores.mean(axis=0) for task in tasks])
    return int(np.argmax(scores.sum(axis=0)))


def choosing(tasks: Sequence[TaskWays], seed: int = 0, draws: int = DRAWS) -> Choosing | None:
    """What choosing is worth; None where a task has too few units for an interval.

    The interval's width is that of documents resampled: their weights are drawn (Rubin 1981), and
    on each draw the ways are chosen anew. A document never lies in both halves. That each draw has
    few splits adds a little to its spread, on the safe side.
    """
    halves = [_Halves(task) for task in tasks]
    units = [half.units for half in halves]
    if sum(units) < LEAST or min(units) < LEAST_UNITS:
        return None
    rng = np.random.default_rng(seed)
    pairings = range(SPLITS // SPLITS_A_DRAW)
    values = np.mean([_judged(halves, SPLITS_A_DRAW, rng) for _ in pairings], axis=(0, 1))
    drawn = [_judged(halves, SPLITS_A_DRAW, rng, drawn=True).mean(axis=0) for _ in range(draws)]
    best = [task.scores.mean(axis=0).max() * task.weight for task in tasks]
    size = 1 / sum(half.weight**2 / half.units for half in halves)
    return Choosing(values, np.stack(drawn), float(sum(best)), size)


class _Halves:
    """A task's units, ready to be split: a row each, the sums of every way's scores, of the best
    way's at each document, and the number of documents."""

    def __init__(self, task: TaskWays) -> None:
        columns = [*task.scores.T, task.scores.max(axis=1), np.ones(len(task.scores))]
        _, codes = np.unique(task.units, return_inverse=True)
        self.sums = np.stack([np.bincount(codes, weights=column) for column in columns], axis=1)
        self.units, self.weight = len(self.sums), task.weight

    def means(self, splits: int, rng: np.random.Generator, *, drawn: bool) -> FloatArray:
        """Means of (split, half, column), where `drawn` of units with weights, which have the
        unbiased variance of a mean of so many. Of each pair of units either may be in the first
        half; of an odd number, one has no partner."""
        units = self.sums[rng.permutation(self.units)]
        if drawn:
            shape = (self.units - 2) / self.units
            units *= np.maximum(rng.gamma(shape, size=(self.units, 1)), TINY)
        odd = self.units % 2
        padded = np.concatenate([units, np.zeros((odd, units.shape[1]))])
        pairs = padded.reshape(-1, 2, units.shape[1])
        swapped = rng.integers(2, size=(splits, len(pairs)), dtype=np.uint8).astype(np.float64)
        one = pairs[:, 0].sum(axis=0) + swapped @ (pairs[:, 1] - pairs[:, 0])
        both = np.stack([one, units.sum(axis=0) - one], axis=1)
        means: FloatArray = both[..., :-1] / np.maximum(both[..., -1:], TINY)
        return means


def _judged(
    tasks: Sequence[_Halves], splits: int, rng: np.random.Generator, *, drawn: bool = False
) -> FloatArray:
    """For each split the scores of all ways and of the ceilings, chosen on one half and judged on
    the other."""
    total = per_task = np.zeros(())
    for task in tasks:
        means = task.means(splits, rng, drawn=drawn)
        chosen = means[..., :-1].argmax(axis=-1)[..., None]
        on_the_other = np.take_along_axis(means[:, ::-1], chosen, axis=-1)[..., 0]
        per_task = per_task + task.weight * on_the_other
        total = total + task.weight * means
    single = total[..., :-1].argmax(axis=-1)[..., None]
    judged = total[:, ::-1]
    best = np.take_along_axis(judged, single, axis=-1)[..., 0]
    parts = [*np.moveaxis(judged[..., :-1], -1, 0), best, per_task, judged[..., -1]]
    found: FloatArray = np.stack(parts, axis=-1).mean(axis=1)
    return found


def item_floor(scores: FloatArray) -> float | None:
    """What "the best way for each document" would score if all ways were equally good: chance
    alone makes one of several right.

    Documents differ in how often a reply is right, by a beta distribution with the mean of all
    scores and the correlation that the ways have among each other (Skellam 1948). None where
    scores are not right or wrong.
    """
    if not np.isin(scores, (0.0, 1.0)).all():
        return None
    ways = scores.shape[1]
    right, share = scores.sum(axis=1), float(scores.mean())
    if ways == 1 or share in (0.0, 1.0):
        return share
    agreeing = float((right * (right - 1)).mean()) / (ways * (ways - 1))
    alike = (agreeing - share**2) / (share * (1 - share))
    if alike >= 1:
        return share
    if alike <= 0:
        return float(1 - (1 - share) ** ways)
    size = (1 - alike) / alike
    a, b = share * size, (1 - share) * size
    none_right = float(np.exp(betaln(a, b + ways) - betaln(a, b)))
    return 1 - none_right
