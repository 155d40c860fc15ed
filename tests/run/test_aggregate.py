"""Samples → scores of tasks, benchmarks and averages."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from orca_eval.config.schema import Average
from orca_eval.results.aggregate import aggregate
from orca_eval.types import EXACT_MATCH


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
    *_, average = aggregate(frame, kinds, [Average("all", names)], measures)
    assert average.score == 0.5
    expected = 1.96 * math.sqrt(0.25 / 400 / len(names))  # drawn alike, it would be twice as wide
    assert average.ci_low is not None
    assert average.ci_high is not None
    assert (average.ci_high - average.ci_low) / 2 == pytest.approx(expected, rel=0.05)
