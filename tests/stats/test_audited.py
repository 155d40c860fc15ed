"""Audits of a sample: exact bounds, draws by weight, and intervals that hold the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from bench.audit_coverage import WANTED, Case, simulate
from orca_eval.audit.draw import RIGHT, WRONG, Population, allocate, draw
from orca_eval.stats import Audited, Interval, corrected_score, exact_bounds, misread_rate


@pytest.mark.parametrize(("hits", "n"), [(0, 100), (1, 10), (37, 60), (10, 10)])
def test_exact_bounds_are_clopper_and_pearsons(hits: int, n: int) -> None:
    found = exact_bounds(hits, n)
    assert (found.low, found.high) == pytest.approx(proportion_confint(hits, n, method="beta"))


@pytest.mark.parametrize(
    "case",
    [Case(2_000, 0.002, 0.6, "all"), Case(2_000, 0.01, 0.9, WRONG), Case(2_000, 0.05, 0.3, RIGHT)],
)
def test_intervals_hold_the_truth(case: Case) -> None:
    rate, score, *widths = simulate(case, trials=200, verdicts=100)
    assert min(rate, score) >= WANTED
    assert max(widths) < 0.2  # not by being too wide to tell anything


def test_no_error_seen_is_no_certainty_unless_all_was_seen() -> None:
    seen = Audited(1.0, judged=50, misread=0, moved=0, overstates=True)
    assert misread_rate([seen]).high == pytest.approx(1 - 0.025 ** (1 / 50))
    whole = Audited(1.0, judged=50, misread=0, moved=0, overstates=True, whole=True)
    assert misread_rate([whole]) == Interval(0.0, 0.0, 0.0, 0.95)


def test_a_score_moves_by_what_the_strata_weigh() -> None:
    strata = [
        Audited(0.6, judged=60, misread=6, moved=6, overstates=True),
        Audited(0.4, judged=20, misread=4, moved=2, overstates=False),
    ]
    found = corrected_score(Interval(0.6, 0.55, 0.65, 0.95), strata)
    assert found.estimate == pytest.approx(0.6 - 0.6 * 0.1 + 0.4 * 0.1)
    assert found.low < 0.55 < found.estimate < 0.65 < found.high
    assert misread_rate(strata).estimate == pytest.approx(0.6 * 0.1 + 0.4 * 0.2)


def test_draws_are_shared_by_weight_and_no_stratum_is_left_unseen() -> None:
    assert sum(allocate([0.9, 0.08, 0.02], [9000, 800, 200], 100)) == 100
    assert min(allocate([0.9, 0.08, 0.02], [9000, 800, 200], 100)) == 10
    assert allocate([0.5, 0.5], [3, 900], 100) == [3, 97]
    assert allocate([0.5, 0.5], [3, 4], 100) == [3, 4]
    assert sum(allocate([0.4, 0.3, 0.2, 0.1], [9, 9, 9, 9], 2)) == 2


def test_a_row_is_drawn_as_often_as_it_weighs() -> None:
    weights = np.array([1.0] * 60 + [3.0] * 20)
    people = Population(
        pd.DataFrame(index=range(80)), np.array([RIGHT] * 80, dtype=object), weights, 1.0, 0
    )
    rng = np.random.default_rng(1)
    times = np.zeros(80)
    for _ in range(2_000):
        for row, count in draw(people, 12, rng).items():
            times[row] += count / 2_000
    assert times.sum() == pytest.approx(12)
    assert times[:60].mean() == pytest.approx(0.1, abs=0.005)
    assert times[60:].mean() == pytest.approx(0.3, abs=0.01)
