"""Intervals hold the truth and have a width, where all scores are alike too."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import binom

from bench.interval_coverage import Case, cases, simulate
from orca_eval import stats
from orca_eval.numbers import ends
from orca_eval.stats.spread import LEAST_UNITS, Scale
from tests.stats import shorthands

# `make soak` asks for 92 % of 2,000 trials; so few trials are off by more.
TRIALS, WANTED = 50, 0.84


@pytest.mark.parametrize(
    "case", list(cases()), ids=lambda case: f"{case.name}, {100 * case.truth:g}"
)
def test_coverage(case: Case) -> None:
    found = simulate(case, TRIALS)
    assert found.holds(case, WANTED), found


def passages(units: int, size: int) -> np.ndarray:
    return np.array([f"p{i // size}" for i in range(units * size)], dtype=object)


@pytest.mark.parametrize("n", [*range(1, 61), 120, 300, 1000])
def test_independent_items_are_covered_at_every_truth(n: int) -> None:
    """Exactly, by all numbers of right answers, also just beyond every end; Wilson's alone falls to
    79 % and to 84 % at 1 %."""
    hits = np.arange(n + 1)
    found = [stats.score_interval(k / n, n) for k in hits]
    low, high = (np.array([getattr(i, end) for i in found])[:, None] for end in ("low", "high"))

    def covered(truths: np.ndarray) -> float:
        held = (low <= truths) & (truths <= high)
        return float((binom.pmf(hits[:, None], n, truths) * held).sum(axis=0).min())

    beyond = np.concatenate([low - 1e-9, high + 1e-9]).ravel()
    assert covered(np.array([0.0, 0.01, 0.5, 0.99, 1.0])) >= 0.92 - 1e-9
    assert covered(beyond[(beyond > 0) & (beyond < 1)]) >= (0.911 if n < 20 else 0.92)


def test_no_end_lies_nearer_than_the_exact_one_sided_bound() -> None:
    assert stats.score_interval(1 / 100, 100).low == pytest.approx(1 - 0.95 ** (1 / 100))
    assert stats.score_interval(99 / 100, 100).high == pytest.approx(0.95 ** (1 / 100))
    for hits in (0, 12, 30, 50, 88, 100):  # elsewhere it is Wilson's
        found, wilson = stats.score_interval(hits / 100, 100), stats.wilson(hits, 100)
        assert (found.low, found.high) == pytest.approx((wilson.low, wilson.high), abs=1e-12)


@pytest.mark.parametrize(("units", "size"), [(8, 15), (15, 4), (40, 3), (580, 16)])
@pytest.mark.parametrize("score", [0.0, 1.0])
def test_passages_all_alike_count_as_one_item_each(units: int, size: int, score: float) -> None:
    found = shorthands.score_interval([np.full(units * size, score)], [passages(units, size)])
    plain = stats.wilson(round(units * score), units)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=1e-9)


def test_one_passage_with_most_items_is_worth_few_passages() -> None:
    names = np.array(["long"] * 92 + [f"p{i}" for i in range(8)], dtype=object)
    found = shorthands.score_interval([np.zeros(100)], [names])
    assert found.high > 0.7


@pytest.mark.parametrize("units", [1, 2, 7])
def test_fewer_passages_than_eight_give_no_interval(units: int) -> None:
    scores = np.random.default_rng(1).integers(0, 2, units * 5).astype(float)
    names = [passages(units, 5)]
    assert units < LEAST_UNITS
    assert math.isnan(shorthands.score_interval([scores], names).low)
    changed = stats.paired_difference([scores], [1 - scores], names)
    assert math.isnan(changed.interval().high)
    assert stats.paired_ratio([scores + 1], [2 - scores], names).interval() is None


def test_passages_of_several_tasks_count_together() -> None:
    tasks, names = [np.zeros(20)] * 3, [passages(4, 5)] * 3
    found = shorthands.score_interval(tasks, names, "mean_of_tasks")
    assert found.high == pytest.approx(stats.wilson(0, 12).high)


@pytest.mark.parametrize("value", [0.0, 0.4, 0.6, 1.0])
@pytest.mark.parametrize("n", [2, 8, 80])
def test_graded_scores_all_alike_are_as_unsure_as_right_and_wrong(value: float, n: int) -> None:
    found = stats.bootstrap(shorthands.pooled([np.full(n, value)])).interval()
    wanted = stats.score_interval(value, n)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))


def test_ratings_all_alike_are_placed_on_their_scale() -> None:
    ratings = shorthands.pooled([np.full(80, 7.0)])
    found = stats.bootstrap(ratings, scale=Scale(1.0, above=9.0)).interval()
    place = stats.score_interval(6 / 9, 80)
    assert (found.low, found.high) == pytest.approx((1 + 9 * place.low, 1 + 9 * place.high))
    assert found.low < 7 < found.high


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("clustered", [False, True])
def test_two_sides_all_alike_may_differ_either_way(score: float, clustered: bool) -> None:
    scores, names = [np.full(120, score)], [passages(40, 3)] if clustered else None
    found = stats.paired_difference(scores, scores, names)
    interval = found.interval()
    assert found.difference == 0
    assert found.p == 1
    assert interval.low < 0 < interval.high
    assert interval.high == pytest.approx(-interval.low)
    assert interval.high < 0.1


def test_below_a_published_score_with_nothing_right() -> None:
    names = [passages(20, 3)]
    found = stats.difference_from_fixed(0.8, [np.zeros(60)], names).interval()
    assert found.high == pytest.approx(0.8)
    assert found.low == pytest.approx(0.8 - stats.wilson(0, 20).high)


def test_an_average_is_as_unsure_as_its_benchmarks() -> None:
    """A benchmark that is all wrong is not known exactly, because the others vary."""
    rng = np.random.default_rng(1)
    small = stats.bootstrap(shorthands.pooled([np.zeros(24)], [passages(8, 3)]), 1)
    large = [
        stats.bootstrap(shorthands.pooled([rng.integers(0, 2, 5000).astype(float)]), seed)
        for seed in (2, 3)
    ]
    alone = large[0].interval()
    both = stats.mean_of_draws([small, large[0]]).interval()
    assert both.high - both.low > 2 * (alone.high - alone.low)
    steady = stats.mean_of_draws(large).interval()
    assert steady.high - steady.low < alone.high - alone.low


def test_in_the_middle_it_is_the_bootstrap() -> None:
    rng = np.random.default_rng(4)
    values = (rng.random(600) < 0.5).astype(float)
    draws = stats.bootstrap(shorthands.pooled([values], [passages(200, 3)]), 7)
    low, high = draws.estimate + np.quantile(draws.deviations, [0.025, 0.975])
    interval, spread = draws.interval(), draws.spread.interval()
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-12)
    assert (spread.low, spread.high) == pytest.approx((low, high), abs=0.003)


_UNITS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=8, max_size=30)


@given(_UNITS, st.sampled_from(["pooled", "mean_of_tasks"]))
@settings(max_examples=60)
def test_every_interval_has_a_width_and_holds_its_estimate(
    units: list[tuple[int, int]], kind: str
) -> None:
    """Passages of up to six items, of which so many are right, before and turned round."""
    scores = [np.array([1.0] * right + [0.0] * wrong or [0.0]) for right, wrong in units]
    names = np.repeat(np.arange(len(scores)), [len(unit) for unit in scores]).astype(object)
    before = np.concatenate(scores)
    found = [
        shorthands.score_interval([before], [names], kind),  # type: ignore[arg-type]
        stats.paired_difference([before], [before[::-1]], [names], kind, draws=200).interval(),  # type: ignore[arg-type]
        stats.difference_from_fixed(0.3, [before], [names], kind, draws=200).interval(),  # type: ignore[arg-type]
    ]
    for interval in found:
        assert interval.low < interval.high
        assert interval.low - 1e-9 <= interval.estimate <= interval.high + 1e-9
        assert interval.low >= -1 - 1e-9
        assert interval.high <= 1 + 1e-9


@pytest.mark.parametrize(
    ("low", "high", "printed"),
    [
        (0.0, 32.44, ("0.0", "32.4")),
        (99.973, 100.0, ("99.97", "100.00")),
        (0.0, 0.0004, ("0.0000", "0.0004")),
        (-0.02, 0.02, ("-0.02", "0.02")),
        (5.0, 5.0, ("5.000000", "5.000000")),
    ],
)
def test_ends_are_told_apart_in_print(low: float, high: float, printed: tuple[str, str]) -> None:
    assert ends(low, high, 1) == printed
