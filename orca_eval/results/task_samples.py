"""A benchmark's samples by task, as scores are made of them: numbers per sample, and documents."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from orca_eval.results.documents import KEY, WEIGHT, per_document, weighed, with_means
from orca_eval.results.repeats import answers_per_document, by_document
from orca_eval.stats.strata import Clusters, FloatArray
from orca_eval.types import CUT_OFF, Measure

SCORE = "score"
_NUMBERS = (
    *("score", "answered", "empty", "only_reasoning", "f1", "exact_match_parts"),
    *("by_letter", "by_text"),
)
"""The columns of samples that are averaged as they are, where there are any."""


@dataclass(frozen=True, slots=True)
class TaskSamples:
    """A task's samples, and its documents: repeated answers make one score first.

    `numbers` has an array per name of `_of_samples`, a value per sample. `documents` has a row per
    document with its cluster, its SCORE (NaN where nothing was graded) and, where each has up to
    `n` answers, several, the columns of `repeats.by_document`.
    """

    name: str
    samples: pd.DataFrame
    numbers: Mapping[str, FloatArray]
    documents: pd.DataFrame
    n: int
    measure: Measure

    def values(self, name: str) -> FloatArray:
        """A column of the documents that have it."""
        column: FloatArray = self.documents[name].to_numpy(dtype=np.float64)
        known: FloatArray = column[~np.isnan(column)]
        if name != SCORE or not self.measure.over:
            return known
        graded = self.documents[~np.isnan(column)]
        values: FloatArray = with_means(graded, self.measure)[SCORE].to_numpy(dtype=np.float64)
        return values

    def clusters(self, name: str) -> Clusters:
        """The passages of the same documents; None where none has one."""
        names = self.documents["cluster"]
        if names.isna().all():
            return None
        found = names[self.documents[name].notna().to_numpy()]
        return found.to_numpy(dtype=object) if found.notna().any() else None

    def part(self, places: list[int]) -> Self:
        """The documents of the samples at these places, of which all are there."""
        ids, own = (part["doc_id"].to_numpy() for part in (self.documents, self.samples))
        documents = np.unique(np.searchsorted(ids, own[places]))
        return replace(
            self,
            samples=self.samples.iloc[places],
            numbers={name: values[places] for name, values in self.numbers.items()},
            documents=self.documents.iloc[documents],
        )


def by_task(samples: pd.DataFrame, measure: Measure) -> list[TaskSamples]:
    """The tasks of a benchmark's samples."""
    n = answers_per_document(samples, measure)
    measures = {samples["benchmark"].iloc[0]: measure}
    scored = weighed(samples, measures)
    means = [name for name in (SCORE, WEIGHT) if name in scored]
    documents = per_document(scored, means, ["cluster"], measures)[[*KEY, *means, "cluster"]]
    if n > 1:
        documents = documents.join(by_document(samples, n, measure))
    documents_of = dict(
        tuple(documents.sort_values("doc_id").groupby("task", sort=False, observed=True))
    )
    return [
        TaskSamples(str(name), frame, _of_samples(frame), documents_of[name], n, measure)
        for name, frame in samples.groupby("task", sort=False, observed=True)
    ]


def _of_samples(samples: pd.DataFrame) -> dict[str, FloatArray]:
    """What is averaged over samples: rows of pandas are slow where a benchmark has many slices."""
    numbers = {n: samples[n].to_numpy(dtype=np.float64) for n in _NUMBERS if n in samples}
    numbers["cut"] = (samples["finish_reason"] == CUT_OFF).to_numpy(dtype=np.float64)
    if "by_letter" in samples:
        numbers["conflict"] = samples["by_letter"].notna().to_numpy(dtype=np.float64)
    return numbers


def mean(values: FloatArray) -> float | None:
    """Over the samples that have a value; None where none has."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None
