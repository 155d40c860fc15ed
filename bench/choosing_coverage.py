"""Does choosing among strategies estimate what it says? By simulation, with a planted truth.

    python -m bench.choosing_coverage [--trials 2000] [--draws 100] [--small]

Six ways of asking answer documents in the shape of orca2_reasoning: its 36 tasks with their sizes
and weights, DROP, RACE and the reading tasks of AGIEval in passages. How likely a way is right
on a task is planted, and so the truth is known: the expected score of the rule "choose on a random
half of the documents", by its choices on documents drawn anew. Asked is how often the 95 % interval
of the regret of way 0 holds that truth, against the best for all and the best per task; whether the
gain per task is 0 where no way is better; how often what the chosen ways score on as many other
documents lies where it is forecast; and how often a way is chosen that is better by four of its
paired standard errors on the half that chooses.

Exits with 1 where an interval holds the truth in less than 93 %, or where ways differ in more than
97 %, where a gain over nothing or a forecast score is outside its interval in more than 7 %, or
where the better way is chosen in less than 95 %.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from orca_eval.stats.choosing import TaskWays, choose, choosing
from orca_eval.stats.strata import FloatArray

WAYS = 6
TRUTH_TRIALS = 4000
CHOICES = 1000
LOW, HIGH, CHOSEN = 0.93, 0.97, 0.95


@dataclass(frozen=True)
class Shape:
    """A task: how many documents it has, how many share a passage, and its weight."""

    documents: int
    passage: int
    weight: float


def _benchmark(sizes: Sequence[int], passages: Sequence[int], parts: int) -> list[Shape]:
    pairs = zip(sizes, passages, strict=True)
    return [Shape(n, passage, 1 / len(sizes) / parts) for n, passage in pairs]


AGIEVAL = [254, 651, 230, 510, 269, 206, 206, 220]
REASONING = [
    *_benchmark(AGIEVAL, [1, 1, 6, 1, 7, 4, 1, 1], 6),
    *_benchmark([250] * 20 + [146, 187, 178], [1] * 23, 6),
    Shape(9536, 16, 1 / 6),
    Shape(274, 1, 1 / 6),
    Shape(3498, 4, 0.709 / 6),
    Shape(1436, 4, 0.291 / 6),
    Shape(1319, 1, 1 / 6),
]
SMALL = [Shape(100, 1, 0.3), Shape(60, 1, 0.2), Shape(200, 4, 0.5)]
ALIKE = {"document": 0.4, "passage": 0.1}
"""The parts of a reply's being right that all ways share, and all documents of a passage."""


def planted(shapes: Sequence[Shape], apart: float) -> FloatArray:
    """Each way's chance on each task; `apart` is the standard deviation between ways."""
    rng = np.random.default_rng(7)
    base = rng.uniform(0.3, 0.7, size=(len(shapes), 1))
    chances: FloatArray = base + apart * rng.normal(size=(len(shapes), WAYS))
    return chances.clip(0.05, 0.95)


def drawn(
    shape: Shape, chances: FloatArray, rng: np.random.Generator, share: float = 1.0
) -> TaskWays:
    """A task's documents, or a share of its passages: right is where a normal sum is low."""
    passages = max(1, round(share * shape.documents / shape.passage))
    units = np.repeat(np.arange(passages), shape.passage)
    own = 1 - sum(ALIKE.values())
    normal = np.sqrt(own) * rng.standard_normal((len(units), WAYS), dtype=np.float32)
    normal += np.sqrt(ALIKE["document"]) * rng.standard_normal((len(units), 1))
    normal += np.sqrt(ALIKE["passage"]) * rng.standard_normal((passages, 1))[units]
    return TaskWays((normal < ndtri(chances)).astype(np.float64), units, shape.weight)


def truth(shapes: Sequence[Shape], chances: FloatArray) -> dict[str, float]:
    """The expected scores of both rules, chosen on a random half; its means are all but normal."""
    rng = np.random.default_rng(8)
    means = np.stack([_half_means(s, c, rng) for s, c in zip(shapes, chances, strict=True)])
    weights = np.array([shape.weight for shape in shapes])
    each = np.take_along_axis(chances[:, None], means.argmax(axis=2)[..., None], axis=2)[..., 0]
    whole = np.einsum("t,tsw->sw", weights, means).argmax(axis=1)
    return {
        "single": float((weights @ chances)[whole].mean()),
        "per_task": float((weights @ each).mean()),
    }


