"""The scores that smaller max_tokens would have given."""

from dataclasses import replace

from orca_eval.report.board import Board
from orca_eval.report.cells import Value, scored
from orca_eval.tables.table import Cell, Column, Row, Table

REMARK = (
    "From the tokens of one run's replies: of a longer one the first tokens are scored as the cut "
    "reply that a run with that max_tokens would have had. CSV and JSON have the intervals, and "
    "the shares answered, cut off and empty."
)


def budgets_table(board: Board) -> Table | None:
    """A row per run and benchmark or average, a column per max_tokens; None without any."""
    rows = [
        (run.label, key, found, (run.extent,) if run.extent else ())
        for run in board.runs
        for group in board.groups
        for key in group.columns()
        if not board.values[run.label, key].note and (found := run.at_budgets(key))
    ]
    if not rows:
        return None
    budgets = sorted({budget for _, _, found, _ in rows for budget in found})
    return Table(
        name="budgets",
        title="Score by max_tokens",
        head="model",
        columns=(
            Column("benchmark", "benchmark", text=True),
            *(Column(f"{budget}", f"{budget:,}", "tokens") for budget in budgets),
        ),
        rows=tuple(
            Row(
                label,
                (
                    Cell(text=board.name(key)),
                    *(
                        replace(scored(Value.of(found.get(budget), board.measure(key))), notes=())
                        for budget in budgets
                    ),
                ),
                notes=notes,
            )
            for label, key, found, notes in rows
        ),
        remarks=(REMARK,),
    )
