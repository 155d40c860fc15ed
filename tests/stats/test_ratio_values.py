"""A ratio of sums as a mean of values: the same number, and the spread of resampled ratios."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from orca_eval import stats
from orca_eval.results.aggregate import aggregate
from orca_eval.results.documents import WEIGHT, per_document
from orca_eval.types import Measure

RATINGS = st.lists(st.tuples(st.integers(1, 10), st.integers(1, 10)), min_size=1, max_size=40)
OVER = Measure("relative rating", over="reference rating")


@given(RATINGS)
def test_the_mean_is_the_ratio_of_sums(pairs: list[tuple[int, int]]) -> None:
    own, other = np.array(pairs, dtype=float).T
    values = stats.ratio_values(own / other, other)
    assert values.mean() == pytest.approx(own.sum() / other.sum())


def test_its_interval_is_that_of_resampled_ratios() -> None:
    rng = np.random.default_rng(5)
    other = rng.integers(5, 11, 120).astype(float)
    own = np.clip(other + rng.normal(0, 2, 120).round(), 1, 10)
    values = stats.ratio_values(own / other, other)
    found = stats.bootstrap(stats.strata([values])).interval()
    drawn = rng.integers(0, 120, (20_000, 120))
    ratios = own[drawn].sum(axis=1) / other[drawn].sum(axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    assert (found.low, found.high) == (pytest.approx(low, abs=2e-3), pytest.approx(high, abs=2e-3))


def samples(pairs: list[list[tuple[int, int]]]) -> pd.DataFrame:
    """Documents with an answer or several each; (own, reference's) ratings, 0 for no verdict."""
    rows = [
        {
            "benchmark": "b", "task": "t", "doc_id": doc, "cluster": None, "answered": own > 0,
            "score": own / other if own else np.nan, "empty": False, "finish_reason": "stop",
            "rule": "judge", "sample_index": at,
            "figures": {"reference rating": float(other)} if own else None,
        }
        for doc, answers in enumerate(pairs)
        for at, (own, other) in enumerate(answers)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_aggregated_scores_are_ratios_of_sums() -> None:
    frame = samples([[(9, 6)], [(4, 8)], [(0, 1)], [(10, 10)]])
    (row,) = aggregate(lambda _: frame, {"b": "pooled"}, (), {"b": OVER})
    assert row.score == pytest.approx((9 + 4 + 10) / (6 + 8 + 10))
    assert (row.n, row.ungraded) == (3, 1)


def test_several_answers_to_a_document_are_one_pair_of_sums() -> None:
    frame = samples([[(9, 6), (3, 9)], [(0, 1), (4, 8)]])
    weight = [figures and figures["reference rating"] for figures in frame["figures"]]
    frame = frame.assign(**{WEIGHT: pd.Series(weight, dtype=float)})
    documents = per_document(frame, ["score", WEIGHT], ["cluster"], {"b": OVER})
    assert documents["score"].tolist() == [pytest.approx(12 / 15), pytest.approx(0.5)]
    assert documents[WEIGHT].tolist() == [7.5, 8.0]
    (row,) = aggregate(lambda _: frame, {"b": "pooled"}, (), {"b": OVER})
    assert row.score == pytest.approx((12 / 15 * 7.5 + 0.5 * 8) / 15.5)
