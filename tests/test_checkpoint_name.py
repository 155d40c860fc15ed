"""The training step in a checkpoint's name."""

from __future__ import annotations

import pytest

from orca_eval.checkpoint_name import step_of


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("orca-step-500", ("orca", 500)),
        ("orca/global_step2.5k w/ cautious sm", ("orca w/ cautious sm", 2500)),
        ("Step_1M-base", ("-base", 1_000_000)),
        ("out/checkpoint-100", ("out", 100)),
        ("Pythia-Step143000", ("Pythia", 143_000)),
        ("run1/global_step40-hf", ("run1-hf", 40)),
        ("iter0005000", ("", 5000)),
        ("a-step1/b-step2", ("a-step1/b", 2)),
        *(("step", None), ("stepfun-7b", None), ("orca-step-12abc", None), ("orca-2-7b", None)),
        *(("stepwise-7b", None), ("onestep7", None), ("ckpt-final", None)),
    ],
)
def test_a_step_is_read_from_a_name(name: str, found: tuple[str, float] | None) -> None:
    assert step_of(name) == found
