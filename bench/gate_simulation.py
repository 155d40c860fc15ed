"""How often is the gate wrong? Simulated runs of the ten benchmarks at their real sizes.

Only the change of each sample is simulated (+1 right to wrong, -1 wrong to right), a benchmark at
a time; intervals, tests and verdicts are the gate's own code.

    python bench/gate_simulation.py --flips 0.10 [--correlated] [--power] [--limit 100]

prints JSON: shares of verdicts where nothing changed, and with --power how often a true drop is
caught. Seeded: the same command prints the same numbers.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.stats import binomtest

from orca_eval import stats
from orca_eval.gate.compare import Comparison, averages
from orca_eval.gate.judge import Finding, Line, Verdict, judge
from orca_eval.gate.policy import Policy, policy_from_mapping

FloatArray = NDArray[np.float64]

# Passages by their number of questions, counted in the test sets.
_DROP = {
    1: 15, 2: 22, 3: 21, 4: 27, 5: 22, 6: 25, 7: 24, 8: 25, 9: 29, 10: 23, 11: 21, 12: 30,
    13: 26, 14: 17, 15: 20, 16: 20, 17: 19, 18: 20, 19: 19, 20: 8, 21: 17, 22: 14, 23: 9, 24: 7,
    25: 3, 26: 9, 27: 7, 28: 2, 29: 2, 30: 8, 31: 3, 32: 7, 33: 1, 34: 5, 35: 3, 36: 5, 37: 6,
    38: 1, 39: 2, 40: 2, 43: 1, 46: 1, 47: 1, 48: 2, 49: 2, 50: 1, 51: 3, 53: 2, 57: 1, 58: 1,
    60: 2, 62: 2, 64: 1, 66: 1, 71: 2, 72: 3, 73: 1, 75: 1, 76: 1, 86: 1, 92: 1, 95: 1, 98: 1,
}  # fmt: skip
_RACE_HIGH = {1: 38, 2: 128, 3: 416, 4: 363, 5: 96, 6: 4}
_RACE_MIDDLE = {1: 4, 2: 30, 3: 76, 4: 117, 5: 134, 6: 1}
_LSAT_RC = {5: 5, 6: 12, 7: 12, 8: 11}
_SAT_EN = {2: 1, 3: 4, 4: 16, 5: 12, 6: 9, 7: 2}

# In correlated trials: how alike the flip rates within a passage are (intraclass correlation), and
# the share of passages whose flips all go the same way.
_ALIKE = 0.2
_SAME_WAY = 0.5

# Drops that are to be caught in at least 90 % of trials.
_ASKED = {
    "gsm8k": 0.04, "agieval": 0.03, "bbh": 0.03, "drop": 0.03, "race": 0.03, "mmlu": 0.03,
    "hellaswag": 0.03,
}  # fmt: skip


@dataclass(frozen=True)
class Benchmark:
    """A benchmark's tasks: for each the passage number of every item, or how many items it has."""

    aggregate: stats.Aggregate
    tasks: tuple[NDArray[np.int64] | int, ...]


@dataclass(frozen=True)
class Scenario:
    """How two runs of equal accuracy differ: the share of answers that flip, alike within passages
    or not; `limit` takes the first items of each task only.
    """

    flips: float
    correlated: bool
    limit: int | None


def _passages(by_size: Mapping[int, int]) -> NDArray[np.int64]:
    sizes = np.repeat(list(by_size), list(by_size.values()))
    return np.repeat(np.arange(len(sizes)), sizes)


def _limited(task: NDArray[np.int64] | int, limit: int | None) -> NDArray[np.int64] | int:
    return min(task, limit or task) if isinstance(task, int) else task[:limit]