def _half_means(shape: Shape, chances: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Means of halves, normal with the covariance that many documents show."""
    many = drawn(shape, chances, rng, share=max(1.0, 40_000 / shape.documents))
    sums = np.stack([np.bincount(many.units, weights=w) for w in many.scores.T]) / shape.passage
    half = shape.documents / shape.passage / 2
    means: FloatArray = rng.multivariate_normal(chances, np.cov(sums) / half, size=TRUTH_TRIALS)
    return means


def covered(shapes: Sequence[Shape], apart: float, trials: int, draws: int) -> bool:
    """Prints how often the intervals hold the truth; whether that is as often as they say."""
    chances = planted(shapes, apart)
    own = float(np.array([shape.weight for shape in shapes]) @ chances[:, 0])
    known = truth(shapes, chances)
    held = dict.fromkeys(known, 0)
    regrets: dict[str, list[float]] = {name: [] for name in known}
    gains, naive, forecast = [], [], 0
    for trial in range(trials):
        rng = np.random.default_rng([trial, 9])
        tasks = [drawn(s, c, rng) for s, c in zip(shapes, chances, strict=True)]
        found = choosing(tasks, seed=trial, draws=draws)
        if found is None:
            raise ValueError("a task of the simulation is too small")
        for name in ("single", "per_task"):
            regret = found.regret(name, 0)  # type: ignore[arg-type]  # one of the ceilings
            held[name] += regret.low <= known[name] - own <= regret.high
            regrets[name].append(regret.estimate)
        gains.append(found.gain())
        naive.append(found.naive - float(found.values[:WAYS].max()))
        others = [drawn(s, c, rng) for s, c in zip(shapes, chances, strict=True)]
        anew = found.forecast("per_task")
        forecast += anew.low <= routed(tasks, others) <= anew.high
    fine = True
    for name, count in held.items():
        share = count / trials
        fine &= share >= LOW and (share <= HIGH or not apart)
        print(
            f"ways {100 * apart:g} points apart, regret against {name}: truth "
            f"{100 * (known[name] - own):.2f}, estimated {100 * np.mean(regrets[name]):.2f} in the "
            f"mean, held in {100 * share:.1f} %",
            flush=True,
        )
    gain = 100 * np.mean([each.estimate for each in gains])
    zero = np.mean([each.low <= 0 <= each.high for each in gains])
    print(
        f"ways {100 * apart:g} points apart, gain per task {gain:+.2f}, 0 held in "
        f"{100 * zero:.1f} %; as chosen {100 * np.mean(naive):+.2f}; on other documents the ways "
        f"chosen per task scored as forecast in {100 * forecast / trials:.1f} %",
        flush=True,
    )
    return fine and forecast >= LOW * trials and (apart > 0 or bool(zero >= LOW))


def routed(chosen_on: Sequence[TaskWays], others: Sequence[TaskWays]) -> float:
    """What the best way of each task scores on other documents."""
    return sum(
        other.weight * float(other.scores[:, choose(task)].mean())
        for task, other in zip(chosen_on, others, strict=True)
    )


def chosen_share(trials: int = CHOICES) -> float:
    """How often a way is chosen on a half that is better there by four paired standard errors."""
    rng = np.random.default_rng(10)
    right = total = 0
    for shape in (Shape(n, 1, 1.0) for n in (1319, 250, 274)):
        half = Shape(shape.documents // 2, 1, 1.0)
        apart = np.sqrt(2 * 0.25 * (1 - _agreement()) / half.documents)
        chances = np.full(WAYS, 0.5)
        chances[3] += 4 * apart
        for _ in range(trials // 3 + 1):
            right += choose(drawn(half, chances, rng)) == 3
            total += 1
    return right / total


def _agreement() -> float:
    """The correlation of two ways' being right on a document, both in half of them."""
    alike = sum(ALIKE.values())
    return float(2 * np.arcsin(alike) / np.pi) if alike < 1 else float(ndtr(9))


def main() -> int:
    """Simulates every case; exit code 1 where one is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--small", action="store_true", help="three small tasks")
    args = parser.parse_args()
    share = chosen_share()
    print(f"a way better by four standard errors is chosen in {100 * share:.1f} %", flush=True)
    shapes = SMALL if args.small else REASONING
    fine = [covered(shapes, apart, args.trials, args.draws) for apart in (0.03, 0.0)]
    return int(share < CHOSEN or not all(fine))


if __name__ == "__main__":
    sys.exit(main())
