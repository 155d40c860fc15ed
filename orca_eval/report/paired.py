"""Two runs' samples, paired by task and document, as the strata of their joint bootstrap."""

from collections.abc import Mapping

import pandas as pd

from orca_eval.results.documents import KEY, by_task, clusters_by_task, per_document
from orca_eval.results.run import BenchmarkRun, Run
from orca_eval.stats import PairedDraws, paired_ratio

DocScores = Mapping[str, pd.DataFrame]
_COLUMNS = [*KEY, "cluster", "score"]


def doc_scores(run: Run) -> DocScores:
    """Per benchmark a score per document (task, doc_id, cluster, score), in a fixed order.

    Repeated answers to one document make one score; what nothing could grade is left out.
    """
    frame = run.samples(_COLUMNS).to_pandas()
    documents = per_document(frame, ["score"], ["cluster"], run.manifest.measures)
    documents = documents[documents["score"].notna()].sort_values(KEY)
    return {str(name): part for name, part in documents.groupby("benchmark", sort=False)}


def compare(
    baseline: DocScores, candidate: DocScores, benchmark: BenchmarkRun
) -> PairedDraws | None:
    """Joint draws of one benchmark's two scores, over the documents that both runs have graded;
    None without any."""
    name = benchmark.id
    if name not in baseline or name not in candidate:
        return None
    other = baseline[name][[*KEY, "score"]].rename(columns={"score": "baseline"})
    frame = candidate[name].merge(other, on=KEY)
    if frame.empty:
        return None
    sides = by_task(frame, "baseline"), by_task(frame, "score")
    return paired_ratio(*sides, clusters_by_task(frame), benchmark.aggregate)
