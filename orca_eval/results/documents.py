"""Samples → documents: a document with several answers counts once, with their mean."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

KEY = ["benchmark", "task", "doc_id"]
"""What names a document, in a run and between runs."""


def per_document(
    samples: pd.DataFrame, means: Sequence[str], firsts: Sequence[str]
) -> pd.DataFrame:
    """One row per document, in the order of their first samples.

    Args:
        means: columns that become the mean over a document's samples.
        firsts: columns that are the same for all of them, or of which one does.
    """
    if not samples.duplicated(KEY).any():
        return samples
    columns = {**dict.fromkeys(means, "mean"), **dict.fromkeys(firsts, "first")}
    return samples.groupby(KEY, sort=False, as_index=False).agg(columns)
