"""What must hold for any scores."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from orca_eval import stats
from tests.stats import shorthands

_SCORES = st.lists(st.sampled_from([0.0, 1.0]), min_size=2, max_size=40).map(np.array)


@given(st.lists(_SCORES, min_size=1, max_size=5))
@settings(max_examples=40)
def test_nothing_changed_shows_nothing(tasks: list[np.ndarray]) -> None:
    for aggregate in ("pooled", "mean_of_tasks"):
        found = stats.paired_difference(tasks, tasks, None, aggregate, draws=200)
        assert (found.difference, found.losses, found.gains) == (0, 0, 0)
        assert found.p == 1


@given(st.lists(_SCORES, min_size=1, max_size=4), st.integers(0, 99))
@settings(max_examples=40)
def test_interval_holds_the_estimate_and_stays_a_share(tasks: list[np.ndarray], seed: int) -> None:
    for aggregate in ("pooled", "mean_of_tasks"):
        found = shorthands.score_interval(tasks, None, aggregate, seed=seed)
        assert -1e-9 <= found.low <= found.estimate + 1e-9
        assert found.estimate - 1e-9 <= found.high <= 1 + 1e-9


@given(_SCORES, st.permutations(range(40)))
@settings(max_examples=40)
def test_names_of_clusters_and_order_of_items_dont_matter(
    values: np.ndarray, order: list[int]
) -> None:
    names = np.array([f"passage {i // 3}" for i in range(len(values))], dtype=object)
    shuffled = [i for i in order if i < len(values)]
    one = stats.bootstrap(shorthands.pooled([values], [names]), seed=3, draws=100)
    two = stats.bootstrap(
        shorthands.pooled([values[shuffled]], [names[shuffled]]), seed=3, draws=100
    )
    assert one.estimate == pytest.approx(two.estimate)
    assert one.deviations == pytest.approx(two.deviations, nan_ok=True)


def test_items_without_a_cluster_are_units_of_their_own() -> None:
    values = np.array([1.0, 0, 1, 0])
    names = np.array(["a", None, "a", None], dtype=object)
    (stratum,) = shorthands.pooled([values], [names])
    assert stratum.units == 3
    assert shorthands.pooled([values], [None])[0].units == 4


def test_a_cluster_reaches_over_tasks_that_are_pooled_and_over_no_others() -> None:
    names = np.array(["p", "q"], dtype=object)
    (stratum,) = shorthands.pooled([np.ones(2), np.ones(2)], [names, names])
    assert stratum.units == 2
    strata = shorthands.mean_of_tasks([np.ones(2), np.ones(2)], [names, names])
    assert [stratum.units for stratum in strata] == [2, 2]
    values = [np.array([1.0, 0.0])] * 2
    assert stats.paired_difference(values, values, [names, names]).method == "cluster bootstrap"
    assert stats.paired_difference(values, values, [names, None]).method == "exact McNemar"


def test_plain_proportion_gets_wilson_and_mcnemar() -> None:
    before, after = np.array([1.0] * 30 + [0] * 10), np.array([1.0] * 20 + [0] * 20)
    assert shorthands.score_interval([before]) == stats.wilson(30, 40)
    found = stats.paired_difference([before], [after])
    assert found.method == "exact McNemar"
    assert found.p == 2.0**-10
    assert (found.losses, found.gains, found.difference) == (10, 0, 0.25)
    assert found.p_unclustered is None


@given(*[st.integers(0, 300)] * 4)
def test_paired_interval_holds_the_difference(a: int, b: int, c: int, d: int) -> None:
    assume(a + b + c + d > 0)
    found = stats.newcombe_paired(a, b, c, d)
    assert found.low - 1e-12 <= found.estimate <= found.high + 1e-12
    assert found.low >= -1 - 1e-12
    assert found.high <= 1 + 1e-12


@pytest.mark.parametrize("method", ["exact McNemar", "exact binomial", "bootstrap"])
def test_interval_of_a_difference_matches_its_test(method: str) -> None:
    rng = np.random.default_rng(3)
    before = (rng.random(1000) < 0.6).astype(float)
    after = np.where(rng.random(1000) < 0.1, 1 - before, before)
    if method == "exact binomial":
        found = stats.difference_from_fixed(0.6, [after])
    elif method == "bootstrap":
        found = stats.paired_difference([before / 2], [after / 2])
    else:
        found = stats.paired_difference([before], [after])
    assert found.method == method
    interval, resampled = found.interval(), found.draws.interval()
    assert interval.estimate == pytest.approx(found.difference)
    assert (interval.low, interval.high) == pytest.approx(
        (resampled.low, resampled.high), abs=0.004
    )


def test_shared_passages_are_resampled_with_the_unclustered_p_beside() -> None:
    before, after = np.ones(200), np.array([0.0] * 10 + [1.0] * 190)
    names = np.array([f"p{i // 10}" for i in range(200)], dtype=object)
    found = stats.paired_difference([before], [after], [names])
    assert found.method == "cluster bootstrap"
    assert found.p_unclustered == 2.0**-10
    # One passage went wrong as a whole: one unit, and no test of one unit goes below 1/2.
    assert found.p == 0.5


def test_a_mean_of_task_means_is_stratified() -> None:
    before, after = [np.ones(50), np.ones(5)], [np.ones(50), np.zeros(5)]
    found = stats.paired_difference(before, after, None, "mean_of_tasks")
    assert found.method == "stratified bootstrap"
    assert found.difference == 0.5


def test_partial_scores_are_resampled() -> None:
    found = stats.paired_difference([np.array([0.5, 1.0, 0.25])], [np.zeros(3)])
    assert found.method == "bootstrap"
    assert (found.losses, found.gains) == (3, 0)


def test_single_sample_per_task_shows_nothing() -> None:
    found = stats.paired_difference([np.ones(1)] * 3, [np.zeros(1)] * 3, None, "mean_of_tasks")
    assert found.difference == 1
    assert found.p == 1
    assert math.isnan(found.interval().low)


def test_fixed_score() -> None:
    found = stats.difference_from_fixed(0.5, [np.array([1.0] * 40 + [0.0] * 60)])
    assert found.method == "exact binomial"
    assert found.difference == pytest.approx(0.1)
    assert 0.02 < found.p < 0.03
    assert found.losses is None


def test_average_of_benchmarks_is_unweighted() -> None:
    small, large = np.ones(10), np.zeros(1000)
    parts = [stats.bootstrap(shorthands.pooled([v])) for v in (small, large)]
    assert stats.mean_of_draws(parts).estimate == 0.5


def test_same_seed_same_result() -> None:
    values = np.random.default_rng(5).random(50)
    assert shorthands.score_interval([values], seed=4) == shorthands.score_interval(
        [values], seed=4
    )
    assert shorthands.score_interval([values], seed=4) != shorthands.score_interval(
        [values], seed=5
    )


@pytest.mark.parametrize("bad", [[], [math.nan, 1.0], [math.inf]])
def test_empty_and_not_finite_values_are_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        shorthands.pooled([np.array(bad)])


@pytest.mark.parametrize(("n", "discordance"), [(274, 0.1), (1319, 0.1), (1319, 0.0), (60, 0.3)])
def test_power_at_the_detectable_drop(n: int, discordance: float) -> None:
    drop = stats.detectable_drop_mcnemar(n, discordance, alpha=0.01, tolerated=0.01)
    share = max(discordance, drop)
    assert stats.mcnemar_power(n, share, drop, 0.01, 0.01) == pytest.approx(0.8, abs=0.01)
    rng = np.random.default_rng(n)
    losses = rng.binomial(n, (share + drop) / 2, 20_000)
    gains = rng.binomial(n - losses, (share - drop) / 2 / (1 - (share + drop) / 2))
    caught = (stats.mcnemar_one_sided(losses, gains) <= 0.01) & (losses - gains > n * 0.01)
    assert caught.mean() == pytest.approx(0.8, abs=0.02)


def test_too_few_pairs_can_show_no_drop() -> None:
    assert math.isnan(stats.detectable_drop_mcnemar(4, 0.1, alpha=0.05 / 7))


def test_more_samples_decide_a_smaller_drop() -> None:
    few = stats.samples_to_decide(100, 0.02, drop=0.05, alpha=0.05)
    many = stats.samples_to_decide(100, 0.02, drop=0.02, alpha=0.05)
    assert 100 <= few < many
    with pytest.raises(ValueError, match="drop"):
        stats.samples_to_decide(100, 0.02, drop=0.0, alpha=0.05)
