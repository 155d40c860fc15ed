"""Samples → documents: a document with several answers counts once, with their mean."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from orca_eval.types import EXACT_MATCH, Measure

KEY = ["benchmark", "task", "doc_id"]
"""What names a document, in a run and between runs."""


def per_document(
    samples: pd.DataFrame,
    means: Sequence[str],
    firsts: Sequence[str],
    measure: Measure = EXACT_MATCH,
) -> pd.DataFrame:
    """One row per document, in the order of their first samples.

    Args:
        means: columns that become the mean over a document's samples.
        firsts: columns that are the same for all of them, or of which one does.
        measure: says whether the best score counts instead of the mean.
    """
    if not samples.duplicated(KEY).any():
        return samples
    columns = {**dict.fromkeys(means, "mean"), **dict.fromkeys(firsts, "first")}
    if measure.over_repeats == "best":
        columns["score"] = "max" if measure.better == "higher" else "min"
    return samples.groupby(KEY, sort=False, as_index=False).agg(columns)


def by_task(frame: pd.DataFrame, column: str) -> list[NDArray[Any]]:
    """A column's values, one array per task."""
    return [group[column].to_numpy() for _, group in frame.groupby("task", sort=True)]


def clusters_by_task(frame: pd.DataFrame) -> list[NDArray[Any] | None]:
    """Passage names per task, None for a task without any."""
    return [names if pd.notna(names).any() else None for names in by_task(frame, "cluster")]
