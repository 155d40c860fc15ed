"""The verbs `gate` and `baseline export`, from paths to an exit code."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from orca_eval.config.nearest import hint
from orca_eval.errors import InputError
from orca_eval.gate.agree import agreed, unmatched
from orca_eval.gate.compare import Comparison, Facts, compare_paired, compare_published
from orca_eval.gate.judge import judge
from orca_eval.gate.output import make_folder, write_outputs
from orca_eval.gate.output.as_json import content
from orca_eval.gate.pairing import flips, pair
from orca_eval.gate.policy import Policy
from orca_eval.gate.result import GateResult
from orca_eval.gate.side import Side, on_scale, read_side
from orca_eval.names import display, ids_by_display
from orca_eval.outcome import Outcome
from orca_eval.paths import PUBLISHED
from orca_eval.results.baseline import write_export
from orca_eval.results.published import read_published
from orca_eval.score_kind import AS_SAMPLED, is_as_sampled, score_kind
from orca_eval.types import EXACT_MATCH

PREFIX = "published:"


def main_gate(
    baseline: str | None, candidate: str | None, policy: Policy, out: Path | None = None
) -> Outcome:
    """Compares two runs, prints the table, and writes gate.md, gate.xml and gate.json to `out`, if
    a folder is named.

    Its exit code is 0 pass, 1 regression, 2 inconclusive. Raises InputError for runs or a policy
    that can't be used, RunError where an output can't be written.
    """
    if out is not None:
        make_folder(out)
    result = gate(_given("baseline", baseline), _given("candidate", candidate), policy)
    write_outputs(result, out)
    return Outcome(content(result), result.verdict.value)


def main_baseline_export(run: str | None, out: Path | None = None) -> Outcome:
    """Writes the compact baseline of a run to `out`, a file or a folder.

    Raises InputError for a run that can't be used, RunError where the file can't be written.
    """
    side = read_side(_given("run", run))
    out = out or Path.cwd()
    make_folder(out.parent)
    path = write_export(side.frame, side.manifest, out)
    size = path.stat().st_size
    sys.stdout.write(f"{path} ({size / 1000:,.0f} kB)\n")
    return Outcome({"file": path, "bytes": size})


def gate(baseline: str, candidate: str, policy: Policy) -> GateResult:
    """The comparison, without its outputs."""
    if baseline.startswith(PREFIX):
        return _against_published(baseline, read_side(candidate), policy)
    return _against_run(read_side(baseline), read_side(candidate), policy)


def _against_run(baseline: Side, candidate: Side, policy: Policy) -> GateResult:
    _check_names(policy, {*baseline.benchmarks, *candidate.benchmarks})
    baseline, candidate, cautions = agreed(baseline, candidate)
    facts = Facts(tuple(s.manifest for s in (candidate, baseline) if s.manifest is not None))
    baseline, candidate = (on_scale(side, facts.measure) for side in (baseline, candidate))
    paired = pair(baseline, candidate)
    cautions += unmatched(baseline, candidate, paired, policy)
    comparisons = compare_paired(paired, policy, facts)
    result = _result(baseline.label, candidate.label, comparisons, policy, paired, facts)
    drops = {comparison.name: comparison.result.difference for comparison in comparisons}
    return replace(
        result,
        flips=tuple(flips(paired, drops)),
        cautions=tuple(cautions),
        has_baseline_answers=baseline.has_answers,
    )


def _against_published(label: str, candidate: Side, policy: Policy) -> GateResult:
    _check_names(policy, set(candidate.benchmarks))
    models, model = read_published(sorted(PUBLISHED.glob("*.csv"))), label.removeprefix(PREFIX)
    if model not in models:
        raise InputError(f"{label}: no such published model, {hint(model, sorted(models))}")
    published = models[model]
    facts = Facts(() if candidate.manifest is None else (candidate.manifest,))
    candidate = on_scale(candidate, facts.measure)
    comparisons = compare_published(published, candidate.frame, policy, facts)
    by_benchmark = candidate.frame.groupby("benchmark", sort=False)
    compared = {str(name): rows for name, rows in by_benchmark if name in published.scores}
    result = _result(label, candidate.label, comparisons, policy, compared, facts)
    limit = None if candidate.manifest is None else candidate.manifest.limit
    limited = f"the candidate ran with limit={limit}, the published scores are full"
    return replace(
        result,
        cautions=() if limit is None else (limited,),
        notes=(
            "The published scores are taken as fixed and compared unpaired: the paper's own "
            "error, its prompts and its parser are not in the intervals or the tests.",
            *result.notes,
        ),
    )


def _result(
    baseline: str,
    candidate: str,
    comparisons: Sequence[Comparison],
    policy: Policy,
    compared: Mapping[str, pd.DataFrame],
    facts: Facts,
) -> GateResult:
    """The comparisons judged, and how to read them."""
    if all(comparison.rule.tier == "advisory" for comparison in comparisons):
        raise InputError(
            f"policy {policy.name}: nothing that was compared is critical or supporting; "
            "choose a policy that names these benchmarks"
        )
    verdict, lines = judge(comparisons)
    notes = (*_kinds(compared, facts), *_scales(compared, facts), *_untested(comparisons, policy))
    return GateResult(verdict, baseline, candidate, policy.name, tuple(lines), notes=notes)


def _given(key: str, value: object) -> str:
    """A run as the user named it; a folder may be called 2024."""
    if value is None or not str(value).strip():
        raise InputError(f"{key}= is missing: name a run folder")
    return str(value)


def _check_names(policy: Policy, present: set[str]) -> None:
    """A misspelt benchmark in a policy would guard nothing."""
    known = present.union(ids_by_display().values())
    unknown = sorted(policy.named() - known)
    if unknown:
        said = "; ".join(f"{name}: {hint(name, sorted(known))}" for name in unknown)
        raise InputError(f"policy {policy.name} names benchmarks that don't exist: {said}")


def _kinds(compared: Mapping[str, pd.DataFrame], facts: Facts) -> list[str]:
    """What the scores of benchmarks with several tasks are, by the samples compared."""
    sizes = {
        name: (facts.aggregate(name), rows["task"].nunique(), len(rows), facts.full_n(name))
        for name, rows in compared.items()
    }
    said = [
        f"{facts.alias(name)} {kind}" for name, size in sizes.items() if (kind := score_kind(*size))
    ]
    sampled = any(is_as_sampled(*size) for size in sizes.values())
    return [*([f"Scores: {', '.join(said)}."] if said else []), *([AS_SAMPLED] if sampled else [])]


def _scales(compared: Iterable[str], facts: Facts) -> list[str]:
    """How to read the points of scores that are no share of right answers."""
    return [
        f"{facts.alias(name)}: points are hundredths of its scale ({measure.unit})."
        for name in compared
        if (measure := facts.measure(name)).scale != EXACT_MATCH.scale
    ]


def _untested(comparisons: Sequence[Comparison], policy: Policy) -> list[str]:
    """What the policy asks for and these runs don't hold: no smaller average takes its place."""
    compared = {comparison.name for comparison in comparisons}
    absent = [display(name) for name in sorted(policy.named() - compared)]
    if not absent:
        return []
    averages = [
        average.name for average in policy.averages if not set(average.benchmarks) <= compared
    ]
    emptied = f"; so not tested: {', '.join(averages)}" if averages else ""
    return [f"In the policy and not compared: {', '.join(absent)}{emptied}."]
