"""Scores of a benchmark's slices: a line per slice, a mark per model with its 95 % interval."""

from collections.abc import Iterator, Mapping

from matplotlib.figure import Figure

from orca_eval.names import task_name
from orca_eval.report.board import Board
from orca_eval.report.cells import Value
from orca_eval.report.plots import style
from orca_eval.results.aggregate import ScoreRow

LEAST = 3  # two slices are read as fast in the table
_LINE = 0.13  # inches per mark


def sliced(board: Board) -> Iterator[tuple[str, str]]:
    """Benchmarks that fall into enough slices, and by what."""
    for benchmark in board.ran():
        ways: dict[str, int] = {}
        for (_, what), parts in board.slices(benchmark).items():
            ways[what] = max(len(parts), ways.get(what, 0))
        yield from ((benchmark, what) for what, count in ways.items() if count >= LEAST)


def slices(board: Board, benchmark: str, what: str) -> Figure:
    """A panel per task."""
    found = board.slices(benchmark)
    panels = {task: parts for (task, by), parts in found.items() if by == what}
    names = sorted({name for parts in panels.values() for name in parts})
    models = len(board.runs)
    height = 1.2 + len(names) * max(0.2, _LINE * models) + 0.25 * models
    fig = style.figure(3.2 + 2.7 * len(panels), height)
    rows = [style.name(name, 34, 1) for name in names]
    grid = style.panels(fig, len(panels), len(panels), rows)
    for axes, (task, parts) in zip(grid, panels.items(), strict=True):
        slot = 0.8 / models
        for index, label in enumerate(board.labels):
            shown = style.name(label, 60, 1) if axes is grid[0] else None
            for place, name in enumerate(names):
                value = _value(board, benchmark, parts.get(name, {}), label)
                at = place - 0.4 + slot * (index + 0.5)
                if value.number is not None:
                    look = {"markersize": 4, "markeredgewidth": 0.5, "elinewidth": 0.8}
                    error = style.error(value)
                    style.point(axes, index, value.number, at, xerr=error, label=shown, **look)
                    shown = None
        if len(panels) > 1:
            axes.set_title(style.name(task_name(task), 30))
        axes.set_xlim(-2, style.top(axes.dataLim.x1) + 2)  # a mark at either end is whole
        axes.xaxis.grid(visible=True)
        for place in range(1, len(names)):
            axes.axhline(place - 0.5, color="#E4E4E4", linewidth=0.5)
    fig.supxlabel(f"{board.name(benchmark)}: {board.axis}", fontsize=9)
    fig.legend(loc="outside upper left", ncols=1, frameon=False)
    return fig


def _value(board: Board, benchmark: str, scores: Mapping[str, ScoreRow], label: str) -> Value:
    measure = board.measure(benchmark)
    return Value.of(scores.get(label), measure).on_scale(measure)