BENCHMARKS = {
    "agieval": Benchmark(
        "mean_of_tasks",
        (254, 651, 230, 510, _passages(_LSAT_RC), 220, _passages(_SAT_EN), 206),
    ),
    "bbh": Benchmark("mean_of_tasks", (*[250] * 20, 187, 146, 178)),
    "drop": Benchmark("pooled", (_passages(_DROP),)),
    "crass": Benchmark("pooled", (274,)),
    "race": Benchmark("pooled", (_passages(_RACE_HIGH), _passages(_RACE_MIDDLE))),
    "gsm8k": Benchmark("pooled", (1319,)),
    "mmlu": Benchmark("pooled", (14042,)),
    "arc_easy": Benchmark("pooled", (2376,)),
    "arc_challenge": Benchmark("pooled", (1172,)),
    "hellaswag": Benchmark("pooled", (10042,)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flips", type=float, default=0.10, help="share of answers that flip")
    parser.add_argument("--correlated", action="store_true", help="flips alike within passages")
    parser.add_argument("--power", action="store_true", help="true drops as well")
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=10_000, help="bootstrap draws")
    parser.add_argument("--limit", type=int, help="the first items of each task only")
    parser.add_argument("--policy", default="default")
    parser.add_argument("--seed", type=int, default=20)
    args = parser.parse_args()
    path = Path(__file__).parent.parent / "conf" / "policy" / f"{args.policy}.yaml"
    policy = policy_from_mapping(yaml.safe_load(path.read_text(encoding="utf-8")))
    null = Scenario(args.flips, args.correlated, args.limit)
    trials = [Trial(policy, null, args.seed + i, args.draws) for i in range(args.trials)]
    judged = [trial.judged({}) for trial in trials[:_PILOT]]
    drops = true_drops(policy, judged) if args.power else {}
    print(json.dumps({**vars(args), **simulate(trials, drops)}, indent=1))


# Trials whose median detectable drop is the drop that the power is simulated at.
_PILOT = 50


class Trial:
    """One pair of runs; a trial's seed fixes it, and a true drop redraws only what dropped."""

    def __init__(self, policy: Policy, scenario: Scenario, seed: int, draws: int) -> None:
        self.policy, self.scenario, self.seed, self.draws = policy, scenario, seed, draws
        self._unchanged: dict[str, stats.Difference] = {}

    def judged(self, drops: Mapping[str, float]) -> tuple[Verdict, list[Line]]:
        """The gate's verdict with these true drops by benchmark."""
        if not self._unchanged:
            self._unchanged = {name: self._difference(name, 0.0) for name in BENCHMARKS}
        results = {
            name: self._difference(name, drops[name]) if name in drops else same
            for name, same in self._unchanged.items()
        }
        lines = [
            Comparison(name, self.policy.rule(name), result, False, result.n)
            for name, result in results.items()
        ]
        return judge([*lines, *averages(lines, self.policy.averages)])

    def forget(self) -> None:
        """Drops the draws: 2,000 trials' would not fit into memory."""
        self._unchanged = {}

    def _difference(self, name: str, drop: float) -> stats.Difference:
        rng = np.random.default_rng([self.seed, zlib.crc32(name.encode()), round(1e6 * drop)])
        benchmark = BENCHMARKS[name]
        tasks = [_limited(task, self.scenario.limit) for task in benchmark.tasks]
        changes = [self._changes(task, drop, rng) for task in tasks]
        return stats.paired_difference(
            [np.maximum(change, 0.0) for change in changes],
            [np.maximum(-change, 0.0) for change in changes],
            [None if isinstance(task, int) else task for task in tasks],
            benchmark.aggregate,
            seed=self.seed,
            draws=self.draws,
        )

    def _changes(
        self, task: NDArray[np.int64] | int, drop: float, rng: np.random.Generator
    ) -> FloatArray:
        """Changes of a task's items: 1 a loss, -1 a gain, of mean `drop`."""
        flips = max(self.scenario.flips, drop)
        lost = (flips + drop) / (2 * flips)
        if isinstance(task, int) or not self.scenario.correlated:
            n = task if isinstance(task, int) else len(task)
            return np.where(rng.random(n) < flips, np.where(rng.random(n) < lost, 1.0, -1.0), 0.0)
        passages = int(task.max()) + 1
        spread = (1 - _ALIKE) / _ALIKE
        rate = rng.beta(flips * spread, (1 - flips) * spread, passages)[task]
        together = (rng.random(passages) < _SAME_WAY)[task]
        loses = np.where(
            together, (rng.random(passages) < lost)[task], rng.random(len(task)) < lost
        )
        return np.where(rng.random(len(task)) < rate, np.where(loses, 1.0, -1.0), 0.0)


def true_drops(
    policy: Policy, judged: list[tuple[Verdict, list[Line]]]
) -> dict[str, tuple[str, dict[str, float]]]:
    """Cases by title: the line to look at and the true drops of benchmarks.

    The asked drops, and for each line the median detectable drop; an average's is one of all its
    benchmarks alike.
    """
    members = {f"{a.name} ({len(a.benchmarks)})": a.benchmarks for a in policy.averages}
    cases = {f"{name}, {100 * d:g} points": (name, {name: d}) for name, d in _ASKED.items()}
    for lines in zip(*(lines for _, lines in judged), strict=True):
        name = lines[0].comparison.name
        drop = float(np.median([line.detectable for line in lines if line.detectable]))
        cases[f"{name}, detectable {100 * drop:.2f} points"] = (
            name,
            dict.fromkeys(members.get(name, (name,)), drop),
        )
    return cases


def simulate(
    trials: list[Trial], drops: Mapping[str, tuple[str, dict[str, float]]]
) -> dict[str, object]:
    """Shares of verdicts where nothing changed and where something dropped."""
    verdicts: Counter[str] = Counter()
    causes: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for trial in trials:
        verdict, lines = trial.judged({})
        verdicts[verdict.name] += 1
        causes.update({_cause(line) for line in lines if line.finding is not Finding.OK})
        for title, (name, drop) in drops.items():
            verdict, lines = trial.judged(drop)
            line = next(line for line in lines if line.comparison.name == name)
            caught[title] += line.finding is Finding.WORSE
            failed[title] += verdict is not Verdict.PASS
        trial.forget()
    n = len(trials)
    return {
        "nothing changed": {
            "REGRESSION": verdicts["REGRESSION"] / n,
            "p of being above 5 %": _above(verdicts["REGRESSION"], n, 0.05),
            "INCONCLUSIVE": verdicts["INCONCLUSIVE"] / n,
            "p of being above 10 %": _above(verdicts["INCONCLUSIVE"], n, 0.10),
            "trials with such a line": {k: v / n for k, v in sorted(causes.items())},
        },
        "true drops": {
            title: {"line is worse": caught[title] / n, "verdict is no pass": failed[title] / n}
            for title in drops
        },
    }


def _above(count: int, trials: int, share: float) -> float:
    return float(binomtest(count, trials, share, alternative="greater").pvalue)


def _cause(line: Line) -> str:
    kind = "average" if line.comparison.parts else "benchmark"
    return f"{line.comparison.rule.tier} {kind} {line.finding.value}"


if __name__ == "__main__":
    main()
