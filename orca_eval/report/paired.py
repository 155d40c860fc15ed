"""Two runs' samples, paired by task and document, as the strata of their joint bootstrap."""

import pandas as pd

from orca_eval.results.documents import KEY, by_task, clusters_by_task, per_document
from orca_eval.results.run import Run
from orca_eval.stats import PairedDraws, paired_ratio
from orca_eval.stats.spread import Scale
from orca_eval.types import EXACT_MATCH, Aggregate, Measure

_COLUMNS = [*KEY, "cluster", "score"]


def doc_scores(run: Run) -> dict[str, pd.DataFrame]:
    """Per benchmark a score per document (task, doc_id, cluster, score), in a fixed order.

    Repeated answers to one document make one score; what nothing could grade is left out.
    """
    frame = run.samples(_COLUMNS).to_pandas()
    documents = per_document(frame, ["score"], ["cluster"], run.manifest.measures)
    documents = documents[documents["score"].notna()].sort_values(KEY)
    return {str(name): part for name, part in documents.groupby("benchmark", sort=False)}


def compare(
    baseline: pd.DataFrame,
    candidate: pd.DataFrame,
    aggregate: Aggregate,
    measure: Measure = EXACT_MATCH,
) -> PairedDraws | None:
    """Joint draws of one benchmark's two scores, over the documents that both runs have graded;
    None without any."""
    other = baseline[[*KEY, "score"]].rename(columns={"score": "baseline"})
    frame = candidate.merge(other, on=KEY)
    if frame.empty:
        return None
    sides = by_task(frame, "baseline"), by_task(frame, "score")
    width = measure.high - measure.low
    scale = Scale(above=width, below=width)
    return paired_ratio(*sides, clusters_by_task(frame), aggregate, scale=scale)
