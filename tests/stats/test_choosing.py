"""Choosing among ways of asking: what is estimated, at its ends and by a small simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from bench.choosing_coverage import SMALL, chosen_share, drawn, planted, truth
from orca_eval.stats.choosing import CEILINGS, TaskWays, choose, choosing, item_floor


def task(scores: np.ndarray, weight: float = 1.0) -> TaskWays:
    return TaskWays(scores, np.arange(len(scores)), weight)


def test_a_way_that_is_always_right_is_every_ceiling() -> None:
    scores = np.tile([0.0, 1.0, 0.0], (20, 1))
    found = choosing([task(scores)])
    assert found is not None
    for name in CEILINGS:
        assert found.ceiling(name).estimate == 1.0
        regret = found.regret(name, 0)
        assert regret.estimate == 1.0
        assert found.regret(name, 1).estimate == 0.0
        assert 0 < found.ceiling(name).low < 1  # twenty right ones are no certainty


def test_too_few_units_have_no_interval() -> None:
    assert choosing([task(np.zeros((19, 2)))]) is None
    assert choosing([task(np.zeros((20, 2))), task(np.zeros((2, 2)))]) is None
    assert choosing([TaskWays(np.zeros((30, 2)), np.zeros(30, dtype=np.int64), 1.0)]) is None
    assert choosing([]) is None


@settings(max_examples=30, deadline=None)
@given(st.integers(20, 60), st.integers(2, 5), st.integers(0, 99))
def test_two_ways_that_are_one_word_for_word_have_no_regret(n: int, ways: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    one = (rng.random((n, 1)) < 0.5).astype(float)
    found = choosing([task(np.repeat(one, ways, axis=1))], draws=20)
    assert found is not None
    for name in CEILINGS:
        regret = found.regret(name, ways - 1)
        assert regret.estimate == pytest.approx(0.0, abs=1e-12)
        assert regret.low < 0 < regret.high < 0.2


@settings(max_examples=30, deadline=None)
@given(st.integers(20, 40), st.integers(1, 6), st.integers(0, 99))
def test_ceilings_are_in_their_order(n: int, ways: int, seed: int) -> None:
    scores = (np.random.default_rng(seed).random((n, ways)) < 0.5).astype(float)
    found = choosing([task(scores)], draws=5)
    assert found is not None
    floor = item_floor(scores)
    assert floor is not None
    assert scores.mean() - 1e-9 <= floor <= 1
    assert found.ceiling("per_item").estimate >= found.ceiling("per_task").estimate - 1e-9
    for name in CEILINGS:
        interval = found.ceiling(name)
        assert 0 <= interval.low < interval.high <= 1
    assert found.naive >= scores.mean() - 1e-9


def test_the_first_of_ways_that_are_as_good_is_chosen() -> None:
    assert choose(task(np.array([[0.0, 1.0, 1.0], [0.0, 1.0, 1.0]]))) == 1


@pytest.mark.parametrize("alike", [0.0, 0.4, 1.0])
def test_equally_good_ways_reach_the_floor_and_no_more(alike: float) -> None:
    """Documents differ in how often a reply is right, and the ways don't."""
    rng = np.random.default_rng(1)
    size = (1 - alike) / alike if alike else np.inf
    chance = rng.beta(0.4 * size, 0.6 * size, size=(20_000, 1)) if 0 < alike < 1 else 0.4
    scores = (rng.random((20_000, 4)) < chance).astype(float)
    if alike == 1:
        scores = np.repeat(scores[:, :1], 4, axis=1)
    floor = item_floor(scores)
    assert floor == pytest.approx(scores.max(axis=1).mean(), abs=0.012)


def test_ways_that_make_up_for_each_other_reach_more_than_the_floor() -> None:
    first = np.arange(1000) % 2.0
    floor = item_floor(np.stack([first, 1 - first], axis=1))
    assert floor == pytest.approx(0.75)  # and the ceiling is 1
    assert item_floor(np.full((4, 2), 0.5)) is None


def test_a_way_that_is_better_by_four_errors_is_chosen() -> None:
    assert chosen_share(200) >= 0.95


def test_the_mean_estimate_is_the_truth_of_the_rule() -> None:
    """The short form of bench/choosing_coverage.py, which has the intervals' coverage too."""
    chances = planted(SMALL, 0.05)
    known = truth(SMALL, chances)
    own = float(np.array([shape.weight for shape in SMALL]) @ chances[:, 0])
    regrets: dict[str, list[float]] = {name: [] for name in known}
    held = naive = 0.0
    for trial in range(60):
        rng = np.random.default_rng([trial, 3])
        tasks = [drawn(shape, c, rng) for shape, c in zip(SMALL, chances, strict=True)]
        found = choosing(tasks, trial, draws=40)
        assert found is not None
        for name in ("single", "per_task"):
            regrets[name].append(found.regret(name, 0).estimate)  # type: ignore[arg-type]
        interval = found.regret("per_task", 0)
        held += interval.low <= known["per_task"] - own <= interval.high
        naive += (found.naive - own) / 60
    for name, found_regrets in regrets.items():
        error = np.std(found_regrets) / 60**0.5
        assert abs(np.mean(found_regrets) - (known[name] - own)) < 4 * error
    assert held >= 50
    assert naive > known["per_task"] - own + 0.01  # the winner's curse
