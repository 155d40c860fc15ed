"""The bounds of a score whose replies were cut off."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from orca_eval.config.schema import Average
from orca_eval.results.aggregate import ScoreRow, aggregate, by_benchmark
from orca_eval.results.bounds import bounds
from orca_eval.results.manifest import Manifest
from orca_eval.results.notes import cut_note
from orca_eval.run.table import BOUNDS, scores_table
from orca_eval.types import EXACT_MATCH, Measure

LOWER = Measure("rating", 1, 10, "lower")
CELLS = st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), st.booleans()), min_size=1)


def samples(cells: list[tuple[str, bool, bool]], benchmark: str = "bench") -> pd.DataFrame:
    """A document per (task, right, cut)."""
    rows = [
        {
            "benchmark": benchmark,
            "task": task,
            "doc_id": number,
            "cluster": None,
            "score": float(right),
            "answered": True,
            "finish_reason": "length" if cut else "stop",
            "empty": False,
        }
        for number, (task, right, cut) in enumerate(cells)
    ]
    return pd.DataFrame(rows)


@given(CELLS)
def test_bounds_are_what_is_counted_by_hand(cells: list[tuple[str, bool, bool]]) -> None:
    frame = samples(cells)
    wrong, left_out = bounds(frame, "pooled", EXACT_MATCH)
    if not any(cut for _, _, cut in cells):
        assert (wrong, left_out) == (None, None)
        return
    whole = [right for _, right, cut in cells if not cut]
    assert wrong == pytest.approx(sum(whole) / len(cells))
    assert left_out == (pytest.approx(sum(whole) / len(whole)) if whole else None)
    assert wrong <= frame["score"].mean()
    by_task = {task: [r for t, r, c in cells if t == task and not c] for task, _, _ in cells}
    expected = None
    if all(by_task.values()):
        expected = pytest.approx(sum(sum(r) / len(r) for r in by_task.values()) / len(by_task))
    assert bounds(frame, "mean_of_tasks", EXACT_MATCH)[1] == expected


def test_the_worst_of_a_scale_may_be_its_highest() -> None:
    frame = samples([("a", True, False), ("a", True, True)]).assign(score=4.0)
    assert bounds(frame, "pooled", LOWER) == (7.0, 4.0)


def test_what_nothing_could_grade_is_in_no_bound() -> None:
    frame = samples([("a", True, False), ("a", True, True), ("a", True, True)])
    frame.loc[2, "score"] = None
    assert bounds(frame, "pooled", EXACT_MATCH) == (0.5, 1.0)


def test_an_average_has_the_mean_of_its_benchmarks_bounds() -> None:
    cells = {
        "one": [("a", number < 5, number < 2) for number in range(10)],
        "two": [("a", number < 5, False) for number in range(10)],
    }
    frame = pd.concat([samples(each, name) for name, each in cells.items()])
    kinds, measures = dict.fromkeys(cells, "pooled"), dict.fromkeys(cells, EXACT_MATCH)
    one, two, average = aggregate(
        by_benchmark(frame), kinds, [Average("all", tuple(cells))], measures
    )
    assert (one.score_cut_wrong, one.score_cut_left_out) == (0.3, 0.375)
    assert (two.score_cut_wrong, two.score_cut_left_out) == (None, None)
    assert average.score_cut_wrong == pytest.approx((0.3 + 0.5) / 2)
    assert average.score_cut_left_out == pytest.approx((0.375 + 0.5) / 2)


def row(rate: float) -> ScoreRow:
    return ScoreRow(
        "benchmark", "bench", "", 100, 0.5, 0.4, 0.6, "exact_match", 0.9, rate, 0.0,
        score_cut_wrong=0.45, score_cut_left_out=0.55,
    )  # fmt: skip


def test_bounds_are_shown_where_more_than_a_fiftieth_is_cut() -> None:
    manifest = Manifest.model_validate({"content": {}, "notes": []})
    few, many = row(0.02), row(0.03)
    assert cut_note(few, EXACT_MATCH) == ""
    assert cut_note(many, EXACT_MATCH) == (
        "3.0 % (counting these wrong gives 45.00, leaving them out 55.00)"
    )
    assert BOUNDS not in [column.label for column in scores_table([few], manifest).columns]
    table = scores_table([few, many, replace(many, score_cut_left_out=None)], manifest)
    at = [column.label for column in table.columns].index(BOUNDS)
    assert [each.cells[at].text for each in table.rows] == ["", "45.0 … 55.0", "45.0 … –"]
