"""Agreement, kappa and corrected rates: published figures, a reference, and simulated judges."""

from __future__ import annotations

import csv
import itertools
import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from bench.judge_coverage import Case, cases, simulate
from orca_eval.stats import Share, agreement, corrected_rate, kappa
from tests.benchmarks.raw_rows import SHARED, needs_data, parquet

LABELS = ("a", "b", "tie")
pairs_of_labels = st.lists(
    st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=60
)


@given(pairs_of_labels)
def test_kappa_is_that_of_statsmodels(pairs: Sequence[tuple[str, str]]) -> None:
    one, other = [a for a, _ in pairs], [b for _, b in pairs]
    table = np.zeros((3, 3))
    for a, b in pairs:
        table[LABELS.index(a), LABELS.index(b)] += 1
    found = kappa(one, other)
    if len({*one, *other}) == 1:
        assert math.isnan(found.estimate)
        return
    with np.errstate(all="ignore"):
        expected = cohens_kappa(table)
    assert found.estimate == pytest.approx(expected.kappa, abs=1e-12)
    assert -1 - 1e-9 <= found.low <= found.estimate + 1e-9
    assert found.estimate - 1e-9 <= found.high <= 1
    assert found.low < found.high
    if expected.var_kappa > 1e-10:
        half = 1.959963984540054 * math.sqrt(expected.var_kappa)
        assert found.low == pytest.approx(max(-1, expected.kappa - half), abs=1e-9)
        assert found.high == pytest.approx(min(1, expected.kappa + half), abs=1e-9)


def test_one_label_alone_tells_nothing() -> None:
    assert math.isnan(kappa(["a"] * 9, ["a"] * 9).estimate)
    assert math.isnan(kappa([], []).estimate)
    assert agreement([], []).interval() is None


@pytest.mark.parametrize("case", list(cases())[::7], ids=str)
def test_corrected_rates_hold_the_truth(case: Case) -> None:
    # `make soak` asks for 93 to 97 % of 2,000 trials; so few trials are off by more.
    held, width = simulate(case, 200)
    assert 0.90 <= held <= 0.99
    assert 0 < width < 0.5


def test_a_judge_without_error_changes_no_rate() -> None:
    sure = Share(10**7, 10**7)
    found = corrected_rate(Share(30, 148), sure, sure)
    assert found is not None
    assert found.estimate == pytest.approx(30 / 148)
    assert found.low < 30 / 148 < found.high


def test_a_known_rate_comes_back() -> None:
    # 20 % true, of which 80 % are found, and 10 % of the others: 0.2 · 0.8 + 0.8 · 0.1 = 0.24.
    found = corrected_rate(Share(240, 1000), Share(80, 100), Share(90, 100))
    assert found is not None
    assert found.estimate == pytest.approx(0.2)


@pytest.mark.parametrize("hits", [30, 50, 52])
def test_a_judge_that_guesses_corrects_nothing(hits: int) -> None:
    assert corrected_rate(Share(40, 100), Share(hits, 100), Share(50, 100)) is None
    assert corrected_rate(Share(40, 100), Share(0, 0), Share(50, 100)) is None


@given(st.integers(0, 50), st.integers(0, 40), st.integers(0, 60), st.floats(0.5, 0.99))
def test_a_corrected_rate_is_a_rate(found: int, hits: int, spared: int, level: float) -> None:
    interval = corrected_rate(Share(found, 50), Share(hits, 40), Share(spared, 60), level)
    if interval is not None:
        assert 0 <= interval.low <= interval.estimate <= interval.high <= 1
        assert interval.low < interval.high


Votes = dict[tuple[int, str, str], list[str]]


def votes(turn: int) -> Votes:
    found: Votes = defaultdict(list)
    for row in parquet("lmsys/mt-bench", "human_votes", "human"):
        if row["turn"] == turn:
            found[row["question_id"], row["model_a"], row["model_b"]].append(row["winner"])
    return found


def human_pairs(turn: int) -> list[tuple[str, str]]:
    """Any two votes on the same two answers."""
    return [pair for unit in votes(turn).values() for pair in itertools.combinations(unit, 2)]


def judged_pairs(turn: int) -> list[tuple[str, str]]:
    """The winner by GPT-4's grades, equal ones being a tie, beside every vote."""
    grades = {
        (row["question_id"], row["model"]): row["score"]
        for row in parquet("lmsys/mt-bench", "gpt4_single", "train")
        if row["turn"] == turn
    }
    found = []
    for (question, one, other), cast in votes(turn).items():
        if "vicuna-13b-v1.2" not in (one, other):  # GPT-4's grades have another version of it
            a, b = grades[question, one], grades[question, other]
            winner = "tie" if a == b else "model_a" if a > b else "model_b"
            found += [(winner, vote) for vote in cast]
    return found


# 763 of 1,118 are 68.247 %, which by way of 68.25 became 68.3.
ROUNDED_TWICE = {"68.3": "68.2"}


@needs_data
def test_every_computed_row_of_the_agreement_on_mt_bench_is_reproduced() -> None:
    path = SHARED.parent / "paper/mt_bench_agreement.csv"
    pairs = {"human-human": human_pairs, "GPT-4 single-human": judged_pairs}
    rows = csv.DictReader(path.read_text("utf-8").splitlines())
    computed = [row for row in rows if row["provenance"].startswith("computed here")]
    assert len(computed) == 8
    for row in computed:
        said = pairs[row["judges"]](int(row["turn"]))
        tie = None if row["with_ties"] == "yes" else "tie"
        found = agreement([a for a, _ in said], [b for _, b in said], leaving_out=tie)
        assert found.n == int(row["n"])
        share = f"{100 * found.hits / found.n:.1f}"
        assert share == ROUNDED_TWICE.get(row["agreement_pct"], row["agreement_pct"])


@needs_data
def test_the_mean_of_claude_instant_counts_no_unparsed_grade() -> None:
    rows = parquet("lmsys/mt-bench", "gpt4_single", "train")
    grades = [row["score"] for row in rows if row["model"] == "claude-instant-v1"]
    assert f"{sum(grades) / len(grades):.2f}" == "7.85"  # as printed: with −1 for an unparsed one
    parsed = [grade for grade in grades if grade >= 1]
    assert len(parsed) == len(grades) - 1
    assert f"{sum(parsed) / len(parsed):.3f}" == "7.906"
