"""Samples → scores of tasks, benchmarks and averages."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from orca_eval.config.schema import Average
from orca_eval.results.aggregate import aggregate, by_benchmark
from orca_eval.types import EXACT_MATCH, Aggregate, Measure


def samples(benchmark: str, right: int, n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "benchmark": benchmark,
            "task": benchmark,
            "doc_id": range(n),
            "cluster": None,
            "score": [1.0] * right + [0.0] * (n - right),
            "answered": True,
            "finish_reason": "stop",
            "empty": False,
        }
    )


def test_an_averages_interval_takes_its_benchmarks_as_independent() -> None:
    names = ("one", "two", "three", "four")
    frame = pd.concat([samples(name, 200, 400) for name in names])
    kinds, measures = dict.fromkeys(names, "pooled"), dict.fromkeys(names, EXACT_MATCH)
    *_, average = aggregate(by_benchmark(frame), kinds, [Average("all", names)], measures)
    assert average.score == 0.5
    expected = 1.96 * math.sqrt(0.25 / 400 / len(names))  # drawn alike, it would be twice as wide
    assert average.ci_low is not None
    assert average.ci_high is not None
    assert (average.ci_high - average.ci_low) / 2 == pytest.approx(expected, rel=0.05)


def test_orders_of_one_question_are_no_repeated_answers() -> None:
    asked = samples("pairs", 30, 40)
    frame = pd.concat([asked, asked.assign(score=1.0)]).assign(kind="choice", answer="A")
    measure = Measure("consistent", over_repeats="worst", shares=("accuracy", "same letter"))
    for measures, several in (({"pairs": measure}, False), ({"pairs": EXACT_MATCH}, True)):
        (row,) = aggregate(by_benchmark(frame), {"pairs": "pooled"}, [], measures)
        assert row.score == (0.875 if several else 0.75)
        assert (row.repeats is not None) == several
    (row,) = aggregate(by_benchmark(frame), {"pairs": "pooled"}, [], {"pairs": measure})
    assert row.figures == {"accuracy": 0.875, "same letter": 1.0}


def passages(frame: pd.DataFrame, size: int) -> pd.DataFrame:
    return frame.assign(cluster=[f"{b}-{i // size}" for i, b in enumerate(frame["benchmark"])])


@pytest.mark.parametrize("right", ["none", "all"])
def test_no_score_has_an_interval_without_width(right: str) -> None:
    """Items alone, passages, tasks, graded scores, an average: all wrong or all right."""
    shapes = {"crass": 8, "race": 120, "drop": 60, "bbh": 60, "rated": 40, "few": 20}
    parts = {name: samples(name, n if right == "all" else 0, n) for name, n in shapes.items()}
    parts |= {name: passages(parts[name], size) for name, size in (("race", 3), ("drop", 7))}
    parts["few"] = passages(parts["few"], 5)
    parts["bbh"]["task"] = [f"bbh/{i // 20}" for i in range(60)]
    parts["rated"]["score"] = 10.0 if right == "all" else 1.0
    measures = dict.fromkeys(shapes, EXACT_MATCH) | {"rated": Measure("rating", 1.0, 10.0)}
    kinds: dict[str, Aggregate] = {**dict.fromkeys(shapes, "pooled"), "bbh": "mean_of_tasks"}
    averages = [Average("mean", ("crass", "race", "drop", "bbh"))]
    rows = aggregate(by_benchmark(pd.concat(parts.values())), kinds, averages, measures)
    widths = {}
    for row in rows:
        if row.benchmark == "few":  # four passages
            assert (row.ci_low, row.ci_high) == (None, None)
            continue
        assert row.ci_low is not None
        assert row.ci_high is not None
        assert row.score == (row.ci_high if right == "all" else row.ci_low)
        widths[row.level, row.benchmark] = row.ci_high - row.ci_low
    assert len(rows) == len(shapes) + 3 + 1  # the tasks of bbh, the average
    assert widths["benchmark", "crass"] == pytest.approx(0.324, abs=0.001)
    assert widths["benchmark", "race"] == pytest.approx(0.088, abs=0.001)  # 40 passages
    assert widths["benchmark", "drop"] == pytest.approx(0.3, abs=0.02)  # 9 passages
    assert widths["benchmark", "bbh"] == pytest.approx(0.06, abs=0.001)  # 60 items
    assert widths["average", "mean"] > 0.1
