"""Score against size: parameters where every run knows them, else tokens generated a reply."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

from orca_eval.report.board import Board
from orca_eval.report.plots import style
from orca_eval.results.run import Run


def size(board: Board) -> Figure | None:
    """A panel per average; models are told apart by mark and colour, named beside the panels."""
    names = [average for _, average in board.averages()]
    sizes, title = _sizes(board)
    if not names or not sizes:
        return None
    fig = style.figure(3.4 * len(names) + 3.0, max(3.4, 0.9 + 0.33 * len(board.runs)))
    panels = fig.subplots(1, len(names), squeeze=False)[0]
    for axes, average in zip(panels, names, strict=True):
        for index, label in enumerate(board.labels):
            value = board.on_scale(label, average)
            if value.number is None or label not in sizes:
                continue
            look = {"markersize": 8, "markeredgewidth": 0.7, "elinewidth": 0.9}
            error = style.error(value)
            style.point(axes, index, sizes[label], value.number, yerr=error, **look)
        axes.set_title(board.plotted(average))
        axes.set_xscale("log")
        axes.set_xlim(min(sizes.values()) / 1.5, max(sizes.values()) * 1.5)
        axes.set_xticks(_ticks(sizes))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(title)
        axes.set_ylabel(board.axis)
        axes.xaxis.grid(visible=True)
        style.percent_axis(axes)
    marks: dict[str, Any] = {"linestyle": "none", "markersize": 7}
    handles = [
        Line2D([], [], label=style.name(label, 32, 2), **marks, **style.mark_style(index))
        for index, label in enumerate(board.labels)
    ]
    fig.legend(handles=handles, loc="outside right upper", frameon=False)
    return fig


def _sizes(board: Board) -> tuple[dict[str, float], str]:
    if all(run.parameters for run in board.runs):
        known = {run.label: run.parameters for run in board.runs if run.parameters}
        return known, "parameters, billion"
    lengths = {run.label: length for run in board.runs if (length := _reply_length(run))}
    return lengths, "tokens generated a reply"


def _reply_length(run: Run) -> float | None:
    replies = sum(benchmark.n for benchmark in run.benchmarks.values())
    return run.manifest.tokens.get("completion", 0) / replies or None if replies else None


def _ticks(sizes: Mapping[str, float]) -> list[float]:
    """Few enough ticks that their labels stay apart: sizes at least a third apart."""
    ticks: list[float] = []
    for value in sorted(set(sizes.values())):
        if not ticks or value / ticks[-1] > 1.6:
            ticks.append(float(f"{value:.3g}"))
    return ticks
