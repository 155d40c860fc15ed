"""Every table of a board, in the order in which a reader wants them."""

from orca_eval.report.board import Board
from orca_eval.report.budgets_table import budgets_table
from orca_eval.report.cost_table import cost_table
from orca_eval.report.group_tables import group_tables
from orca_eval.report.judged_tables import published_judged
from orca_eval.report.other_tables import rates_table, reproduction_table, runs_table
from orca_eval.report.pairs_table import pairs_tables
from orca_eval.report.repeats_table import repeats_table
from orca_eval.report.speed_table import speed_table
from orca_eval.report.task_tables import task_tables
from orca_eval.tables.table import Table, with_safe_names


def run_tables(board: Board) -> list[Table]:
    """Scores and improvements, what explains them, tasks, what they cost, and what was run."""
    reproduction, repeats, budgets, speed = (
        [table] if (table := make(board)) else []
        for make in (reproduction_table, repeats_table, budgets_table, speed_table)
    )
    return with_safe_names(
        *group_tables(board),
        *pairs_tables(board),
        *published_judged(board),
        *reproduction,
        rates_table(board),
        *repeats,
        *budgets,
        *task_tables(board),
        cost_table(board),
        *speed,
        runs_table(board),
    )
