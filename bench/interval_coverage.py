"""How often do intervals hold the truth? Simulated scores, and the package's own intervals of them.

    python bench/interval_coverage.py [--trials 2000]

prints a line per case: the share of trials whose 95 % interval holds the true value, the least
and the mean width in points, and the share of trials without an interval. Exits with 1 where the
share is below 92 %, or an interval has no width, or one is given for fewer than eight passages.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orca_eval import stats
from orca_eval.stats.strata import TaskClusters, Tasks
from orca_eval.types import Aggregate

FloatArray = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], stats.Interval]

WANTED = 0.92
TRUTHS = (0.0, 0.01, 0.5, 0.99, 1.0)
ICC = 0.2
# Percentiles of so many draws are off by a twentieth of a standard error.
DRAWS = 1000


@dataclass(frozen=True)
class Case:
    """What is simulated: `draw` gives one trial's interval from a generator and a seed."""

    name: str
    truth: float
    draw: Draw
    none: bool = False


@dataclass(frozen=True)
class Found:
    """What came of a case's trials; widths are in points of 100."""

    covered: float
    least: float
    mean: float
    without: float

    def holds(self, case: Case, wanted: float = WANTED) -> bool:
        """Whether it is what is wanted."""
        if case.none:
            return self.without == 1
        return self.covered >= wanted and self.least > 0 and self.without == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000)
    trials = parser.parse_args().trials
    failed = 0
    for case in cases():
        found = simulate(case, trials)
        failed += not found.holds(case)
        print(
            f"{case.name:<52} {100 * case.truth:6.1f}  covered {100 * found.covered:5.1f} %  "
            f"width {found.least:6.2f} least {found.mean:6.2f} mean  "
            f"none {100 * found.without:3.0f} %" + ("" if found.holds(case) else "  FAILS"),
            flush=True,
        )
    sys.exit(1 if failed else 0)


def simulate(case: Case, trials: int, seed: int = 18) -> Found:
    """Draws a case's trials. Where no interval is given, none can miss."""
    rng = np.random.default_rng(seed)
    intervals = [case.draw(rng, trial) for trial in range(trials)]
    known = [interval for interval in intervals if not math.isnan(interval.low)]
    slack = 1e-12  # of rounding
    held = sum(i.low - slack <= case.truth <= i.high + slack for i in known)
    widths = [100 * (interval.high - interval.low) for interval in known] or [math.nan]
    return Found(
        covered=held / len(known) if known else 1.0,
        least=float(min(widths)),
        mean=float(np.mean(widths)),
        without=1 - len(known) / trials,
    )


def cases() -> Iterator[Case]:
    """Every kind of number that has an interval, in the middle of its scale and at its ends."""
    for truth in TRUTHS:
        for n in (8, 60, 274, 1319):
            yield Case(f"{n} items", truth, _score([[n]], truth))
        for passages, size in ((8, 3), (8, 15), (12, 15), (40, 3), (150, 15)):
            name = f"{passages} passages of {size}"
            yield Case(name, truth, _score([[size] * passages], truth))
        yield Case("9 tasks of 20 items", truth, _score([[20]] * 9, truth, "mean_of_tasks"))
        tasks = [[15] * 8, [60], [250]]
        yield Case("8 passages of 15 | 60 | 250", truth, _score(tasks, truth, "mean_of_tasks"))
        yield Case("40 graded items", truth, _graded(40, truth))
        yield Case("average: 8 passages of 15, 274, 1319", truth, _average(truth))
        yield Case("7 passages of 15", truth, _score([[15] * 7], truth), none=True)
    yield Case("average: all wrong, half right, all right", 0.5, _average(0.0, 0.5, 1.0))
    for flips in (0.0, 0.02, 0.1, 0.4):
        percent = f"{100 * flips:g} % flips"
        for drop in {0.0, flips / 2}:
            yield Case(f"drop, 300 items, {percent}", drop, _drop([[300]], flips, drop))
            for passages in (8, 40, 150):
                shape = [[15] * passages]
                name = f"drop, {passages} passages of 15, {percent}"
                yield Case(name, drop, _drop(shape, flips, drop))
            name = f"drop, 9 tasks of 20 items, {percent}"
            yield Case(name, drop, _drop([[20]] * 9, flips, drop, "mean_of_tasks"))
    yield Case("drop, 7 passages of 15, 0 % flips", 0.0, _drop([[15] * 7], 0.0, 0.0), none=True)


