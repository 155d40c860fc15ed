"""Several answers to each document: pass@k, the majority, and whose the variance of a mean is.

Samples are arrays of shape (samples,) in the order in which they were drawn; `documents` numbers
each sample's document from 0.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orca_eval.stats.strata import FloatArray, Tasks
from orca_eval.types import Aggregate

IntArray = NDArray[np.int64]


def pass_at(k: int, n: IntArray, right: IntArray) -> FloatArray:
    """The share of all choices of k of a document's n answers that hold a right one.

    That is 1 - C(n - right, k) / C(n, k), the unbiased estimate of the chance that one of k answers
    is right (Chen et al. 2021, arXiv 2107.03374). `n` and `right` have the shape (documents,); NaN
    where n < k.
    """
    missed = np.ones(len(n))
    left = np.maximum(n, k)
    for drawn in range(k):
        missed *= np.maximum(n - right - drawn, 0) / (left - drawn)
    return np.where(n >= k, 1.0 - missed, np.nan)


class Majority(NamedTuple):
    """Of each document the first sample that gives its most frequent answer (-1 where no sample has
    an answer), and how many samples give that answer."""

    first: IntArray
    votes: IntArray


def majority(documents: IntArray, answers: IntArray) -> Majority:
    """The most frequent answer of each document; of several, the one that was drawn first.

    `answers` numbers what each sample answers, -1 where it has no answer, and so no vote.
    """
    count = int(documents.max(initial=-1)) + 1
    first, votes = np.full(count, -1), np.zeros(count, dtype=np.int64)
    voting = np.flatnonzero(answers >= 0)
    pairs = documents[voting] * (int(answers.max(initial=0)) + 1) + answers[voting]
    _, drawn, times = np.unique(pairs, return_index=True, return_counts=True)
    drawn = voting[drawn]
    order = np.lexsort((drawn, -times))
    chosen, at = np.unique(documents[drawn[order]], return_index=True)
    first[chosen], votes[chosen] = drawn[order][at], times[order][at]
    return Majority(first, votes)


def variance_of_means(documents: IntArray, scores: FloatArray) -> FloatArray:
    """The variance that drawing other answers would give each document's mean score, unbiased.

    Shape (documents,); NaN where a document has a single sample.
    """
    n = np.bincount(documents).astype(np.float64)
    means = np.bincount(documents, weights=scores) / n
    squares = np.bincount(documents, weights=(scores - means[documents]) ** 2)
    return np.where(n > 1, squares / (n * np.maximum(n - 1.0, 1.0)), np.nan)


class Errors(NamedTuple):
    """Standard errors of a score: what other items would change, and what other answers to the same
    items would. Their squares add up to the score's variance."""

    items: float
    sampling: float


def split_error(variance: float, of_means: Tasks, aggregate: Aggregate) -> Errors:
    """Splits the variance of a score of documents' means.

    Means differ between items also because answers are drawn, so `variance` (over items) holds
    both parts; `of_means` is `variance_of_means`, an array for each task.

    The sampling part is known from within the documents; the rest is the items' (Miller 2024, arXiv
    2411.00640), 0 where the first is larger.
    """
    tasks = [np.concatenate(of_means)] if aggregate == "pooled" else of_means
    parts = [np.nanmean(task) / len(task) if np.isfinite(task).any() else 0.0 for task in tasks]
    sampling = float(sum(parts)) / len(tasks) ** 2
    return Errors(math.sqrt(max(0.0, variance - sampling)), math.sqrt(sampling))
