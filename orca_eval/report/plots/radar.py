"""The benchmarks as a radar: overlaid for a few models, one small radar each for many."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes
from numpy.typing import NDArray

from orca_eval.report.board import Board
from orca_eval.report.plots import style

_OVERLAID = 3
_PER_ROW = 4


def radar(board: Board) -> Figure | None:
    """None where fewer than three benchmarks have a score of some model."""
    numbers = {
        name: np.array([board.on_scale(label, name).number for label in board.labels], dtype=float)
        for name in board.ran()
    }
    scores = {name: column for name, column in numbers.items() if not np.isnan(column).all()}
    if len(scores) < 3:
        return None
    models, names = len(board.runs), [board.plotted(name) for name in scores]
    overlaid = models <= _OVERLAID
    rows, columns = (1, 1) if overlaid else (math.ceil(models / _PER_ROW), _PER_ROW)
    size = (6.2, 5.6 + 0.25 * models) if overlaid else (3.6 * columns, 0.3 + 3.4 * rows)
    fig = style.figure(*size)
    highest = float(np.nanmax([np.nanmax(column) for column in scores.values()]))
    panels = []
    for number in range(1 if overlaid else models):
        axes = fig.add_subplot(rows, columns, number + 1, projection="polar")
        assert isinstance(axes, PolarAxes)
        _frame(axes, names, style.top(highest), small=not overlaid)
        panels.append(axes)
    by_model = np.column_stack(list(scores.values()))
    for index, label in enumerate(board.labels):
        axes = panels[index % len(panels)]
        if not overlaid:
            mean = np.nanmean(by_model, axis=0)
            axes.fill(_angles(len(names)), mean, facecolor="#DDDDDD", edgecolor="none", zorder=0)
            axes.set_title(style.name(label), loc="center", pad=10)
        _line(axes, by_model[index], index, label)
    if overlaid:
        fig.legend(loc="outside lower center", ncols=1, frameon=False)
    else:
        fig.supxlabel("grey: mean of the models", fontsize=8, color=style.FAINT)
    return fig


def _angles(count: int) -> NDArray[np.float64]:
    return np.linspace(0, 2 * np.pi, count, endpoint=False)


def _frame(axes: PolarAxes, labels: Sequence[str], end: float, small: bool) -> None:
    axes.set_theta_offset(np.pi / 2)
    axes.set_theta_direction(-1)
    axes.set_ylim(0, end)
    axes.set_yticks([25, 50, 75, 100], [] if small else ["25", "50", "75", "100"])
    axes.set_rlabel_position(180 / len(labels))
    axes.tick_params(axis="y", labelsize=7, labelcolor=style.FAINT)
    angles, names = _angles(len(labels)), [style.name(label, 13) for label in labels]
    axes.set_xticks(angles, names, fontsize=6.5 if small else 9)
    axes.tick_params(axis="x", pad=2 if small else 8)
    for angle, tick in zip(angles, axes.get_xticklabels(), strict=True):
        side = math.sin(angle)
        tick.set_horizontalalignment(
            "center" if abs(side) < 0.2 else "left" if side > 0 else "right"
        )


def _line(axes: PolarAxes, values: NDArray[np.float64], index: int, label: str) -> None:
    """A benchmark without a score leaves a gap in the line."""
    axes.plot(
        [*_angles(len(values)), 0.0],
        [*values, values[0]],
        linestyle=style.LINES[index % len(style.LINES)],
        linewidth=1.8,
        markersize=5,
        markeredgewidth=0.5,
        label=style.name(label, 60, 1),
        **style.mark_style(index),
    )
