"""A short form of `python -m bench.fuzz csv`: no scores end a command in a traceback."""

from __future__ import annotations

from bench.fuzz.worker import outcome


def test_damaged_scores_are_read_or_refused_in_a_line() -> None:
    outcomes = [outcome("csv", seed) for seed in range(40)]
    assert [found for found in outcomes if found["ended"] == "traceback"] == []
    assert all("\n" not in str(found["detail"]) for found in outcomes)
    assert sum(found["ended"] == "refused" for found in outcomes) > 10
