"""Whether two runs may be compared at all, and what is worth saying where they may."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd

from orca_eval.errors import InputError
from orca_eval.gate.pairing import Paired
from orca_eval.gate.policy import Policy
from orca_eval.gate.side import Side, rescored
from orca_eval.names import display
from orca_eval.results.manifest import Manifest

_BENCHMARK_KEYS = ("data_sha256", "content_sha256", "task_versions", "aggregate")
_ENGINE_KEYS = ("name", "version", "dtype", "quantization")

Rescore = Callable[[pd.DataFrame], pd.DataFrame]


def agreed(baseline: Side, candidate: Side, rescore: Rescore) -> tuple[Side, Side, list[str]]:
    """Both sides with the same extractor, and what to caution of.

    Raises InputError where the manifests forbid the comparison, or where the extractors differ and
    the responses to rescore are not kept.
    """
    before, after = baseline.manifest, candidate.manifest
    if before is None or after is None:
        without = [side.label for side in (baseline, candidate) if side.manifest is None]
        return (
            baseline,
            candidate,
            [f"no manifest in {' and '.join(without)}: prompt, sampling and versions not checked"],
        )
    common = [name for name in baseline.benchmarks if name in set(candidate.benchmarks)]
    differing = _disagreements(before, after, common)
    if differing:
        raise InputError(
            f"{baseline.label} and {candidate.label} can't be compared: {'; '.join(differing)}; "
            "run both alike"
        )
    said = _cautions(before, after)
    versions = (before.extractor_version, after.extractor_version)
    if versions[0] == versions[1]:
        return baseline, candidate, said
    without = [side.label for side in (baseline, candidate) if not side.has_responses]
    if without:
        raise InputError(
            f"extractor versions differ (baseline {versions[0]}, candidate {versions[1]}) and "
            f"{' and '.join(without)} keeps no responses; `orca-eval rescore run=RUN` on the run "
            "it was made from, then `orca-eval baseline export` again"
        )
    said.append(
        f"extractor versions differ (baseline {versions[0]}, candidate {versions[1]}): both sides "
        "were rescored in memory with today's extractor"
    )
    return rescored(baseline, rescore), rescored(candidate, rescore), said


def unmatched(paired: Paired, policy: Policy) -> list[str]:
    """What could not be paired. InputError for a benchmark in one run only, unless advisory."""
    said = []
    for side, other, names in (
        ("baseline", "candidate", paired.only_in_baseline),
        ("candidate", "baseline", paired.only_in_candidate),
    ):
        judged = [name for name in names if policy.rule(name).tier != "advisory"]
        if judged:
            raise InputError(
                f"{', '.join(judged)}: only in the {side}; run it for the {other} too, or make it "
                "advisory in the policy"
            )
        said += [f"{display(name)} is only in the {side}: not compared" for name in names]
    said += [
        f"{display(name)}: without a partner are {pairs.unpaired_b:,} of the baseline's samples "
        f"and {pairs.unpaired_c:,} of the candidate's"
        for name, pairs in paired.benchmarks.items()
        if pairs.unpaired_b or pairs.unpaired_c
    ]
    return said


def _disagreements(baseline: Manifest, candidate: Manifest, benchmarks: list[str]) -> list[str]:
    """What forbids a comparison: other data, prompt, sampling, task version or kind of score."""
    paths = [("prompt", "name"), ("prompt", "system_message"), ("sampling",)]
    for name in benchmarks:
        paths += [("benchmarks", name, key) for key in _BENCHMARK_KEYS]
    return _differing(baseline, candidate, paths)


def _cautions(baseline: Manifest, candidate: Manifest) -> list[str]:
    """What may explain a difference without forbidding the comparison."""
    paths: list[tuple[str, ...]] = [("engine", key) for key in _ENGINE_KEYS]
    paths += [("limit",), ("over_long",), ("orca_eval_version",)]
    return _differing(baseline, candidate, paths)


def _differing(baseline: Manifest, candidate: Manifest, paths: list[tuple[str, ...]]) -> list[str]:
    found = []
    for path in paths:
        before, after = baseline.get(*path), candidate.get(*path)
        one_sided = before is None or after is None
        # Without a value nothing was recorded, but no limit and no quantization are values.
        if before == after or (one_sided and path[-1] not in ("limit", "quantization")):
            continue
        found.append(f"{'.'.join(path)}: baseline {_show(before)}, candidate {_show(after)}")
    return found


def _show(value: Any) -> str:
    text = "none" if value is None else json.dumps(value, sort_keys=True)
    return text if len(text) <= 120 else text[:119] + "…"
