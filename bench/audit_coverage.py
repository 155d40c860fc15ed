"""How often do an audit's intervals hold the truth? Runs whose extractor's errors are known.

    python bench/audit_coverage.py [--trials 1000] [--verdicts 100]

A made-up run has so many replies, right or wrong for people; the extractor misreads a share of
them, spread evenly, or only in one stratum. As `orca-eval audit sample=` does it, samples are
drawn by strata, and their true verdicts read. Prints a line per case: the share of trials whose
95 % intervals hold the run's true error rate and the model's true score, and their mean widths in
points.
Exits with 1 where a share is below 93 %.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from orca_eval.audit.draw import CUT, NONE, RIGHT, STRATA, WRONG, Population, draw
from orca_eval.stats import Audited, corrected_score, misread_rate, score_interval

SIZES = (1_000, 10_000)
RATES = (0.002, 0.01, 0.05)
ACCURACIES = (0.3, 0.6, 0.9)
AMONG = ("all", RIGHT, WRONG, NONE)
SHARES = {RIGHT: 0.0, WRONG: 0.0, NONE: 0.06, CUT: 0.02}
"""Of replies that hold no answer for the extractor; the others are read."""
WANTED = 0.93


@dataclass(frozen=True)
class Case:
    """A run of `n` replies, of which `accuracy` are right for people, and an extractor that
    misreads `rate` of them `among` one stratum or all."""

    n: int
    rate: float
    accuracy: float
    among: str


def cases() -> Iterator[Case]:
    for n, rate, accuracy, among in itertools.product(SIZES, RATES, ACCURACIES, AMONG):
        yield Case(n, rate, accuracy, among)


def made(case: Case, rng: np.random.Generator) -> tuple[Population, np.ndarray, np.ndarray]:
    """A run as the extractor read it; which replies it misread, and which scores that moved."""
    names = np.array(list(STRATA), dtype=object)
    silent = SHARES[NONE] + SHARES[CUT]
    read = 1 - silent
    shares = [read * case.accuracy, read * (1 - case.accuracy), SHARES[NONE], SHARES[CUT]]
    stratum = rng.choice(names, case.n, p=shares)
    of = dict(zip(names, shares, strict=True))
    rate = dict.fromkeys(names, case.rate)
    if case.among != "all":
        rate = dict.fromkeys(names, 0.0) | {case.among: min(1.0, case.rate / of[case.among])}
    misread = rng.random(case.n) < np.array([rate[name] for name in stratum])
    moved = misread & (rng.random(case.n) < 0.7)  # some errors leave the score as it is
    score = (stratum == RIGHT).astype(float)
    rows = pd.DataFrame(index=range(case.n))
    weights = np.full(case.n, 1 / case.n)
    return Population(rows, stratum, weights, float(score.mean()), 0), misread, moved


def truth(case: Case) -> float:
    """The model's score for people, over all documents that there could be."""
    read = 1 - SHARES[NONE] - SHARES[CUT]
    shares = {
        RIGHT: read * case.accuracy,
        WRONG: read * (1 - case.accuracy),
        NONE: SHARES[NONE],
        CUT: SHARES[CUT],
    }
    names = STRATA if case.among == "all" else (case.among,)
    moved = {
        name: 0.7
        * (case.rate * shares[name] if case.among == "all" else min(case.rate, shares[name]))
        for name in names
    }
    return shares[RIGHT] + sum(part if name != RIGHT else -part for name, part in moved.items())


def audited(
    people: Population, misread: np.ndarray, moved: np.ndarray, times: dict[int, int]
) -> list[Audited]:
    """The verdicts by stratum."""
    found = []
    for name, weight in people.shares.items():
        rows = [row for row in times if people.stratum[row] == name]
        found.append(
            Audited(
                weight,
                judged=sum(times[row] for row in rows),
                misread=sum(times[row] for row in rows if misread[row]),
                moved=sum(times[row] for row in rows if moved[row]),
                overstates=name == RIGHT,
                whole=len(rows) == len(people.members(name)),
            )
        )
    return found


def simulate(case: Case, trials: int, verdicts: int, seed: int = 25) -> tuple[float, ...]:
    """The shares of trials whose intervals hold the error rate and the score; the mean widths."""
    rng = np.random.default_rng(seed)
    true = truth(case)
    held = np.zeros((trials, 2))
    widths = np.zeros((trials, 2))
    for trial in range(trials):
        people, misread, moved = made(case, rng)
        strata = audited(people, misread, moved, draw(people, verdicts, rng))
        rate = misread_rate(strata)
        score = corrected_score(score_interval(people.score, case.n), strata)
        held[trial] = rate.low <= misread.mean() <= rate.high, score.low <= true <= score.high
        widths[trial] = rate.high - rate.low, score.high - score.low
    return (*held.mean(axis=0), *widths.mean(axis=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--verdicts", type=int, default=100)
    given = parser.parse_args()
    failed = 0
    for case in cases():
        rate, score, rate_width, score_width = simulate(case, given.trials, given.verdicts)
        misses = min(rate, score) < WANTED
        failed += misses
        print(
            f"n {case.n:6}  errors {100 * case.rate:.1f} % among {case.among:6} accuracy "
            f"{case.accuracy:.1f}  rate covered {100 * rate:5.1f} % width {100 * rate_width:5.1f}  "
            f"score covered {100 * score:5.1f} % width {100 * score_width:5.1f}"
            + ("  FAILS" if misses else ""),
            flush=True,
        )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
