"""Several answers to each document: pass@k, the majority's score, and how far answers agree."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from orca_eval.results.documents import KEY
from orca_eval.scoring import vote
from orca_eval.stats.repeats import IntArray, majority, pass_at, variance_of_means
from orca_eval.stats.strata import FloatArray
from orca_eval.types import Measure

CONSISTENCY = "consistency"
VARIANCE = "variance"
"""The column of what drawing other answers would change in a document's mean."""
NAMES = re.compile(rf"pass@\d+|majority@\d+|{CONSISTENCY}")
REMARK = (
    "pass@k: the chance that one of k answers is right, unbiased. majority@k: the score of the "
    "most frequent extracted answer (answers are alike where they are to a gold; of several the "
    "first; no answer, no vote). consistency: the share of answers that agree with it. Standard "
    "errors of the mean: what other items, and other answers to these, would change."
)


class Estimate(NamedTuple):
    """A share of 1 with its 95 % interval, whose ends are None where too few units give none."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Repeats:
    """What `n` answers to each document show beside the score.

    `estimates`: pass@k, majority@n and consistency by these names, where they have a meaning.
    `se_items` and `se_sampling` are standard errors of a mean score, on its scale; None where the
    score is none, or too few units tell.
    """

    n: int
    estimates: Mapping[str, Estimate]
    se_items: float | None = None
    se_sampling: float | None = None


def answers_per_document(samples: pd.DataFrame, measure: Measure) -> int:
    """How many answers a benchmark's documents have, the most of any; 1 where all have to be right,
    as those do that answer a question asked in several orders."""
    if measure.over_repeats == "worst":
        return 1
    return int(samples.groupby(KEY, sort=False, observed=True).size().max())


def by_document(samples: pd.DataFrame, n: int, measure: Measure) -> pd.DataFrame:
    """A row per document in the order of their first samples: the columns of `Repeats.estimates`,
    and VARIANCE. NaN where too few of a document's samples were graded.

    Args:
        samples: of one benchmark, a document's in the order in which they were drawn. `answer` and
            `kind` may be missing: then nothing has a vote.
        n: `answers_per_document`.
    """
    documents = samples.groupby(KEY, sort=False, observed=True).ngroup().to_numpy().astype(np.int64)
    scores = samples["score"].to_numpy(dtype=np.float64)
    graded = np.isfinite(scores)
    columns: dict[str, FloatArray] = {}
    if measure.better == "higher" and np.isin(scores[graded], (0.0, 1.0)).all():
        counts = np.bincount(documents, weights=graded).astype(np.int64)
        right = np.bincount(documents, weights=np.nan_to_num(scores)).astype(np.int64)
        columns = {f"pass@{k}": pass_at(k, counts, right) for k in _powers_of_two(n)}
    votes = _votes(samples)
    if measure.in_percent and (votes >= 0).any():
        first, times = majority(documents, votes)
        columns[f"majority@{n}"] = np.where(first >= 0, scores[first], 0.0)
        columns[CONSISTENCY] = times / np.bincount(documents)
    if measure.over_repeats == "mean":
        known = np.full(int(documents.max()) + 1, np.nan)
        with_scores = documents[graded]
        found = variance_of_means(with_scores, scores[graded])
        known[: len(found)] = found
        columns[VARIANCE] = known
    return pd.DataFrame(columns)


def _powers_of_two(n: int) -> list[int]:
    """2, 4, 8, … and n itself; pass@1 is the mean."""
    return [*(2**power for power in range(1, math.ceil(math.log2(n)))), n]


def _votes(samples: pd.DataFrame) -> IntArray:
    """A number for each answer that is another in the comparison with golds; -1 for no answer."""
    if "answer" not in samples or "kind" not in samples:
        return np.full(len(samples), -1)
    (kind, kinds), (answer, answers) = (pd.factorize(samples[name]) for name in ("kind", "answer"))
    pairs = np.where(answer >= 0, kind * len(answers) + answer, -1)
    distinct, places = np.unique(pairs, return_inverse=True)
    voted = [
        None if pair < 0 else vote(kinds[pair // len(answers)], answers[pair % len(answers)])
        for pair in distinct.tolist()
    ]
    return pd.factorize(pd.Series(voted, dtype=object))[0].astype(np.int64)[places]
