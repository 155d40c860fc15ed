"""Score against tokens generated a document: a point per model, or per benchmark of one run."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter

from orca_eval.report.board import Board
from orca_eval.report.cells import Value
from orca_eval.report.plots import style

LOG_FROM = 10
"""An axis whose points lie further apart than so many times is logarithmic."""
_PER_ROW = 3
_SIZES = (10.0, 7.5, 5.5, 4.0, 2.5)
"""Of marks one upon the other, so that each is seen; of more the last."""
_MOST_TICKS = 5


class _Point(NamedTuple):
    """A place in the plot; `who` tells whose it is by mark and colour."""

    who: int
    tokens: float
    value: Value


def cost(board: Board) -> Figure | None:
    """A panel per average, or per benchmark where there is none; of one run one panel for all."""
    label, *others = board.labels
    ran = board.ran()
    if not others:
        names = [style.name(board.plotted(key), 32, 2) for key in ran]
        found = [(style.name(label, 40, 2), _points(board, [(label, key) for key in ran]))]
    else:
        names = [style.name(label, 32, 2) for label in board.labels]
        found = [
            (
                style.name(board.plotted(key), 28, 2),
                _points(board, [(label, key) for label in board.labels]),
            )
            for key in [average for _, average in board.averages()] or ran
        ]
    panels = [(title, points) for title, points in found if points]
    if not panels:
        return None
    columns = min(_PER_ROW, len(panels))
    rows = math.ceil(len(panels) / columns)
    height = max(3.4 * rows, 0.9 + 0.33 * len(names))
    fig = style.figure(3.4 * columns + 3.0, height)
    grid = fig.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    for axes, (title, points) in zip(grid, panels, strict=False):
        _draw(axes, points)
        axes.set_title(title)
        axes.set_ylabel(board.axis)
    shown = sorted({point.who for _, points in panels for point in points})
    marks: dict[str, Any] = {"linestyle": "none", "markersize": 7}
    handles = [Line2D([], [], label=names[i], **marks, **style.mark_style(i)) for i in shown]
    fig.legend(handles=handles, loc="outside right upper", frameon=False)
    return fig


def _points(board: Board, places: Sequence[tuple[str, str]]) -> list[_Point]:
    """Those of runs and columns that have a score and tokens, with their number among all."""
    found = []
    costs = {run.label: run.costs for run in board.runs}
    for index, (label, key) in enumerate(places):
        value, spent = board.on_scale(label, key), costs[label].get(key)
        if value.number is not None and spent is not None and spent.completion is not None:
            found.append(_Point(index, spent.completion, value))
    return found


def _draw(axes: Axes, points: Sequence[_Point]) -> None:
    beneath: dict[tuple[str, str], int] = {}
    for who, tokens, value in points:
        place = f"{tokens:.2g}", f"{value.number:.0f}"
        number = beneath[place] = beneath.get(place, -1) + 1
        size = _SIZES[min(number, len(_SIZES) - 1)]
        look = {"markersize": size, "markeredgewidth": 0.7, "elinewidth": 0.9}
        error = style.error(value)
        style.point(axes, who, tokens, value.number or 0.0, yerr=error, **look, zorder=3 + number)
    spent = [point.tokens for point in points]
    low, high = min(spent), max(spent)
    if high > LOG_FROM * low:
        axes.set_xscale("log")
        axes.set_xlim(low / 1.5, high * 1.5)
        axes.xaxis.set_major_locator(FixedLocator(_ticks(low, high)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xlim(0, 1.12 * high)
        axes.xaxis.set_major_locator(MaxNLocator(_MOST_TICKS, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.12g}"))
    axes.set_xlabel("tokens generated a document")
    axes.xaxis.grid(visible=True)
    style.percent_axis(axes)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between the points, as many as have room."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [step * 10.0**decade for decade in decades for step in steps]
        inside = [tick for tick in ticks if low / 1.5 <= tick <= high * 1.5]
        if len(inside) <= _MOST_TICKS:
            return inside
    return inside[:: math.ceil(len(inside) / _MOST_TICKS)]
