"""Scores along training: a line through one model's checkpoints, by the step in their names."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from orca_eval.checkpoint_name import step_of
from orca_eval.report.board import Board
from orca_eval.report.plots import style

LEAST = 3
"""Checkpoints of one name that make a line."""
_PER_ROW = 3


class Series(NamedTuple):
    """Checkpoints that differ in their step alone: steps and labels, in order of the steps."""

    name: str
    steps: tuple[float, ...]
    labels: tuple[str, ...]


def series(labels: Sequence[str]) -> list[Series]:
    """Those of enough checkpoints."""
    by_name: dict[str, dict[float, str]] = {}
    for label in labels:
        if named := step_of(label):
            by_name.setdefault(named[0], {})[named[1]] = label
    return [
        Series(name or "checkpoints", tuple(sorted(steps)), tuple(steps[n] for n in sorted(steps)))
        for name, steps in by_name.items()
        if len(steps) >= LEAST
    ]


def checkpoints(board: Board) -> Figure | None:
    """A panel per average, or per benchmark where there is none, a line per model with its
    intervals; None where no model has enough checkpoints."""
    found = series(board.labels)
    scored = {key for (_, key), value in board.values.items() if value.number is not None}
    keys = [average for _, average in board.averages() if average in scored] or board.ran()
    if not found or not keys:
        return None
    columns = min(_PER_ROW, len(keys))
    lines = -(-len(keys) // columns)
    fig = style.figure(max(5.5, 3.6 * columns), 0.9 + 0.25 * len(found) + 2.7 * lines)
    panels = fig.subplots(lines, columns, squeeze=False).ravel()
    for axes in panels[len(keys) :]:
        axes.set_visible(False)
    for axes, key in zip(panels, keys, strict=False):
        for index, each in enumerate(found):
            _line(axes, board, index, each, key)
        axes.set_title(style.name(board.plotted(key), 32, 2))
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.12g}"))
        axes.set_xlim(left=0)
        style.percent_axis(axes)
    fig.supxlabel("step", fontsize=9)
    fig.supylabel(board.axis, fontsize=9)
    handles = [
        Line2D([], [], label=style.name(each.name, 60, 1), markersize=6, **style.mark_style(index))
        for index, each in enumerate(found)
    ]
    fig.legend(handles=handles, loc="outside upper left", ncols=1, frameon=False)
    return fig


def _line(axes: Axes, board: Board, index: int, each: Series, key: str) -> None:
    """A checkpoint without a score leaves its place in the line out."""
    scored = [
        (step, value)
        for step, label in zip(each.steps, each.labels, strict=True)
        if (value := board.on_scale(label, key)).number is not None
    ]
    steps = [step for step, _ in scored]
    look = style.mark_style(index)
    axes.plot(
        steps, [value.number or 0.0 for _, value in scored], linewidth=1.2, color=look["color"]
    )
    for step, value in scored:
        error = style.error(value)
        style.point(
            axes, index, step, value.number or 0.0, yerr=error, markersize=5, elinewidth=0.9
        )
