"""Several answers to each document: pass@k, majorities, and whose the variance is."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from bench.repeats_coverage import CASES, Case, coverage
from orca_eval import stats
from orca_eval.stats.repeats import majority, pass_at, split_error, variance_of_means
from orca_eval.stats.spread import SHARE, spread_of

# `python -m bench.repeats_coverage` asks for 95 ± 1.5 % of 2,000 trials; so few are off by more.
TRIALS, OFF = 40, 0.15


@pytest.mark.parametrize("n", range(1, 9))
def test_pass_at_k_is_what_all_choices_of_k_answers_give(n: int) -> None:
    for right, k in itertools.product(range(n + 1), range(1, n + 1)):
        answers = [True] * right + [False] * (n - right)
        chosen = [any(choice) for choice in itertools.combinations(answers, k)]
        found = pass_at(k, np.array([n]), np.array([right]))
        assert found.tolist() == pytest.approx([np.mean(chosen)], abs=1e-12)


def test_pass_at_k_is_known_of_documents_with_k_answers_only() -> None:
    n, right = np.array([4, 2, 0, 4]), np.array([1, 2, 0, 0])
    assert pass_at(3, n, right).tolist() == pytest.approx([0.75, np.nan, np.nan, 0], nan_ok=True)
    assert pass_at(10_000, np.array([10_000] * 2), np.array([0, 1])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("answers", "first", "votes"),
    [
        ("A", 0, 1),
        ("ABB", 1, 2),
        ("ABBA", 0, 2),  # a tie: the first drawn
        ("BABA", 0, 2),
        ("-AB", 1, 1),  # no answer has no vote
        ("---A", 3, 1),
        ("--", -1, 0),
        ("CABBAC-", 0, 2),
    ],
)
def test_the_majority_is_the_most_frequent_answer_and_of_several_the_first(
    answers: str, first: int, votes: int
) -> None:
    alone = majority(np.zeros(len(answers), dtype=np.int64), numbers(answers))
    assert (alone.first.tolist(), alone.votes.tolist()) == ([first], [votes])
    # Beside other documents, their samples in turns.
    documents = np.tile([2, 0, 1], len(answers))
    found = majority(documents, np.repeat(numbers(answers), 3))
    there = first * 3 if first >= 0 else -1
    assert found.first.tolist() == [there + at if first >= 0 else -1 for at in (1, 2, 0)]
    assert found.votes.tolist() == [votes] * 3


def numbers(answers: Sequence[str]) -> np.ndarray:
    return np.array(["-ABC".index(answer) - 1 for answer in answers])


def test_the_variance_of_means_is_that_of_numpy() -> None:
    rng = np.random.default_rng(1)
    documents = np.sort(rng.integers(0, 30, 200))
    scores = rng.random(200)
    each = [scores[documents == document] for document in range(30)]
    expected = [part.var(ddof=1) / len(part) for part in each]
    assert variance_of_means(documents, scores).tolist() == pytest.approx(expected)
    assert np.isnan(variance_of_means(np.array([0, 1, 1]), np.zeros(3))).tolist() == [True, False]


def test_both_parts_add_up_to_the_variance_of_the_score() -> None:
    rng = np.random.default_rng(2)
    tasks = [rng.random((60, 5)).round(), rng.random((20, 5)).round()]
    means = [task.mean(axis=1) for task in tasks]
    within = [task.var(axis=1, ddof=1) / 5 for task in tasks]
    for kind, sampling in (
        ("pooled", np.concatenate(within).mean() / 80),
        ("mean_of_tasks", (within[0].mean() / 60 + within[1].mean() / 20) / 4),
    ):
        whole = spread_of(stats.strata(means, None, kind), SHARE).above.variance
        found = split_error(whole, within, kind)
        assert found.sampling**2 == pytest.approx(sampling)
        assert found.items == 0 or found.items**2 + found.sampling**2 == pytest.approx(whole)


def test_answers_that_never_differ_leave_all_to_the_items() -> None:
    found = split_error(0.04, [np.zeros(10), np.full(4, np.nan)], "mean_of_tasks")
    assert found == pytest.approx((0.2, 0.0))
    assert split_error(0.01, [np.full(4, 0.16)], "pooled") == pytest.approx((0.0, 0.2))


@pytest.mark.parametrize("case", CASES[:4], ids=lambda case: case.name)
def test_coverage(case: Case) -> None:
    assert {name: share for name, share in coverage(case, TRIALS).items() if share < 1 - OFF} == {}
