"""Two runs' samples, paired by task and document, as the strata of their joint bootstrap."""

import pandas as pd

from orca_eval.results.documents import (
    KEY,
    WEIGHT,
    by_task,
    clusters_by_task,
    per_document,
    weighed,
    with_means,
)
from orca_eval.results.run import Run
from orca_eval.stats import PairedDraws, paired_ratio
from orca_eval.stats.spread import Scale
from orca_eval.types import EXACT_MATCH, Aggregate, Measure

_COLUMNS = [*KEY, "cluster", "score"]


def doc_scores(run: Run) -> dict[str, pd.DataFrame]:
    """Per benchmark a score per document (task, doc_id, cluster, score), in a fixed order.

    Repeated answers to one document make one score; what nothing could grade is left out.
    """
    measures = run.manifest.measures
    more = ["figures"] if any(measure.over for measure in measures.values()) else []
    frame = weighed(run.samples([*_COLUMNS, *more]).to_pandas(), measures)
    means = [name for name in ("score", WEIGHT) if name in frame]
    documents = per_document(frame, means, ["cluster"], measures)
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
    frame = candidate.merge(baseline, on=KEY, suffixes=("", "_b"))
    if frame.empty:
        return None
    names = [name for name in ("score", WEIGHT) if name in frame]
    theirs = frame.assign(**{name: frame[f"{name}_b"] for name in names})
    sides = [by_task(with_means(side, measure), "score") for side in (theirs, frame)]
    width = measure.high - measure.low
    scale = Scale(above=width, below=width)
    return paired_ratio(sides[0], sides[1], clusters_by_task(frame), aggregate, scale=scale)
