"""Scores along training, by the step in the checkpoints' names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer

from orca_eval.report.board import build_board
from orca_eval.report.plots import draw
from orca_eval.report.plots.checkpoints import Series, series
from orca_eval.results.run import read_runs

from .synthetic import FULL, Spec, write_run


def test_checkpoints_of_one_name_make_a_line_in_order_of_their_steps() -> None:
    labels = ("a-step-2000", "a-step-500", "b", "a-step-1000", "c-step-1", "c-step-2")
    ordered = ("a-step-500", "a-step-1000", "a-step-2000")
    assert series(labels) == [Series("a", (500, 1000, 2000), ordered)]


def test_the_plot_has_the_boards_scores_and_intervals(tmp_path: Path) -> None:
    few = FULL[6:9]  # those of an average
    folders = [
        write_run(
            tmp_path / name,
            Spec(name, accuracy=accuracy, share=0.02, seed=seed, benchmarks=few),
        )
        for seed, (name, accuracy) in enumerate(
            [("m-step-300", 0.7), ("m-step-100", 0.3), ("m-step-200", 0.5), ("other", 0.5)]
        )
    ]
    board = build_board(read_runs(folders), None)
    fig = dict(draw(board, ["checkpoints"]))["checkpoints"]
    axes = fig.axes[0]
    points = [c for c in axes.containers if isinstance(c, ErrorbarContainer)]
    average = "Knowledge average (3)"
    assert axes.get_title(loc="left") == average
    values = [board.values[f"m-step-{step}", average] for step in (100, 200, 300)]
    drawn = [float(point.lines[0].get_ydata()[0]) for point in points]  # type: ignore[index,arg-type]
    assert drawn == pytest.approx([value.number for value in values])
    ends = [tuple(point.lines[2][0].get_segments()[0][:, 1]) for point in points]
    assert np.array(ends) == pytest.approx(np.array([(v.low, v.high) for v in values]))
    board = build_board(read_runs(folders[1:]), None)
    assert not dict(draw(board, ["checkpoints"]))
