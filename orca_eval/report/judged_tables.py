"""What papers print of judged benchmarks, in tables of its own: another judge gave those scores."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from orca_eval.names import ids_by_display
from orca_eval.paths import PUBLISHED
from orca_eval.report.board import Board
from orca_eval.report.cells import figure
from orca_eval.tables.table import Cell, Column, Row, Table

_TEXT = ("model", "provenance")


@dataclass(frozen=True, slots=True)
class _Printed:
    """A published table: its file, what it is called, and what to know of it."""

    file: str
    title: str
    remarks: tuple[str, ...] = ()


_PRINTED = (
    _Printed(
        "orca2_mt_bench.csv",
        "MT-Bench as Orca 2 prints it (arXiv 2311.11045, Table 3): rating, 1 to 10",
    ),
    _Printed(
        "judged/orca2_hallucination.csv",
        "Grounding as Orca 2 prints it (arXiv 2311.11045, Table 11): hallucination rate, %",
        ("Its MS MARCO has 1,000 questions, ours 148; its prompts are not known.",),
    ),
    _Printed(
        "judged/orca1_open_ended.csv",
        "Open-ended prompts as Orca 1 prints them (arXiv 2306.02707): % of the reference's rating",
        ("The reference's answer stood first; here both orders count.",),
    ),
)
ANOTHER_JUDGE = (
    "Judged by a GPT-4 of 2023, which is no judge of the tables above: compare models within this "
    "table, not with theirs. Figures as printed, as far as known: see provenance."
)


def published_judged(board: Board) -> Iterator[Table]:
    """The published tables of the board's judged benchmarks, where all runs are full."""
    if not all(run.full for run in board.runs):
        return
    ids = ids_by_display()
    for printed in _PRINTED:
        with (PUBLISHED / printed.file).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = [name for name in rows[0] if name not in _TEXT]
        benchmarks = {ids[name] for name in columns if name in ids}
        of_mt_bench = {"mt_bench"} if "turn_1" in columns else set()
        if not (benchmarks | of_mt_bench) & set(board.columns.benchmarks):
            continue
        yield Table(
            name=f"{(PUBLISHED / printed.file).stem}_published",
            title=printed.title,
            head="model",
            columns=(
                *(Column(name, name.replace("_", " ")) for name in columns),
                Column("provenance", "provenance", text=True),
            ),
            rows=tuple(_row(row, columns) for row in rows),
            remarks=(ANOTHER_JUDGE, *printed.remarks),
        )


def _row(row: dict[str, str], columns: list[str]) -> Row:
    cells = [figure(Fraction(row[name]) if row[name] else None) for name in columns]
    return Row(row["model"], (*cells, Cell(row["provenance"])), kind="published")
