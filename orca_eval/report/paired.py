"""Two runs' samples, paired by task and document, as the strata of their joint bootstrap."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from orca_eval.report.ratio import PairedDraws, Stratum, paired_draws
from orca_eval.results.documents import KEY, per_document
from orca_eval.results.run import Run

_COLUMNS = [*KEY, "cluster", "score"]
DocScores = Mapping[str, pd.DataFrame]


def doc_scores(run: Run) -> dict[str, pd.DataFrame]:
    """Per benchmark a score per document (task, doc_id, cluster, score), in a fixed order.

    Repeated answers to one document are averaged.
    """
    frame = run.samples(_COLUMNS).to_pandas()
    documents = per_document(frame, ["score"], ["cluster"]).sort_values(KEY)
    return {str(name): part for name, part in documents.groupby("benchmark", sort=False)}


def compare(baseline: pd.DataFrame, candidate: pd.DataFrame, aggregate: str) -> PairedDraws:
    """Joint draws of one benchmark's two scores; both frames hold the same documents."""
    frame = candidate.assign(baseline=baseline["score"].to_numpy())
    if aggregate != "mean_of_tasks":
        return paired_draws([_stratum(frame, 1.0)])
    tasks = [task for _, task in frame.groupby("task", sort=False)]
    return paired_draws([_stratum(task, 1.0 / len(tasks)) for task in tasks])


def _stratum(frame: pd.DataFrame, weight: float) -> Stratum:
    """A cluster never reaches over two tasks; a document without one is a unit of its own."""
    shared = frame["cluster"].astype(object)
    own = "#" + frame["doc_id"].astype(str)
    names = frame["task"].astype(str) + shared.where(shared.notna(), own).astype(str)
    return Stratum(
        baseline=frame["baseline"].to_numpy(dtype=np.float64),
        candidate=frame["score"].to_numpy(dtype=np.float64),
        units=pd.factorize(names)[0].astype(np.int64),
        weight=weight,
    )
