"""Bars of every named average, with its 95 % interval."""

from matplotlib.figure import Figure

from orca_eval.report.board import Board
from orca_eval.report.plots import style


def averages(board: Board) -> Figure | None:
    """A panel per average, a bar per model; None where no suite names an average."""
    names = [average for _, average in board.averages()]
    if not names:
        return None
    rows = len(board.runs)
    fig = style.figure(3.2 + 3.1 * len(names), 1.3 + 0.5 * rows)
    panels = fig.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, average in zip(panels, names, strict=True):
        for index, label in enumerate(board.labels):
            value = board.on_scale(label, average)
            if value.number is None:
                axes.text(1, index, "no average", va="center", color=style.FAINT, style="italic")
                continue
            style.bar(axes, index, index, value, 0.66, across=True)
            end = value.high if value.high is not None else value.number
            axes.text(end + 1.5, index, f"{value.number:.1f}", va="center")
        axes.set_title(board.plotted(average))
        end = style.top(axes.dataLim.x1)
        axes.set_xlim(0, 1.12 * end)
        axes.set_xticks(range(0, int(end) + 1, 20))
        axes.set_xlabel(board.axis)
        axes.xaxis.grid(visible=True)
    panels[0].set_yticks(range(rows), [style.name(label) for label in board.labels])
    panels[0].set_ylim(rows - 0.4, -0.6)
    return fig
