"""Grouped bars: every benchmark, a bar per model, with its 95 % interval."""

import math

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from orca_eval.report.board import Board
from orca_eval.report.plots import style

_BAR = 0.17  # inches per bar


def benchmarks(board: Board) -> Figure:
    """A panel per row of benchmarks, in the tables' order."""
    names = board.ran()
    models = len(board.runs)
    fit = max(1, min(len(names), int(11 / (_BAR * (models + 2)))))
    per_row = math.ceil(len(names) / math.ceil(len(names) / fit))
    rows = [names[start : start + per_row] for start in range(0, len(names), per_row)]
    width = max(4.5, 1.0 + per_row * max(_BAR * (models + 2), 1.0))
    legend_rows = -(-models // max(1, int(width / 3)))
    fig = style.figure(width, 2.3 * len(rows) + 0.25 * legend_rows + 0.3)
    panels = fig.subplots(len(rows), 1, squeeze=False)[:, 0]
    for axes, row in zip(panels, rows, strict=True):
        step = 0.86 / models
        for position, benchmark in enumerate(row):
            for index, label in enumerate(board.labels):
                at = position - 0.43 + step * (index + 0.5)
                value = board.on_scale(label, benchmark)
                if value.number is None:
                    axes.text(at, 1, "–", ha="center", color=style.FAINT)
                    continue
                style.bar(axes, index, at, value, step * 0.94)
        axes.set_xticks(range(len(row)), [style.name(board.plotted(n), 16) for n in row])
        axes.set_xlim(-0.6, per_row - 0.4)
        axes.tick_params(axis="x", length=0)
        axes.set_ylabel(board.axis)
        style.percent_axis(axes)
    patches = [
        Patch(label=style.name(label, 40), **style.bar_style(index))
        for index, label in enumerate(board.labels)
    ]
    widest = max(map(len, board.labels))
    fit = max(1, int(width * 11 / (min(widest, 40) + 6)))
    look = {"frameon": False, "handlelength": 1.8, "ncols": min(fit, models)}
    fig.legend(handles=patches, loc="outside upper left", **look)
    return fig
