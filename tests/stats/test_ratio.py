"""Paired intervals of relative improvements, against plain resampling and known cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from orca_eval import stats
from orca_eval.report.paired import compare
from orca_eval.stats import PairedDraws, average_draws, paired_ratio
from orca_eval.stats.bootstrap import DRAWS


def paired(
    base: list[float], ours: list[float], units: list[int] | None = None, draws: int = DRAWS
) -> PairedDraws:
    clusters = None if units is None else [np.array(units, dtype=object)]
    return paired_ratio([np.array(base)], [np.array(ours)], clusters, draws=draws)


def test_the_improvement_is_the_ratio_of_the_scores() -> None:
    draws = paired([1, 0, 1, 0], [1, 1, 1, 0])
    assert (draws.baseline, draws.candidate) == (0.5, 0.75)
    assert draws.improvement == pytest.approx(50)


def test_equal_runs_may_differ_by_what_was_not_seen() -> None:
    scores = [1.0, 0.0, 1.0, 1.0] * 20
    interval = paired(scores, scores).interval()
    assert interval is not None
    low, high = interval
    unseen = 100 * stats.score_interval(0.0, 80).high / 0.75
    assert (low, high) == pytest.approx((-unseen, unseen))


def test_the_interval_is_that_of_plain_resampling() -> None:
    rng = np.random.default_rng(5)
    base = (rng.random(400) < 0.5).astype(float)
    ours = np.where(rng.random(400) < 0.8, base, 1.0)
    picks = rng.integers(0, 400, (8000, 399))
    ratios = ours[picks].mean(axis=1) / base[picks].mean(axis=1)
    expected = np.quantile(100 * (ratios - 1), [0.025, 0.975])
    interval = paired(list(base), list(ours)).interval()
    assert interval == pytest.approx(tuple(expected), abs=1.0)


def test_shared_passages_widen_the_interval() -> None:
    rng = np.random.default_rng(6)
    passages = rng.random(60) < 0.5
    base = np.full(600, 0.5)
    ours = np.repeat(passages, 10).astype(float)
    alone = paired(list(base), list(ours)).interval()
    shared = paired(list(base), list(ours), list(np.repeat(np.arange(60), 10)))
    clustered = shared.interval()
    assert alone is not None
    assert clustered is not None
    assert clustered[1] - clustered[0] > 2 * (alone[1] - alone[0])


@pytest.mark.parametrize("base", [[0.0, 0.0, 1.0, 0.0], [1.0]])
def test_no_bounds_where_a_draw_may_be_without_a_right_answer(base: list[float]) -> None:
    assert paired(base, [1.0] * len(base)).interval() is None


def test_no_improvement_over_zero() -> None:
    assert paired([0, 0], [1, 0]).improvement is None


def test_a_mean_of_tasks_weighs_tasks_alike() -> None:
    frame = pd.DataFrame(
        {
            "benchmark": "x",
            "task": ["x/a"] * 8 + ["x/b"] * 2,
            "doc_id": [*range(8), 0, 1],
            "cluster": None,
            "score": [1.0] * 8 + [0.0] * 2,
        }
    )
    base = frame.assign(score=0.5)
    found = [compare(base, frame, kind) for kind in ("mean_of_tasks", "pooled")]
    assert [draws and draws.candidate for draws in found] == pytest.approx([0.5, 0.8])
    assert compare(base, frame.assign(task="x/c"), "pooled") is None  # nothing in common


def test_an_average_is_the_mean_of_its_benchmarks() -> None:
    one, two = paired([0.2] * 9, [0.4] * 9), paired([0.6] * 90, [0.6] * 90)
    both = average_draws([one, two])
    assert both.improvement == pytest.approx(100 * (0.5 / 0.4 - 1))
    interval = both.interval()
    assert interval is not None
    assert interval[0] < 25 < interval[1]


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0])),
        min_size=30,
        max_size=60,
    )
)
def test_the_estimate_lies_in_its_interval(pairs: list[tuple[float, float]]) -> None:
    base, ours = [1.0] * 10 + [b for b, _ in pairs], [0.0] * 10 + [c for _, c in pairs]
    draws = paired(base, ours, draws=2000)
    interval = draws.interval()
    if interval is not None:
        assert draws.improvement is not None
        assert interval[0] - 1e-9 <= draws.improvement <= interval[1] + 1e-9
