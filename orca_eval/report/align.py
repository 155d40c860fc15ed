"""Which runs' scores may stand in one column, and why the others may not.

A column compares models on the same documents, scored the same way. The reference is the
baseline's run where it ran the benchmark, else what most runs share, the first of them on a tie.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

from orca_eval.names import display
from orca_eval.results.run import BenchmarkRun, Run
from orca_eval.types import EXACT_MATCH, Measure

_PROTOCOL = ("max_tokens", "extractor_version", "over_long")


class Columns:
    """For every benchmark of the runs: its label, and which runs' scores belong in its column."""

    def __init__(self, runs: Sequence[Run], baseline: Run | None = None) -> None:
        self.runs = tuple(runs)
        self.baseline = baseline
        self.benchmarks = tuple(dict.fromkeys(name for run in runs for name in run.benchmarks))
        self._reference = {name: self._find_reference(name) for name in self.benchmarks}

    def reference(self, benchmark: str) -> BenchmarkRun:
        """The benchmark as the column's runs have it."""
        return self._reference[benchmark].benchmarks[benchmark]

    def alias(self, benchmark: str) -> str:
        """The benchmark's display name."""
        run = self._reference.get(benchmark)
        return run.benchmarks[benchmark].alias if run else display(benchmark)

    def measure(self, benchmark: str) -> Measure:
        """What the benchmark's scores mean."""
        run = self._reference.get(benchmark)
        return run.benchmarks[benchmark].measure if run else EXACT_MATCH

    def exact_match(self, benchmark: str) -> bool:
        """Whether the score is one of exact match, which has an F1 beside it."""
        score = self._reference[benchmark].benchmark(benchmark)
        return score is not None and score.f1 is not None

    def why_not(self, run: Run, benchmark: str) -> str:
        """Why the run's score is left out of the benchmark's column; empty where it is in."""
        if benchmark not in run.benchmarks:
            return "did not run"
        if reason := _difference(run, self._reference[benchmark], benchmark):
            return reason
        score = run.benchmark(benchmark)
        if score is None or score.score is None:
            return "no score" + (f": {score.note}" if score and score.note else "")
        return ""

    def why_no_average(self, run: Run, name: str, members: Sequence[str]) -> str:
        """Why the run has no average in the column; empty where it has one."""
        reasons: dict[str, list[str]] = {}
        for member in members:
            if reason := self.why_not(run, member):
                reasons.setdefault(reason, []).append(self.alias(member))
        if reasons:
            parts = (f"{', '.join(names)}: {reason}" for reason, names in reasons.items())
            return "no average: " + "; ".join(parts)
        score = run.average(name)
        if score is None or score.score is None:
            return f"no average: the run's suite has no {name}"
        return ""

    def protocol_notes(self, run: Run) -> tuple[str, ...]:
        """How the run's protocol differs from the first one's (the baseline's where measured)."""
        mine, others = _protocol(run), _protocol(self.baseline or self.runs[0])
        differing = [
            f"{key} {mine.get(key, 'not recorded')} (others: {others.get(key, 'not recorded')})"
            for key in dict.fromkeys((*mine, *others))
            if mine.get(key) != others.get(key)
        ]
        return ("other protocol: " + ", ".join(differing),) if differing else ()

    def _find_reference(self, benchmark: str) -> Run:
        having = [run for run in self.runs if benchmark in run.benchmarks]
        if self.baseline is not None and benchmark in self.baseline.benchmarks:
            return self.baseline
        identities = [_identity(run.benchmarks[benchmark]) for run in having]
        common = Counter(identities).most_common(1)[0][0]
        return having[identities.index(common)]


def _identity(benchmark: BenchmarkRun) -> tuple[Hashable, ...]:
    """What must be equal for two scores to be comparable."""
    return (
        benchmark.documents,
        benchmark.data_sha256,
        benchmark.aggregate,
        frozenset(benchmark.task_versions.items()),
        benchmark.measure,
        benchmark.judge,
        benchmark.reference,
        benchmark.judge_prompt,
    )


def _difference(run: Run, other: Run, benchmark: str) -> str:
    """The most telling difference between two runs of a benchmark; empty where there is none."""
    mine, reference = run.benchmarks[benchmark], other.benchmarks[benchmark]
    reasons = (
        (
            run.quickstart != other.quickstart and mine.documents != reference.documents,
            f"{run.extent or 'full benchmark'}, the others have "
            f"{other.extent or 'the full benchmark'}",
        ),
        (
            run.limit != other.limit and mine.documents != reference.documents,
            f"limit={run.limit or 'none'}, the others have limit={other.limit or 'none'}",
        ),
        (mine.data_sha256 != reference.data_sha256, "other data (another sha256 than the others)"),
        (
            mine.documents != reference.documents,
            f"other documents (n = {mine.n:,}, the others have n = {reference.n:,})",
        ),
        (
            mine.aggregate != reference.aggregate,
            f"another kind of score ({mine.aggregate}, the others have {reference.aggregate})",
        ),
        (mine.task_versions != reference.task_versions, "another version of its tasks"),
        (mine.measure != reference.measure, f"another measure ({mine.measure.unit})"),
        (
            mine.judge != reference.judge,
            f"another judge ({mine.judge}, the others have {reference.judge})",
        ),
        (
            mine.reference != reference.reference,
            f"another reference ({mine.reference}, the others have {reference.reference})",
        ),
        (
            mine.judge_prompt != reference.judge_prompt,
            f"another prompt of the judge's ({mine.judge_prompt}, the others have "
            f"{reference.judge_prompt})",
        ),
    )
    return next((reason for differs, reason in reasons if differs), "")


def _protocol(run: Run) -> dict[str, Any]:
    """What decides a score beside model, prompt and documents."""
    content = run.manifest.content
    decisive = {key: content[key] for key in _PROTOCOL if key in content}
    return decisive | run.manifest.extract.chosen | (run.manifest.get("sampling") or {})
