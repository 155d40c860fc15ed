"""`orca-eval report`, and the report at the end of every run."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from orca_eval import memory
from orca_eval.config.schema import Price
from orca_eval.errors import InputError
from orca_eval.outcome import Outcome
from orca_eval.report.board import Board, build_board
from orca_eval.report.cost_table import cost_summary
from orca_eval.report.exports.write import write_exports
from orca_eval.report.html.page import REPORT, write_report
from orca_eval.report.plots import svg_plots, write_plots
from orca_eval.report.run_tables import run_tables
from orca_eval.report.typed_tables import typed_tables
from orca_eval.results.folder import identity_hash
from orca_eval.results.reading import REPORTS
from orca_eval.results.run import Run, read_runs
from orca_eval.results.typed_scores import read_typed_scores
from orca_eval.screen import paragraph, print_path, screen
from orca_eval.tables import write_tables
from orca_eval.tables.data import content
from orca_eval.tables.screen import show
from orca_eval.tables.table import Table, with_safe_names

_RUN_PLOTS = ("benchmarks", "rates", "budgets", "cost")
Further = Callable[[Board, Path], Sequence[Table]]
"""Makes tables of a board, and more files in a folder."""
WAY_TO_FILES = "out=DIR writes these tables as Markdown, LaTeX, HTML, CSV and JSON."


class WrittenReport(NamedTuple):
    """Where `report.html` lies, and the tables that a reader sees first."""

    path: Path
    first: tuple[Table, ...]


@memory.returned_at_once()
def report_runs(
    runs: Sequence[Path],
    out: Path | None,
    baseline: str | None,
    samples: bool = True,
    notes: Sequence[str] = (),
    price: Price | None = None,
    further: Further | None = None,
) -> WrittenReport:
    """Writes tables, plots, exports and the report of finished runs into `out`, a folder beside the
    runs where it is None.

    `samples` False leaves prompts and replies out of everything. `notes` stand at the report's
    head (runs that failed, say). A `price` takes the place of the runs' own. First come the scores,
    then what a document takes as a whole, then the tables that `further` makes of the board.

    Raises:
        InputError: a run that can't be read, an unknown baseline, or `out` can't be written.
    """
    found = read_runs(runs)
    if price is not None:
        found = [replace(run, price=price) for run in found]
    board = build_board(found, baseline)
    out = out or beside([run.folder for run in board.runs])
    with _writing(out):
        own = run_tables(board)
        beside_them = with_safe_names(*further(board, out)) if further else []
        tables = [*own, *beside_them]
        write_tables(tables, out / "tables")
        plots = write_plots(board, out / "plots")
        write_exports(board, out / "exports", samples)
        write_report(out / REPORT, board, tables, plots, samples, notes)
    shown = len(board.groups) * (2 if board.baseline else 1)
    return WrittenReport(out / REPORT, (*own[:shown], *cost_summary(board), *beside_them))


def main_report(
    runs: Sequence[Path],
    out: Path | None,
    baseline: str | None,
    samples: bool = True,
    notes: Sequence[str] = (),
    price: Price | None = None,
    further: Further | None = None,
) -> Outcome:
    """Writes what `report_runs` does, and prints its first tables and the report's path."""
    path, first = report_runs(runs, out, baseline, samples, notes, price, further)
    console = screen()
    show(console, *first)
    print_path(console, path)
    return Outcome({"out": path.parent, "report": path, "tables": [*map(content, first)]})


def main_report_csv(csv: Path, out: Path | None, baseline: str | None) -> Outcome:
    """Print every table of `csv` and, where `out` is named, write them into `out/tables`."""
    tables, console = typed_tables(read_typed_scores(csv), baseline), screen()
    if out is None:
        show(console, *tables)
        console.print()
        paragraph(console, WAY_TO_FILES)
    else:
        with _writing(out):
            write_tables(tables, out / "tables")
        show(console, *tables)
        print_path(console, out / "tables")
    return Outcome({"out": out, "tables": [*map(content, tables)]})


def beside(runs: Sequence[Path]) -> Path:
    """The folder that the report of these runs always goes to: reports/NAME where all of them
    lie."""
    folders = sorted({run.resolve() for run in runs})
    place, here = Path(os.path.commonpath([folder.parent for folder in folders])), Path.cwd()
    digits = identity_hash([str(folder.relative_to(place)) for folder in folders])
    name = folders[0].name if len(folders) == 1 else f"{len(folders)}_runs-{digits}"
    shown = place.relative_to(here) if place.is_relative_to(here) else place
    return shown / REPORTS / name


def write_run_report(run: Run, samples: bool = True) -> Path:
    """The report of a single run, in its folder; returns its path."""
    board = build_board([run], None)
    path = run.folder / REPORT
    plots = svg_plots(board, _RUN_PLOTS)
    write_report(path, board, run_tables(board), plots, samples)
    return path


@contextlib.contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror
        raise InputError(f"out={out}: can't be written ({reason}); name another") from error
