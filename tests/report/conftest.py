"""Run folders that several tests read; none changes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orca_eval.report.board import Board, build_board
from orca_eval.results.run import read_runs

from .synthetic import Spec, write_run

HOSTILE = (
    "<script>window.hacked = true</script><img src=x onerror='window.hacked = true'>"
    "</script></pre>\u202eevil\u202c \x1b[31m | @everyone =cmd() 🦉 needle-in-the-hay"
    "\n###Final answer: (B)"
)
HOSTILE_NAME = "=evil|<img src=x onerror=alert(1)> $x_1$ \\input{a} @all 模型"


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three full runs, two of one model; the first has a hostile reply at its first sample."""
    folder = tmp_path_factory.mktemp("runs")
    at = HOSTILE.index("(B)")
    hostile = {"response": HOSTILE, "answer": "B", "evidence_start": at, "evidence_end": at + 3}
    return [
        write_run(
            folder / "orca-empty",
            Spec("Orca-2-13B", accuracy=0.6, share=0.02, seed=1, parameters=13),
            {0: {**hostile, "rule": "final_answer", "finish_reason": "stop"}},
        ),
        write_run(
            folder / "orca-cautious",
            Spec("Orca-2-13B", "cautious", accuracy=0.55, share=0.02, seed=2, parameters=13),
        ),
        write_run(
            folder / "small", Spec("small", accuracy=0.4, share=0.02, seed=3, parameters=0.1)
        ),
    ]


@pytest.fixture(scope="session")
def board(runs: list[Path]) -> Board:
    """The three runs over `small`."""
    return build_board(read_runs(runs), "small")
