"""Two runs' samples, paired by task and document, as the strata of their joint bootstrap."""

from collections.abc import Sequence

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
from orca_eval.stats import (
    Difference,
    PairedDraws,
    mean_of_draws,
    paired_difference,
    paired_ratio,
    seed_of,
)
from orca_eval.stats.spread import Scale
from orca_eval.stats.strata import TaskClusters, Tasks
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
    found = _paired(baseline, candidate, measure)
    if found is None:
        return None
    sides, clusters = found
    width = measure.high - measure.low
    scale = Scale(above=width, below=width)
    return paired_ratio(*sides, clusters, aggregate, scale=scale)


def difference(
    one: pd.DataFrame, other: pd.DataFrame, benchmark: str, aggregate: Aggregate
) -> Difference | None:
    """The difference of one benchmark's two shares of right answers, `one` minus `other`, over the
    documents that both runs have graded; None without any."""
    found = _paired(one, other, EXACT_MATCH)
    if found is None:
        return None
    sides, clusters = found
    return paired_difference(*sides, clusters, aggregate, seed=seed_of(benchmark))


def average_difference(parts: Sequence[Difference]) -> Difference:
    """The difference of two averages of benchmarks."""
    draws = mean_of_draws([part.draws for part in parts])
    return Difference(
        baseline=sum(part.baseline for part in parts) / len(parts),
        candidate=sum(part.candidate for part in parts) / len(parts),
        n=sum(part.n for part in parts),
        method="bootstrap of the mean",
        p=draws.p_greater(),
        p_unclustered=None,
        draws=draws,
    )


def _paired(
    one: pd.DataFrame, other: pd.DataFrame, measure: Measure
) -> tuple[tuple[Tasks, Tasks], TaskClusters] | None:
    """Both sides' scores by task, document by document, and the documents' clusters."""
    frame = other.merge(one, on=KEY, suffixes=("", "_b"))
    if frame.empty:
        return None
    names = [name for name in ("score", WEIGHT) if name in frame]
    theirs = frame.assign(**{name: frame[f"{name}_b"] for name in names})
    first, second = (by_task(with_means(side, measure), "score") for side in (theirs, frame))
    return (first, second), clusters_by_task(frame)
