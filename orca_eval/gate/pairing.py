"""Pairs the samples of two runs by benchmark, task and document id; data must be the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from orca_eval.errors import InputError
from orca_eval.gate.side import Side
from orca_eval.results.documents import KEY


@dataclass(frozen=True, slots=True)
class Pairs:
    """One benchmark's paired samples: a row per pair.

    Columns: task, doc_id, cluster, and score, answer and the rates with _b (baseline) and _c
    (candidate) appended. `unpaired_b` and `unpaired_c` count what had no partner.
    """

    benchmark: str
    frame: pd.DataFrame
    unpaired_b: int
    unpaired_c: int

    @property
    def identical(self) -> bool:
        """Whether every pair has the same score."""
        return bool((self.frame["score_b"] == self.frame["score_c"]).all())


@dataclass(frozen=True, slots=True)
class Paired:
    """All that could be paired, and the benchmarks that only one run has."""

    benchmarks: Mapping[str, Pairs]
    only_in_baseline: tuple[str, ...]
    only_in_candidate: tuple[str, ...]


def pair(baseline: Side, candidate: Side) -> Paired:
    """Pairs two runs.

    Raises InputError where a document differs, a task stands on one side only, or nothing pairs.
    """
    before, after = baseline.frame, candidate.frame
    common = [name for name in baseline.benchmarks if name in set(candidate.benchmarks)]
    merged = before[before["benchmark"].isin(common)].merge(
        after[after["benchmark"].isin(common)], on=KEY, suffixes=("_b", "_c"), how="inner"
    )
    if merged.empty:
        raise InputError(
            f"{baseline.label} and {candidate.label} have no sample in common; "
            "run both on the same suite"
        )
    _same_documents(merged, baseline, candidate)
    _same_tasks(before, after, common, baseline, candidate)
    merged["cluster"] = merged["cluster_b"].where(merged["cluster_b"].notna(), merged["cluster_c"])
    benchmarks = {}
    for name in common:
        rows = merged[merged["benchmark"] == name]
        if rows.empty:
            raise InputError(
                f"{name}: the runs have no sample in common; run both with limits of which the "
                "smaller lies inside the larger"
            )
        benchmarks[name] = Pairs(
            name,
            rows,
            int((before["benchmark"] == name).sum()) - len(rows),
            int((after["benchmark"] == name).sum()) - len(rows),
        )
    return Paired(
        benchmarks,
        tuple(n for n in baseline.benchmarks if n not in common),
        tuple(n for n in candidate.benchmarks if n not in common),
    )


def _same_documents(merged: pd.DataFrame, baseline: Side, candidate: Side) -> None:
    other = merged["fingerprint_b"] != merged["fingerprint_c"]
    if other.any():
        first = merged[other].iloc[0]
        raise InputError(
            f"{baseline.label} and {candidate.label} ran on other data: {int(other.sum())} "
            f"documents differ, the first {first['benchmark']} {first['task']} {first['doc_id']}; "
            "run both on the same data"
        )


def _same_tasks(
    before: pd.DataFrame, after: pd.DataFrame, common: list[str], baseline: Side, candidate: Side
) -> None:
    """A task that only one side has would make a mean over fewer tasks, unseen."""
    for name in common:
        tasks_b = set(before.loc[before["benchmark"] == name, "task"])
        tasks_c = set(after.loc[after["benchmark"] == name, "task"])
        for label, missing in ((candidate, tasks_b - tasks_c), (baseline, tasks_c - tasks_b)):
            if missing:
                raise InputError(
                    f"{label.label}: {name} has no samples of {', '.join(sorted(missing))}; "
                    "finish the run"
                )
