"""Pairs the samples of two runs by benchmark, task and document id; data must be the same."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from orca_eval.errors import InputError
from orca_eval.gate.side import Side
from orca_eval.results.documents import KEY

Paired = Mapping[str, pd.DataFrame]
"""Each benchmark's paired samples, a row per pair. Columns: task, doc_id, cluster, and score,
answer and the rates with _b (baseline) and _c (candidate) appended."""


@dataclass(frozen=True, slots=True)
class Flip:
    """One sample whose score fell. Answers are the models' own, untrusted text; None is no answer.

    `baseline_answer` is None as well where the baseline is a file without answers.
    """

    benchmark: str
    task: str
    doc_id: str
    baseline_answer: str | None
    candidate_answer: str | None


def in_both(baseline: Side, candidate: Side) -> list[str]:
    """Names of the benchmarks that both sides have."""
    return [name for name in baseline.benchmarks if name in set(candidate.benchmarks)]


def pair(baseline: Side, candidate: Side) -> Paired:
    """Pairs two runs.

    Raises InputError where a document differs, a task stands on one side only, or nothing pairs.
    """
    common = in_both(baseline, candidate)
    before, after = (
        side.frame[side.frame["benchmark"].isin(common)] for side in (baseline, candidate)
    )
    merged = before.merge(after, on=KEY, suffixes=("_b", "_c"), how="inner")
    if merged.empty:
        raise InputError(
            f"{baseline.label} and {candidate.label} have no sample in common; "
            "run both on the same suite"
        )
    other = merged[merged["fingerprint_b"] != merged["fingerprint_c"]]
    if len(other):
        first = other.iloc[0]
        raise InputError(
            f"{baseline.label} and {candidate.label} ran on other data: {len(other)} "
            f"documents differ, the first {first['benchmark']} {first['task']} {first['doc_id']}; "
            "run both on the same data"
        )
    for name in common:
        tasks_b, tasks_c = (
            set(frame.loc[frame["benchmark"] == name, "task"]) for frame in (before, after)
        )
        for side, missing in ((candidate, tasks_b - tasks_c), (baseline, tasks_c - tasks_b)):
            # A task that only one side has would make a mean over fewer tasks, unseen.
            if missing:
                raise InputError(
                    f"{side.label}: {name} has no samples of {', '.join(sorted(missing))}; "
                    "finish the run"
                )
    merged["cluster"] = merged["cluster_b"].where(merged["cluster_b"].notna(), merged["cluster_c"])
    paired = {name: merged[merged["benchmark"] == name] for name in common}
    for name, rows in paired.items():
        if rows.empty:
            raise InputError(
                f"{name}: the runs have no sample in common; run both with limits of which the "
                "smaller lies inside the larger"
            )
    return paired


def graded(rows: pd.DataFrame) -> pd.DataFrame:
    """The pairs that have a score on both sides."""
    return rows[rows["score_b"].notna() & rows["score_c"].notna()]


def flips(paired: Paired, drops: Mapping[str, float]) -> list[Flip]:
    """Every sample that the candidate answers worse, the benchmark with the largest drop first."""
    found = []
    for name in sorted(paired, key=lambda name: -drops[name]):
        rows = paired[name]
        fall = rows["score_b"] - rows["score_c"]
        worse = rows.assign(fall=fall)[fall > 0].sort_values("fall", ascending=False, kind="stable")
        texts = worse[["task", "doc_id", "answer_b", "answer_c"]]
        found += [Flip(name, *row) for row in texts.itertuples(index=False)]
    return found
