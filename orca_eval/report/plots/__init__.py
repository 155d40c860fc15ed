"""The plots of a board. One file per plot; a plot returns None where it has nothing to show."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from orca_eval.names import task_name
from orca_eval.report.board import Board
from orca_eval.report.plots.averages import averages
from orca_eval.report.plots.benchmarks import benchmarks
from orca_eval.report.plots.budgets import budgets
from orca_eval.report.plots.checkpoints import checkpoints
from orca_eval.report.plots.cost import cost
from orca_eval.report.plots.dark import following_the_page
from orca_eval.report.plots.fonts import numbered, undrawable
from orca_eval.report.plots.heatmap import heatmap
from orca_eval.report.plots.improvement import improvement
from orca_eval.report.plots.radar import radar
from orca_eval.report.plots.rates import rates
from orca_eval.report.plots.size import size
from orca_eval.report.plots.slices import sliced, slices
from orca_eval.report.plots.style import RC
from orca_eval.safe_text import terminal

PLOTS: Mapping[str, tuple[str, Callable[[Board], Figure | None]]] = {
    "averages": ("Averages", averages),
    "benchmarks": ("Benchmarks", benchmarks),
    "improvement": ("Relative improvement over the baseline", improvement),
    "radar": ("Radar of the benchmarks", radar),
    "heatmap": ("Tasks by model", heatmap),
    "rates": ("What became of the replies", rates),
    "size": ("Score against size", size),
    "budgets": ("Score by max_tokens", budgets),
    "cost": ("Score against tokens", cost),
    "checkpoints": ("Scores along training", checkpoints),
}
FORMATS = ("svg", "png", "pdf")
_METADATA: Mapping[str, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot's name, caption, its SVG, and its width and height in inches."""

    name: str
    title: str
    svg: bytes
    size: tuple[float, float]


def plots_of(board: Board) -> Mapping[str, tuple[str, Callable[[Board], Figure | None]]]:
    """Every plot by its name: those of all boards, and one for each way of slicing a benchmark."""
    own = {
        f"{name}_{what}": (
            f"{board.name(name)} by {what}",
            partial(slices, benchmark=name, what=what),
        )
        for name, what in sliced(board)
    }
    return {**PLOTS, **own}


def key_of(board: Board) -> dict[str, int]:
    """The numbers of models, benchmarks, averages and tasks that the fonts at hand can't write."""
    ran = board.ran()
    columns = [*ran, *(average for _, average in board.averages())]
    names = [name for column in columns for name in (board.name(column), board.plotted(column))]
    tasks = (task_name(task) for benchmark in ran for task in board.tasks(benchmark))
    return undrawable([*board.labels, *names, *tasks])


def draw(board: Board, names: Sequence[str] | None = None) -> Iterator[tuple[str, Figure]]:
    """The plots that have something to show, all of them by default, one at a time, in style."""
    plots = plots_of(board)
    extents = dict.fromkeys(run.extent for run in board.runs if run.extent)
    with mpl.rc_context(RC), numbered(key_of(board)):
        for name in plots if names is None else names:
            fig = plots[name][1](board)
            if fig is None:
                continue
            if extents:
                _note(fig, "; ".join(extents))
            # Lay out once, not again for every format.
            if layout := fig.get_layout_engine():
                layout.execute(fig)
            fig.set_layout_engine("none")
            yield name, fig


def _note(fig: Figure, text: str) -> None:
    """What a reader must know before the figures (quickstart items, a limit), above all else: a
    figure's title and a legend outside the axes would be laid over each other."""
    if fig.legends:
        fig.legends[0].set_title(text, FontProperties(size=9, style="italic"))
        fig.legends[0].set_alignment("left")
    else:
        fig.suptitle(text, x=0.01, ha="left", fontsize=9, style="italic")


def render(fig: Figure, kind: str) -> bytes:
    """The plot as a file's content, the same bytes for the same data."""
    buffer = io.BytesIO()
    with mpl.rc_context(RC):
        fig.savefig(buffer, format=kind, dpi=fig.dpi, metadata=_METADATA.get(kind))
    return following_the_page(buffer.getvalue()) if kind == "svg" else buffer.getvalue()


def svg_plots(board: Board, names: Sequence[str]) -> list[Plot]:
    """The named plots, for the report alone."""
    found = draw(board, names)
    return [Plot(name, PLOTS[name][0], render(fig, "svg"), _size(fig)) for name, fig in found]


def write_plots(board: Board, folder: Path) -> list[Plot]:
    """Every plot as `<name>.svg`, `.png` and `.pdf`, and `key.txt` where names are numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    if key := key_of(board):
        lines = [f"[{number}] {terminal(name)}\n" for name, number in key.items()]
        (folder / "key.txt").write_text("".join(lines), encoding="utf-8")
    titles = {name: title for name, (title, _) in plots_of(board).items()}
    plots = []
    for name, fig in draw(board):
        files = {kind: render(fig, kind) for kind in FORMATS}
        for kind, content in files.items():
            (folder / f"{name}.{kind}").write_bytes(content)
        plots.append(Plot(name, titles[name], files["svg"], _size(fig)))
    return plots


def _size(fig: Figure) -> tuple[float, float]:
    return fig.get_figwidth(), fig.get_figheight()
