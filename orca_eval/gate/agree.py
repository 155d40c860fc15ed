"""Whether two runs may be compared at all, and what is worth saying where they may."""

import json
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pandas as pd

from orca_eval.errors import InputError
from orca_eval.gate.pairing import Paired, graded, in_both
from orca_eval.gate.policy import Policy
from orca_eval.gate.side import Side, rescored
from orca_eval.names import display
from orca_eval.results.manifest import Manifest
from orca_eval.safe_text import shorten

# What forbids one: other data, prompt, sampling, task version, kind of score or judge.
_RUN_PATHS = (("prompt", "name"), ("prompt", "system_message"), ("strategy",), ("sampling",))
_BENCHMARK_KEYS = (
    *("data_sha256", "content_sha256", "task_versions", "aggregate"),
    *("measure", "judge", "reference", "judge_prompt"),
)
# What may explain a difference without forbidding the comparison.
_CAUTIONS = (
    *(("engine", key) for key in ("name", "version", "dtype", "quantization")),
    ("limit",),
    ("over_long",),
    ("orca_eval_version",),
)


def agreed(baseline: Side, candidate: Side) -> tuple[Side, Side, list[str]]:
    """Both sides with the same extractor, and what to caution of.

    Raises InputError where the manifests forbid the comparison, or where the extractors differ and
    the responses to rescore are not kept.
    """
    before, after = baseline.manifest, candidate.manifest
    if before is None or after is None:
        without = [side.label for side in (baseline, candidate) if side.manifest is None]
        unchecked = "prompt, sampling and versions not checked"
        return baseline, candidate, [f"no manifest in {' and '.join(without)}: {unchecked}"]
    common = in_both(baseline, candidate)
    of_benchmarks = [("benchmarks", name, key) for name in common for key in _BENCHMARK_KEYS]
    differing = _differing(before, after, (*_RUN_PATHS, *of_benchmarks))
    chosen = before.extract.chosen, after.extract.chosen  # nothing is recorded by older runs
    differing += [
        f"{name}: baseline {old}, candidate {chosen[1][name]}"
        for name, old in chosen[0].items()
        if old != chosen[1][name]
    ]
    if differing:
        raise InputError(
            f"{baseline.label} and {candidate.label} can't be compared: {'; '.join(differing)}; "
            "run both alike"
        )
    said = _differing(before, after, _CAUTIONS)
    versions = before.extractor_version, after.extractor_version
    if versions[0] == versions[1]:
        return baseline, candidate, said
    differ = f"extractor versions differ (baseline {versions[0]}, candidate {versions[1]})"
    without = [side.label for side in (baseline, candidate) if not side.has_responses]
    if without:
        raise InputError(
            f"{differ} and {' and '.join(without)} keeps no responses; `orca-eval rescore run=RUN` "
            "on the run it was made from, then `orca-eval baseline export` again"
        )
    said.append(f"{differ}: both sides were rescored in memory with today's extractor")
    return rescored(baseline), rescored(candidate), said


def unmatched(baseline: Side, candidate: Side, paired: Paired, policy: Policy) -> list[str]:
    """What could not be paired. InputError for a benchmark in one run only, unless advisory."""
    said = []
    sides = {"baseline": baseline, "candidate": candidate}
    for side, other in permutations(sides):
        names = [name for name in sides[side].benchmarks if name not in paired]
        judged = [name for name in names if policy.rule(name).tier != "advisory"]
        if judged:
            raise InputError(
                f"{', '.join(judged)}: only in the {side}; run it for the {other} too, or make it "
                "advisory in the policy"
            )
        said += [f"{display(name)} is only in the {side}: not compared" for name in names]
    sizes = [side.frame["benchmark"].value_counts() for side in sides.values()]
    for name, rows in paired.items():
        alone_b, alone_c = (size[name] - len(rows) for size in sizes)
        if alone_b or alone_c:
            said.append(
                f"{display(name)}: without a partner are {alone_b:,} of the baseline's samples "
                f"and {alone_c:,} of the candidate's"
            )
        said += _without_score(name, rows, policy)
    return said


def _without_score(name: str, rows: pd.DataFrame, policy: Policy) -> list[str]:
    """What failed and what nothing graded. InputError where no pair is left, unless the benchmark
    is advisory."""
    kinds = {
        "failed or timed out": (rows["failed_b"] > 0, rows["failed_c"] > 0),
        "ungraded": tuple(rows[f"score_{s}"].isna() & (rows[f"failed_{s}"] == 0) for s in "bc"),
    }
    ways = {
        "failed or timed out": "repeat the run's command, which asks them again",
        "ungraded": "grade them with another judge",
    }
    said = []
    for kind, (before, after) in kinds.items():
        if not before.any() and not after.any():
            continue
        counts = (
            f"{display(name)}: {kind} are {int(before.sum()):,} of the baseline's samples and "
            f"{int(after.sum()):,} of the candidate's"
        )
        if graded(rows).empty and policy.rule(name).tier != "advisory":
            raise InputError(
                f"{counts}, so nothing can be compared; {ways[kind]}, or make it advisory in the "
                "policy"
            )
        said.append(f"{counts}; they are in no score")
    return said


def _differing(
    baseline: Manifest, candidate: Manifest, paths: Sequence[tuple[str, ...]]
) -> list[str]:
    found = []
    for path in paths:
        before, after = baseline.get(*path), candidate.get(*path)
        one_sided = before is None or after is None
        # Without a value nothing was recorded; but none is a limit, a quantization, a strategy too.
        if before == after or (one_sided and path[-1] not in ("limit", "quantization", "strategy")):
            continue
        found.append(f"{'.'.join(path)}: baseline {_show(before)}, candidate {_show(after)}")
    return found


def _show(value: Any) -> str:
    return shorten("none" if value is None else json.dumps(value, sort_keys=True), 120)