# A task's shape: the sizes of its passages, or [n] for n items on their own.
Shape = list[int]


def _clusters(shapes: list[Shape]) -> TaskClusters:
    return [
        np.repeat(np.arange(len(shape)), shape).astype(object) if len(shape) > 1 else None
        for shape in shapes
    ]


def _alike(shape: Shape, share: float, rng: np.random.Generator) -> FloatArray:
    """The chance of each item, alike within passages to an intraclass correlation of ICC."""
    if len(shape) == 1 or share in (0.0, 1.0):
        return np.full(sum(shape), share)
    spread = (1 - ICC) / ICC
    return np.repeat(rng.beta(share * spread, (1 - share) * spread, len(shape)), shape)


def _right(shapes: list[Shape], truth: float, rng: np.random.Generator) -> Tasks:
    chances = [_alike(shape, truth, rng) for shape in shapes]
    return [(rng.random(len(chance)) < chance).astype(float) for chance in chances]


def _interval(values: Tasks, clusters: TaskClusters, kind: Aggregate, seed: int) -> stats.Interval:
    exact = stats.exact_interval(values, clusters, kind)
    return exact or stats.bootstrap(stats.strata(values, clusters, kind), seed, DRAWS).interval()


def _score(shapes: list[Shape], truth: float, kind: Aggregate = "pooled") -> Draw:
    clusters = _clusters(shapes)
    return lambda rng, seed: _interval(_right(shapes, truth, rng), clusters, kind, seed)


def _graded(n: int, truth: float) -> Draw:
    """Scores such as F1: one item in two is right or wrong, the rest lies between."""

    def draw(rng: np.random.Generator, seed: int) -> stats.Interval:
        whole = (rng.random(n) < truth).astype(float)
        between = rng.binomial(5, truth, n) / 5
        values = np.where(rng.random(n) < 0.5, whole, between)
        return _interval([values], None, "pooled", seed)

    return draw


def _average(*truths: float) -> Draw:
    """Of three benchmarks, at one true score or at one each."""
    shapes = [[15] * 8], [[274]], [[1319]]

    def draw(rng: np.random.Generator, seed: int) -> stats.Interval:
        each = truths if len(truths) > 1 else truths * 3
        parts = [
            stats.bootstrap(
                stats.strata(_right(shape, truth, rng), _clusters(shape)), 3 * seed + number, DRAWS
            )
            for number, (shape, truth) in enumerate(zip(shapes, each, strict=True))
        ]
        return stats.mean_of_draws(parts).interval()

    return draw


def _drop(shapes: list[Shape], flips: float, drop: float, kind: Aggregate = "pooled") -> Draw:
    """Of two runs, of which this share of the answers differs, alike within passages."""
    clusters, lost = _clusters(shapes), (1 + drop / flips) / 2 if flips else 0.0

    def draw(rng: np.random.Generator, seed: int) -> stats.Interval:
        before = _right(shapes, 0.5, rng)
        changed = [rng.random(sum(s)) < _alike(s, flips, rng) for s in shapes]
        losses = [c & (rng.random(len(c)) < lost) for c in changed]
        sides = (
            [np.where(c, w, b) for c, w, b in zip(changed, ways, before, strict=True)]
            for ways in (losses, [~loss for loss in losses])
        )
        found = stats.paired_difference(*sides, clusters, kind, seed=seed, draws=DRAWS)
        return found.interval()

    return draw


if __name__ == "__main__":
    main()
