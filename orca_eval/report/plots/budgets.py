"""Score against max_tokens: what shorter replies would have been worth."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

from orca_eval.report.board import Board
from orca_eval.report.cells import Value
from orca_eval.report.plots import style

_PER_ROW = 3
_MOST_TICKS = 8


def budgets(board: Board) -> Figure | None:
    """A panel per benchmark and average, a line per model with its intervals as a band; models are
    named above. None where no run's tokens are known."""
    keys = [key for group in board.groups for key in group.columns()]
    keys = [key for key in keys if any(run.at_budgets(key) for run in board.runs)]
    if not keys:
        return None
    columns = min(_PER_ROW, len(keys))
    lines = math.ceil(len(keys) / columns)
    fig = style.figure(max(5.5, 3.3 * columns), 0.9 + 2.5 * lines)
    panels = fig.subplots(lines, columns, squeeze=False).ravel()
    for axes in panels[len(keys) :]:
        axes.set_visible(False)
    shown: dict[int, str] = {}
    for axes, key in zip(panels, keys, strict=False):
        for index, label in enumerate(board.labels):
            if _line(axes, board, index, key):
                shown[index] = label
        axes.set_title(style.name(board.plotted(key), 32, 2))
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.get_major_locator().set_params(numticks=_MOST_TICKS)
        style.percent_axis(axes)
    fig.supxlabel("max_tokens", fontsize=9)
    fig.supylabel(board.axis, fontsize=9)
    handles = [
        Line2D([], [], label=style.name(label, 32, 2), markersize=6, **style.mark_style(index))
        for index, label in shown.items()
    ]
    fig.legend(handles=handles, loc="outside upper left", ncols=columns, frameon=False)
    return fig


def _line(axes: Axes, board: Board, index: int, key: str) -> bool:
    """Draws a model's line; whether it has one."""
    run, measure = board.runs[index], board.measure(key)
    if board.values[run.label, key].note:
        return False
    values = {b: Value.of(row, measure).on_scale(measure) for b, row in run.at_budgets(key).items()}
    known = {budget: value for budget, value in values.items() if value.number is not None}
    if not known:
        return False
    numbers = [value.number or 0.0 for value in known.values()]
    look = style.mark_style(index)
    axes.plot(list(known), numbers, markersize=5, linewidth=1.2, **look)
    bounded = {b: v for b, v in known.items() if v.low is not None and v.high is not None}
    lows, highs = ([getattr(v, end) for v in bounded.values()] for end in ("low", "high"))
    axes.fill_between(list(bounded), lows, highs, color=look["color"], alpha=0.15, linewidth=0)
    return True
