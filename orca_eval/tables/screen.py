"""A table on the screen."""

import io
from itertools import pairwise

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table as Grid

from orca_eval.screen import plain, screen
from orca_eval.tables.table import Table

TEXT_WIDTH = 160
_STYLES = {"good": "green", "bad": "bold red", "unsure": "yellow"}


def show(console: Console, table: Table) -> None:
    """Print title, table and remarks. Every text from outside is one line and acts on nothing."""
    if table.title:
        console.print("\n ", plain(table.title, "bold"), soft_wrap=True)
    console.print(_grid(table))
    for remark in table.remarks:
        console.print(" ", plain(remark, "dim"), soft_wrap=True)


def text(table: Table) -> str:
    """Renders the same in plain text, as wide as the screen."""
    page, width = io.StringIO(), screen(TEXT_WIDTH).width
    console = Console(file=page, width=width, color_system=None, markup=False, force_jupyter=False)
    show(console, table)
    return "\n".join(line.rstrip() for line in page.getvalue().strip("\n").splitlines())


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
