"""A short form of `python -m bench.fuzz gguf`: no model ends a command in a traceback."""

from __future__ import annotations

from bench.fuzz.worker import outcome


def test_damaged_models_are_read_or_refused_in_a_line() -> None:
    outcomes = [outcome("gguf", seed) for seed in range(60)]
    assert [found for found in outcomes if found["ended"] == "traceback"] == []
    assert all("\n" not in str(found["detail"]) for found in outcomes)
    assert sum(found["ended"] == "refused" for found in outcomes) > 15
