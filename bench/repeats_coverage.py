"""How often do the intervals of repeated answers hold the truth? By simulation, and the package's
own way from samples to scores.

    python -m bench.repeats_coverage [--trials 2000]

A document has a chance to be answered right, drawn from a known distribution and shared within its
passage; a wrong answer is one of three. Each trial draws documents and their answers anew and asks
whether the 95 % intervals of mean, pass@k, majority and consistency hold what all documents would
give. The split of the variance is asked twice: whether the documents' true chances lie within
1.96 SE of items from the truth, and the score within 1.96 SE of sampling from those.

Prints a line per case and exits with 1 where a share is not within 1.5 points of 95 %.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from unittest.mock import patch

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.interval_coverage import DRAWS
from orca_eval import stats
from orca_eval.results.aggregate import aggregate, by_benchmark
from orca_eval.results.repeats import Repeats
from orca_eval.types import EXACT_MATCH, Aggregate

FloatArray = NDArray[np.float64]

OFF = 0.015
NORMAL_95 = 1.96
WRONG = 3
MANY = 1_000_000


@dataclass(frozen=True)
class Case:
    """`tasks`: documents of each; `beta`: of their chances; `passage`: documents that share one."""

    name: str
    tasks: tuple[int, ...]
    answers: int
    beta: tuple[float, float]
    passage: int = 1
    aggregate: Aggregate = "pooled"


CASES = (
    Case("300 documents, 8 answers", (300,), 8, (1.5, 1.5)),
    Case("274 documents, 4 answers", (274,), 4, (2.0, 2.0)),
    Case("100 passages of 4, 5 answers", (400,), 5, (2.0, 2.0), passage=4),
    Case("5 tasks of 100, 4 answers", (100,) * 5, 4, (2.0, 3.0), aggregate="mean_of_tasks"),
    Case("200 documents, 64 answers", (200,), 64, (0.3, 1.5)),
)


def drawn(case: Case, rng: np.random.Generator) -> tuple[pd.DataFrame, FloatArray]:
    """Samples of one trial, and the chance of each document."""
    frames, chances = [], []
    for number, size in enumerate(case.tasks):
        chance = np.repeat(rng.beta(*case.beta, size // case.passage), case.passage)
        right = rng.random((size, case.answers)) < chance[:, None]
        answers = np.where(right, 0, rng.integers(1, WRONG + 1, right.shape))
        document = np.repeat(np.arange(size), case.answers)
        frame = pd.DataFrame({"doc_id": document, "score": right.ravel().astype(float)})
        frame["answer"] = np.array(list("ABCD"), dtype=object)[answers.ravel()]
        frame["task"] = f"task {number}"
        frame["cluster"] = (
            [f"{number}-{d // case.passage}" for d in document] if case.passage > 1 else None
        )
        frames.append(frame)
        chances.append(chance)
    samples = pd.concat(frames, ignore_index=True).assign(
        benchmark="b", kind="choice", answered=True, empty=False, finish_reason="stop"
    )
    return samples, np.concatenate(chances)


def truths(case: Case, rng: np.random.Generator) -> dict[str, float]:
    """What all documents would give: of the mean exactly, of the rest from MANY documents."""
    chance = rng.beta(*case.beta, MANY)
    right = rng.binomial(case.answers, chance)
    wrong = rng.multinomial(case.answers - right, [1 / WRONG] * WRONG)
    best, ties = wrong.max(axis=1), (wrong == wrong.max(axis=1)[:, None]).sum(axis=1)
    # Of answers that tie any may be the first.
    majority = np.where(right > best, 1.0, np.where(right == best, 1 / (ties + 1), 0.0))
    found = {
        f"majority@{case.answers}": float(majority.mean()),
        "consistency": float((np.maximum(right, best) / case.answers).mean()),
        "mean": case.beta[0] / sum(case.beta),
    }
    return found | {f"pass@{k}": float((1 - (1 - chance) ** k).mean()) for k in range(2, 65)}


def held(
    case: Case, truth: Mapping[str, float], samples: pd.DataFrame, chances: FloatArray
) -> dict[str, bool]:
    """Which intervals of one trial hold the truth."""
    row, *_ = aggregate(by_benchmark(samples), {"b": case.aggregate}, [], {"b": EXACT_MATCH})
    repeats = row.repeats
    assert isinstance(repeats, Repeats)
    assert row.score is not None
    assert repeats.se_items is not None
    assert repeats.se_sampling is not None
    intervals = {"mean": (row.ci_low, row.ci_high)} | {
        name: (low, high) for name, (_, low, high) in repeats.estimates.items()
    }
    of_these = float(chances.mean())
    found = {
        name: low is not None and high is not None and low <= truth[name] <= high
        for name, (low, high) in intervals.items()
    }
    found["items"] = abs(of_these - truth["mean"]) <= NORMAL_95 * repeats.se_items
    found["sampling"] = abs(row.score - of_these) <= NORMAL_95 * repeats.se_sampling
    return found


def coverage(case: Case, trials: int, seed: int = 18) -> dict[str, float]:
    """The share of trials whose interval holds the truth, by the interval's name."""
    rng = np.random.default_rng(seed)
    truth = truths(case, rng)
    counts = Counter[str]()
    with patch.object(stats, "bootstrap", partial(stats.bootstrap, draws=DRAWS)):
        for _ in range(trials):
            found = held(case, truth, *drawn(case, rng))
            counts.update({name: int(holds) for name, holds in found.items()})
    return {name: counts[name] / trials for name in counts}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000)
    trials = parser.parse_args().trials
    failed = False
    for case in CASES:
        shares = coverage(case, trials)
        off = [name for name, share in shares.items() if abs(share - 0.95) > OFF]
        failed |= bool(off)
        print(
            f"{case.name:<40} "
            + "  ".join(f"{name} {100 * share:.1f}" for name, share in shares.items())
            + (f"  FAILS: {', '.join(off)}" if off else ""),
            flush=True,
        )
    sys.exit(failed)


if __name__ == "__main__":
    main()
