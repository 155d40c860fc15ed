"""How often does a corrected rate's interval hold the truth? Judges whose errors are known.

    python bench/judge_coverage.py [--trials 2000]

A scripted judge says "hallucinated" of a hallucinated output, and "grounded" of a grounded one, as
often as its sensitivity and specificity have it. It is checked on as many labelled outputs as
RAGTruth has, and judges benchmarks of the sizes of a grounding suite. Prints a line per case: the
share of trials whose 95 % interval holds the true rate, and the mean width in points. Exits with 1
where the share is not 93 to 97 %.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from orca_eval.stats import Share, corrected_rate

HALLUCINATED, GROUNDED = 160, 669
SIZES = (148, 207, 244, 281)
RATES = (0.1, 0.3, 0.5)
JUDGES = ((0.6, 0.9), (0.75, 0.75), (0.85, 0.95), (0.98, 0.85))
WANTED = (0.93, 0.97)


@dataclass(frozen=True)
class Case:
    """So many outputs, of which a share is hallucinated, and a judge."""

    n: int
    rate: float
    sensitivity: float
    specificity: float


def cases() -> Iterator[Case]:
    for n, rate, (sensitivity, specificity) in itertools.product(SIZES, RATES, JUDGES):
        yield Case(n, rate, sensitivity, specificity)


def simulate(case: Case, trials: int, seed: int = 18) -> tuple[float, float]:
    """The share of trials whose interval holds the rate, and its mean width."""
    rng = np.random.default_rng(seed)
    said = rng.binomial(case.n, case.rate, trials)
    found = rng.binomial(said, case.sensitivity) + rng.binomial(case.n - said, 1 - case.specificity)
    hits = rng.binomial(HALLUCINATED, case.sensitivity, trials)
    spared = rng.binomial(GROUNDED, case.specificity, trials)
    held, width = 0, 0.0
    for count, hit, miss in zip(found, hits, spared, strict=True):
        interval = corrected_rate(
            Share(int(count), case.n), Share(int(hit), HALLUCINATED), Share(int(miss), GROUNDED)
        )
        if interval is not None:
            held += interval.low <= case.rate <= interval.high
            width += interval.high - interval.low
    return held / trials, width / trials


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000)
    trials = parser.parse_args().trials
    failed = 0
    for case in cases():
        held, width = simulate(case, trials)
        misses = not WANTED[0] <= held <= WANTED[1]
        failed += misses
        print(
            f"n {case.n}  rate {case.rate:.1f}  sensitivity {case.sensitivity:.2f}  specificity "
            f"{case.specificity:.2f}  covered {100 * held:5.1f} %  width {100 * width:5.1f}"
            + ("  FAILS" if misses else ""),
            flush=True,
        )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
