"""`orca-eval report`, and the report at the end of every run."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from orca_eval import memory
from orca_eval.errors import InputError
from orca_eval.outcome import Outcome
from orca_eval.report.board import build_board
from orca_eval.report.exports.write import write_exports
from orca_eval.report.html.page import REPORT, write_report
from orca_eval.report.plots import svg_plots, write_plots
from orca_eval.report.run_tables import run_tables
from orca_eval.report.typed_tables import typed_tables
from orca_eval.results.run import read_run, read_runs
from orca_eval.results.typed_scores import read_typed_scores
from orca_eval.tables import markdown, write_tables
from orca_eval.tables.data import content

_RUN_PLOTS = ("benchmarks", "rates")


@memory.returned_at_once()
def main_report(
    runs: Sequence[Path],
    out: Path,
    baseline: str | None,
    samples: bool = True,
    notes: Sequence[str] = (),
) -> Outcome:
    """Write tables, plots, exports and the report of finished runs into `out`.

    `samples` False leaves prompts and replies out of everything. `notes` stand at the report's
    head (runs that failed, say). The first tables are printed.

    Raises:
        InputError: a run that can't be read, an unknown baseline, or `out` can't be written.
    """
    board = build_board(read_runs(runs), baseline)
    tables = run_tables(board)
    with _writing(out):
        write_tables(tables, out / "tables")
        plots = write_plots(board, out / "plots")
        write_exports(board, out / "exports", samples)
        write_report(out / REPORT, board, tables, plots, samples, notes)
    shown = len(board.groups) * (2 if board.baseline else 1)
    sys.stdout.write("\n".join(map(markdown, tables[:shown])))
    return Outcome({"out": out, "report": out / REPORT, "tables": [*map(content, tables[:shown])]})


def main_report_csv(csv: Path, out: Path, baseline: str | None) -> Outcome:
    """Write every table of `csv` into `out/tables` and print them."""
    tables = typed_tables(read_typed_scores(csv), baseline)
    with _writing(out):
        write_tables(tables, out / "tables")
    sys.stdout.write("\n".join(map(markdown, tables)))
    return Outcome({"out": out, "tables": [*map(content, tables)]})


def write_run_report(run_folder: Path, samples: bool = True) -> Path:
    """The report of a single run, in its folder; returns its path."""
    board = build_board([read_run(run_folder)], None)
    path = run_folder / REPORT
    plots = svg_plots(board, _RUN_PLOTS)
    write_report(path, board, run_tables(board), plots, samples)
    return path


@contextlib.contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"out={out}: can't be written ({error.strerror})") from error
