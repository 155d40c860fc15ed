"""Samples → documents: a document with several answers counts once, with their mean."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray

from orca_eval.stats.ratio import ratio_values
from orca_eval.types import Measure

KEY = ["benchmark", "task", "doc_id"]
"""What names a document, in a run and between runs."""
WEIGHT = "weight"
"""The column of what a document's score is a share of, where its measure names that."""


def per_document(
    samples: pd.DataFrame,
    means: Sequence[str],
    firsts: Sequence[str],
    measures: Mapping[str, Measure] = MappingProxyType({}),
) -> pd.DataFrame:
    """One row per document, in the order of their first samples.

    Args:
        means: columns that become the mean over a document's samples.
        firsts: columns that are the same for all of them, or of which one does.
        measures: say of a benchmark whether a document's best or worst score counts instead of the
            mean.
    """
    if not samples.duplicated(KEY).any():
        return samples
    columns = {**dict.fromkeys(means, "mean"), **dict.fromkeys(firsts, "first")}
    documents = samples.groupby(KEY, sort=False, observed=True, as_index=False).agg(columns)
    for name, measure in measures.items():
        own = samples[samples["benchmark"] == name]
        if measure.over and WEIGHT in samples:
            one = _ratios(own)
        elif measure.over_repeats != "mean":
            scores = own.groupby(KEY, sort=False, observed=True)["score"]
            highest = (measure.over_repeats == "best") == (measure.better == "higher")
            one = scores.max() if highest else scores.min()
        else:
            continue
        documents.loc[documents["benchmark"] == name, "score"] = one.to_numpy()
    return documents


def weighed(samples: pd.DataFrame, measures: Mapping[str, Measure]) -> pd.DataFrame:
    """The samples with WEIGHT, where a measure says what scores are a share of; its figure is
    among the `figures`, mappings or their JSON."""
    of = {name: measure.over for name, measure in measures.items() if measure.over}
    if not of or "figures" not in samples:
        return samples
    cells = zip(samples["benchmark"], samples["figures"], strict=True)
    return samples.assign(**{WEIGHT: [_figure(cell, of.get(name)) for name, cell in cells]})


def _figure(cell: Any, name: str | None) -> float:
    if name is None or not isinstance(cell, str | dict):
        return math.nan
    figures = figures_of(cell) if isinstance(cell, str) else cell
    return float(figures.get(name, math.nan))


def _ratios(samples: pd.DataFrame) -> pd.Series:
    """Each document's ratio of sums over its samples, NaN where none is graded."""
    sums = samples.assign(score=samples["score"] * samples[WEIGHT])
    sums = sums.groupby(KEY, sort=False, observed=True)[["score", WEIGHT]].sum()
    return sums["score"] / sums[WEIGHT].where(sums[WEIGHT] > 0)


def with_means(documents: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """The documents with scores whose mean over a task's graded ones is its score: as they are,
    or, where that is a ratio of sums, the values for it."""
    if not measure.over or WEIGHT not in documents:
        return documents
    graded = documents[documents["score"].notna()]
    found = documents["score"].copy()
    for _, part in graded.groupby("task", observed=True, sort=False):
        shares, weights = (part[name].to_numpy(np.float64) for name in ("score", WEIGHT))
        found[part.index] = ratio_values(shares, weights)
    return documents.assign(score=found)


def figures_of(cell: str) -> dict[str, float]:
    """What stands beside a score, by name. ValueError for a cell that holds anything else."""
    figures = orjson.loads(cell or "{}")
    if not isinstance(figures, dict) or set(map(type, figures.values())) - {int, float}:
        raise ValueError(f"figures {cell[:40]!r}: a JSON mapping of numbers is wanted")
    return figures


def slices_of(cell: str) -> dict[str, list[str]]:
    """The slices that a document belongs to. ValueError for a cell that holds anything else."""
    slices = orjson.loads(cell or "{}")
    names = slices.values() if isinstance(slices, dict) else [None]
    if not all(isinstance(name, list) and set(map(type, name)) <= {str} for name in names):
        raise ValueError(f"slices {cell[:40]!r}: a JSON mapping of lists of names is wanted")
    return dict(slices)


def by_task(frame: pd.DataFrame, column: str) -> list[NDArray[Any]]:
    """A column's values, one array per task."""
    return [group[column].to_numpy() for _, group in frame.groupby("task", sort=True)]


def clusters_by_task(frame: pd.DataFrame) -> list[NDArray[Any] | None]:
    """Passage names per task, None for a task without any."""
    return [names if pd.notna(names).any() else None for names in by_task(frame, "cluster")]
