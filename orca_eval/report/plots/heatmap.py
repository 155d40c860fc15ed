"""Heat map of task × model."""

import numpy as np
from matplotlib.figure import Figure

from orca_eval.names import task_name
from orca_eval.report.board import Board
from orca_eval.report.cells import Value
from orca_eval.report.plots import style

_ANNOTATED = 700  # cells; beyond, the figures stand in the tables alone
_PALE = "#F7F7F7"  # not the paper's white, which a dark page turns dark


def heatmap(board: Board) -> Figure:
    """A row per task (per benchmark where it has one task), benchmarks set apart by a line."""
    rows = _rows(board)
    grid = np.array([numbers for _, _, numbers in rows], dtype=float)  # NaN for None
    models = len(board.runs)
    cell = 0.62 if models > 3 else 0.9
    longest = min(44, max(map(len, board.labels)))
    # Slanted names take 0.05 inches a letter; with few rows they would leave the cells no room.
    fig = style.figure(3.4 + cell * models, 1.2 + 0.05 * longest + 0.19 * len(rows))
    axes = fig.add_subplot()
    image = axes.imshow(grid, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    # No colour of the scale: nothing was measured.
    axes.set_facecolor("#EEEEEE")
    axes.set_yticks(
        range(len(rows)), [style.name(label, 44, 1) for _, label, _ in rows], fontsize=7
    )
    axes.set_xticks(
        range(models),
        [style.name(label, 44, 1) for label in board.labels],
        rotation=50,
        ha="left",
        rotation_mode="anchor",
        fontsize=8,
    )
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for index in range(1, len(rows)):
        if rows[index][0] != rows[index - 1][0]:
            axes.axhline(index - 0.5, color="white", linewidth=2)
    if grid.size <= _ANNOTATED:
        for (row, column), number in np.ndenumerate(grid):
            text = "–" if np.isnan(number) else f"{number:.0f}"
            shade = style.INK if np.isnan(number) else "black" if number > 55 else _PALE
            axes.text(column, row, text, ha="center", va="center", fontsize=6.5, color=shade)
    bar = fig.colorbar(image, ax=axes, location="bottom", shrink=0.9, aspect=30, pad=0.01)
    bar.set_label(board.axis)
    bar.outline.set_visible(False)
    return fig


def _rows(board: Board) -> list[tuple[str, str, list[float | None]]]:
    """(benchmark, label, score in percent per model), single-task benchmarks by their own name."""
    rows: list[tuple[str, str, list[float | None]]] = []
    for benchmark in board.ran():
        alias, measure = board.plotted(benchmark), board.measure(benchmark)
        tasks = board.tasks(benchmark)
        if len(tasks) < 2:
            numbers = [board.on_scale(label, benchmark).number for label in board.labels]
            rows.append((benchmark, alias, numbers))
            continue
        for task, scores in tasks.items():
            values = (Value.of(scores.get(label), measure) for label in board.labels)
            numbers = [value.on_scale(measure).number for value in values]
            rows.append((benchmark, f"{alias}: {task_name(task)}", numbers))
    return rows
