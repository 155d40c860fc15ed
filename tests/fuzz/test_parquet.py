"""A short form of `python -m bench.fuzz parquet`: no verb ends in a traceback."""

from __future__ import annotations

from bench.fuzz.worker import outcome


def test_damaged_runs_are_read_or_refused_in_a_line() -> None:
    outcomes = [outcome("parquet", seed) for seed in range(40)]
    assert [found for found in outcomes if found["ended"] == "traceback"] == []
    assert sum(found["ended"] == "refused" for found in outcomes) > 20
