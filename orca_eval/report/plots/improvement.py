"""Relative improvement over the baseline, with its paired 95 % interval."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orca_eval.report.board import Board
from orca_eval.report.cells import Value
from orca_eval.report.plots import style
from orca_eval.results.run import Run

_TOGETHER = 3
_PER_ROW = 4


def improvement(board: Board) -> Figure | None:
    """Benchmarks and averages by model; None where nothing is compared.

    A few models stand together on each benchmark's line; many get a panel per benchmark.
    """
    runs = board.compared()
    keys = [
        key
        for group in board.groups
        for key in group.columns()
        if any(_change(board, run, key).number is not None for run in runs)
    ]
    if not keys:
        return None
    fig = _together(board, runs, keys) if len(runs) <= _TOGETHER else _panels(board, runs, keys)
    published = "" if board.baseline in board.labels else " (published)"
    baseline = style.name(board.baseline or "", 60, 1)
    fig.supxlabel(f"relative improvement over {baseline}{published}, %", fontsize=9)
    return fig


def _change(board: Board, run: Run, key: str) -> Value:
    return board.changes.get((run.label, key), Value())


def _together(board: Board, runs: Sequence[Run], keys: Sequence[str]) -> Figure:
    slot = 0.84 / len(runs)
    fig = style.figure(7.5, 1.0 + len(keys) * (0.25 + 0.2 * len(runs)) + 0.25 * len(runs))
    axes = fig.add_subplot()
    for position, key in enumerate(keys):
        if board.is_average(key):
            axes.axhspan(position - 0.5, position + 0.5, color="#F1F1F1", linewidth=0)
        for index, run in enumerate(runs):
            label = style.name(run.label, 60, 1) if position == 0 else None
            _mark(axes, board, run, key, position - 0.42 + slot * (index + 0.5), label)
    axes.set_yticks(range(len(keys)), [style.name(board.name(key), 30) for key in keys])
    _frame(axes, len(keys))
    fig.legend(loc="outside upper left", ncols=1, frameon=False)
    return fig


def _panels(board: Board, runs: Sequence[Run], keys: Sequence[str]) -> Figure:
    columns = min(_PER_ROW, len(keys))
    rows = math.ceil(len(keys) / columns)
    fig = style.figure(2.6 + 2.5 * columns, 0.4 + rows * (0.6 + 0.24 * len(runs)))
    names = [style.name(run.label, 34, 1) for run in runs]
    for axes, key in zip(style.panels(fig, len(keys), columns, names), keys, strict=True):
        for position, run in enumerate(runs):
            _mark(axes, board, run, key, position, None)
        axes.set_title(style.name(board.name(key), 30))
        _frame(axes, len(runs))
    return fig


def _mark(axes: Axes, board: Board, run: Run, key: str, at: float, label: str | None) -> None:
    value = _change(board, run, key)
    if value.number is None:
        return
    index = board.labels.index(run.label)
    look = {"markersize": 6, "markeredgewidth": 0.6, "elinewidth": 1.0, "label": label}
    style.point(axes, index, value.number, at, xerr=style.error(value), **look)


def _frame(axes: Axes, rows: int) -> None:
    axes.axvline(0, color=style.INK, linewidth=1)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.xaxis.grid(visible=True)
