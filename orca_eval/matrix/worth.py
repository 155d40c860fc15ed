"""What choosing is worth in a matrix: ceilings, the chosen way of each task, and its price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from orca_eval.matrix.ways import Matrix, TaskKey
from orca_eval.stats import seed_of
from orca_eval.stats.choosing import (
    Choosing,
    TaskWays,
    choose,
    choose_single,
    choosing,
    item_floor,
)
from orca_eval.stats.strata import FloatArray

DIRECT = "direct"
CLOSE = 0.01
"""A point: the cheapest strategy that loses no more is told."""
THOUSAND = 1000


@dataclass(frozen=True)
class Worth:
    """All that is said of one average or benchmark."""

    matrix: Matrix
    group: str

    @cached_property
    def tasks(self) -> dict[TaskKey, TaskWays]:
        return self.matrix.tasks(self.group)

    @cached_property
    def choosing(self) -> Choosing | None:
        """None where a task has too few documents."""
        return choosing(list(self.tasks.values()), seed_of(self.group))

    @cached_property
    def scores(self) -> FloatArray:
        """Every way's, from 0 to 1."""
        each = [task.weight * task.scores.mean(axis=0) for task in self.tasks.values()]
        found: FloatArray = np.sum(each, axis=0)
        return found

    @property
    def documents(self) -> int:
        """How many there are."""
        return sum(len(task.scores) for task in self.tasks.values())

    @property
    def single(self) -> int:
        """The best way for everything."""
        return choose_single(list(self.tasks.values()))

    @property
    def chosen(self) -> dict[TaskKey, int]:
        """The best way for each task."""
        return {key: choose(task) for key, task in self.tasks.items()}

    @property
    def per_item(self) -> float:
        """The score of the best way for each document."""
        return sum(
            task.weight * float(task.scores.max(axis=1).mean()) for task in self.tasks.values()
        )

    @property
    def floor(self) -> float | None:
        """What that would be by chance; None where scores are not right or wrong."""
        each = [(task.weight, item_floor(task.scores)) for task in self.tasks.values()]
        known = [weight * floor for weight, floor in each if floor is not None]
        return sum(known) if len(known) == len(each) else None

    def tokens(self) -> list[float | None]:
        """Tokens generated for a document by every way, as its score weighs them."""
        found = []
        for run in self.matrix.runs:
            cost = run.costs.get(self.group)
            found.append(cost.completion if cost is not None else None)
        return found

    def per_thousand(self) -> list[float | None]:
        """Points gained over `direct` for each 1,000 tokens more, by every way at the same prompt;
        None for a way that takes no more of them."""
        found: list[float | None] = []
        for way, (run, mine) in enumerate(zip(self.matrix.runs, self.tokens(), strict=True)):
            base = self.matrix.way(DIRECT, run.prompt)
            its = None if base is None else self.tokens()[base]
            if base is None or mine is None or its is None or mine <= its:
                found.append(None)
            else:
                gained = float(self.scores[way] - self.scores[base])
                found.append(100 * gained / (mine - its) * THOUSAND)
        return found

    def cheapest(self) -> int | None:
        """The way with the fewest tokens among those within a point of the best."""
        close = np.flatnonzero(self.scores >= self.scores.max() - CLOSE - 1e-12)
        known = [(tokens, int(way)) for way in close if (tokens := self.tokens()[way]) is not None]
        return min(known)[1] if known else None


def leading(matrix: Matrix) -> Sequence[str]:
    """The averages, or the benchmarks where there is none: what is chosen for as a whole."""
    averages = [name for name in matrix.groups if name not in matrix.kinds]
    return averages or list(matrix.kinds)


def worths(matrix: Matrix) -> Mapping[str, Worth]:
    """Of every average and benchmark."""
    return {group: Worth(matrix, group) for group in matrix.groups}
