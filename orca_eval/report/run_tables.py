"""Every table of a board, in the order in which a reader wants them."""

from orca_eval.report.board import Board
from orca_eval.report.group_tables import group_tables
from orca_eval.report.other_tables import rates_table, reproduction_table, runs_table
from orca_eval.report.speed_table import speed_table
from orca_eval.report.task_tables import task_tables
from orca_eval.tables.table import Table, with_safe_names


def run_tables(board: Board) -> list[Table]:
    """Scores and improvements, reproduction, rates, sub-tables, speed, and what was run."""
    reproduction, speed = reproduction_table(board), speed_table(board)
    return with_safe_names(
        *group_tables(board),
        *([reproduction] if reproduction else []),
        rates_table(board),
        *task_tables(board),
        *([speed] if speed else []),
        runs_table(board),
    )
