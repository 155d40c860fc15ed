"""A table on the screen."""

from itertools import pairwise

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table as Grid

from orca_eval.screen import plain
from orca_eval.tables.table import Table

_STYLES = {"good": "green", "bad": "bold red", "unsure": "yellow"}


def show(console: Console, table: Table) -> None:
    """Print title, table and remarks. Every text from outside is one line and acts on nothing."""
    if table.title:
        console.print("\n ", plain(table.title, "bold"), soft_wrap=True)
    console.print(_grid(table))
    for remark in table.remarks:
        console.print(" ", plain(remark, "dim"), soft_wrap=True)


def _grid(table: Table) -> Grid:
    """Texts too long for their column are folded: nothing is cut."""
    grid = Grid(box=SIMPLE_HEAD)
    grid.add_column(table.head, overflow="fold")
    for column in table.columns:
        side: JustifyMethod = "left" if column.text else "right"
        grid.add_column(column.label, justify=side, overflow="fold")
    kinds = [row.kind for row in table.rows]
    for row, (before, kind) in zip(table.rows, pairwise([*kinds[:1], *kinds]), strict=True):
        if kind != before:
            grid.add_section()
        cells = (plain(cell.text, _STYLES.get(cell.mark, "")) for cell in row.cells)
        grid.add_row(plain(row.label), *cells)
    return grid
