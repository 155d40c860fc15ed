"""orca-eval strategies."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orca_eval import command
from orca_eval.config.compose import compose_verb
from orca_eval.launch.job import RunResult
from orca_eval.launch.several import check_all, run_all, taken_apart
from orca_eval.outcome import Outcome
from orca_eval.paths import expanded
from orca_eval.screen import print_path, screen
from orca_eval.verbs.leaderboard import INCOMPLETE, OWN_KEYS, models_of, names_of
from orca_eval.verbs.run import result_data

LISTS = (*OWN_KEYS, "strategies")


def main(overrides: list[str]) -> Outcome:
    """Runs every model, prompt and strategy, then writes the matrix; 1 where a run failed."""
    how, overrides = taken_apart(overrides)
    composed = compose_verb("strategies", overrides)
    shared = [o for o in overrides if o.lstrip("+").split("=", 1)[0] not in LISTS]
    runs = [
        [*model, f"prompt={prompt}", f"strategy={strategy}", *shared]
        for model in models_of(composed)
        for prompt in names_of(composed["prompts"], "prompts")
        for strategy in names_of(composed["strategies"], "strategies")
    ]
    check_all(runs, how)
    with command.stdout_apart(away=True) if command.is_quiet() else contextlib.nullcontext():
        results = run_all(runs, how)
    if results is None:
        return Outcome({"runs": [], "detached": True})
    data: dict[str, Any] = {"runs": [result_data(result) for result in results]}
    folders = [result.folder for result in results if result.folder is not None]
    if folders:
        out = expanded(composed["out"]) if composed["out"] else None
        data |= _written(folders, out, results, samples=composed["report"]["samples"])
    return Outcome(data, 0 if len(folders) == len(runs) else INCOMPLETE)


def _written(
    folders: Sequence[Path], out: Path | None, results: Sequence[RunResult], *, samples: bool
) -> dict[str, Any]:
    """Writes the report with the matrix, and the routers."""
    from orca_eval.matrix.router import write_routers
    from orca_eval.matrix.tables import matrix_tables
    from orca_eval.matrix.ways import matrices
    from orca_eval.report.board import Board
    from orca_eval.report.run_report import main_report
    from orca_eval.tables.table import Table

    routers: list[Path] = []

    def further(board: Board, out: Path) -> list[Table]:
        tables = []
        for matrix in matrices(board.runs):
            tables += matrix_tables(board, matrix)
            routers.extend(write_routers(matrix, out / "routers"))
        return tables

    failed = [result.failure for result in results if result.problem]
    report = main_report(folders, out, None, samples=samples, notes=failed, further=further)
    for path in routers:
        print_path(screen(), path)
    return {**report.data, "routers": routers}
