"""Tables on the screen: what they say, and beneath them all, once, what a reader has to know."""

import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from orca_eval.safe_text import github_log
from orca_eval.screen import INDENT, paragraph, plain, screen
from orca_eval.tables.layout import Block, blocks, lines_of, width_of
from orca_eval.tables.table import Cell, Column, Row, Table, together

TEXT_WIDTH = 160
_STYLES = {
    **{"good": "green", "bad": "bold red", "unsure": "yellow"},
    **{"best": "bold", "second": "underline"},
}
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def show(console: Console, *tables: Table) -> None:
    """Prints the tables, then all their notes. Every text from outside acts on nothing.

    Names are never cut: columns give way to them, and a table too wide goes on below itself.
    """
    cells = [cell for table in tables for row in table.rows for cell in row.cells]
    texts = dict.fromkeys(note for cell in cells for note in cell.notes)
    marks = {text: str(number).translate(_RAISED) for number, text in enumerate(texts, start=1)}
    for table in tables:
        console.print()
        if table.title:
            paragraph(console, table.title, "bold")
            console.print()
        _print_grids(console, table, marks)
    under = [*(f"{mark} {text}" for text, mark in marks.items()), *_notes(tables)]
    if under:
        console.print()
    for text in under:
        paragraph(console, text, "dim")


def text(*tables: Table) -> str:
    """Renders the same in plain text, as wide as the screen."""
    page, width = io.StringIO(), screen(TEXT_WIDTH).width
    console = Console(file=page, width=width, color_system=None, markup=False, force_jupyter=False)
    show(console, *tables)
    return "\n".join(line.rstrip() for line in page.getvalue().strip("\n").splitlines())


def _notes(tables: Sequence[Table]) -> Iterable[str]:
    """What is said of rows, with their names unless it is said of all; of columns; and of the
    tables."""
    rows = [row for table in tables for row in table.rows]
    everyone = {row.label for row in rows if row.kind == "measured"}
    for note, names in together((row.label, note) for row in rows for note in row.notes).items():
        yield note if everyone <= {*names} else f"{', '.join(names)}: {note}"
    heads: dict[str, str] = {}
    for column in (column for table in tables for column in table.columns if column.detail):
        heads.setdefault(column.label, column.detail)
    details = together(heads.items())
    if details:
        yield "; ".join(f"{', '.join(names)}: {detail}" for detail, names in details.items())
    yield from dict.fromkeys(remark for table in tables for remark in table.remarks)


def _print_grids(console: Console, table: Table, marks: Mapping[str, str]) -> None:
    labels = [github_log(_label(row)) for row in table.rows]
    shown = [_texts(table, place, marks) for place in range(len(table.columns))]
    widths = [
        width_of(github_log(column.label), texts, wraps=column.text, gives_way=column.gives_way)
        for column, texts in zip(table.columns, shown, strict=True)
    ]
    label = width_of(github_log(table.head), labels, wraps=True)
    found = blocks(label, widths, console.width - INDENT)
    for number, block in enumerate(found):
        if number:
            console.print()
        console.print(Padding(_grid(table, block, labels, shown), (0, 0, 0, INDENT), expand=False))
    kept = {place for block in found for place in block.columns}
    left_out = [c.label for place, c in enumerate(table.columns) if place not in kept]
    if left_out:
        paragraph(console, f"Not shown at this width: {', '.join(left_out)}.", "dim")


def _grid(
    table: Table, block: Block, labels: Sequence[str], shown: Sequence[Sequence[str]]
) -> Grid:
    grid = Grid(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    grid.add_column(plain(table.head), overflow="fold", width=block.label)
    for place, width in zip(block.columns, block.widths, strict=True):
        column = table.columns[place]
        side: JustifyMethod = "left" if column.text else "right"
        grid.add_column(plain(column.label), justify=side, overflow="fold", width=width)
    kinds = [row.kind for row in table.rows]
    changes = (kind != before for before, kind in pairwise([*kinds[:1], *kinds]))
    for number, (row, changed) in enumerate(zip(table.rows, changes, strict=True)):
        if changed:
            grid.add_section()
        cells = []
        for place, width in zip(block.columns, block.widths, strict=True):
            figure, wraps = shown[place][number], table.columns[place].text
            style = _STYLES.get(row.cells[place].mark, "")
            cells.append(Text(lines_of(figure, width) if wraps else figure, style))
        grid.add_row(Text(lines_of(labels[number], block.label)), *cells)
    return grid


def _label(row: Row) -> str:
    return row.label + (" (published)" if row.kind == "published" else "")


def _texts(table: Table, place: int, marks: Mapping[str, str]) -> list[str]:
    """A column's cells as printed; numbers keep their places before the marks of notes."""
    column: Column = table.columns[place]
    cells = [row.cells[place] for row in table.rows]
    raised = [",".join(marks[note] for note in cell.notes) for cell in cells]
    room = 0 if column.text else max(map(len, raised), default=0)
    return [
        github_log(_figure(cell)) + mark.ljust(room)
        for cell, mark in zip(cells, raised, strict=True)
    ]


def _figure(cell: Cell) -> str:
    change = f" ({cell.change} %)" if cell.change else ""
    interval = f" {cell.interval}" if cell.interval else ""
    return (cell.text or ("–" if cell.notes else "")) + change + interval
