"""One definition of a table, whatever format it is written in."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal, NamedTuple

import pandas as pd

from orca_eval.files import SafeNames
from orca_eval.numbers import ends, with_minus

Mark = Literal["", "best", "second", "good", "bad", "unsure"]
RowKind = Literal["measured", "published", "summary"]
Number = float | int


@dataclass(frozen=True, slots=True)
class Column:
    """`key` names the column in CSV and JSON; `detail` is the head's second line (n, average).

    A screen too narrow leaves out the columns that give way: first those of 1, then those of 2.
    """

    key: str
    label: str
    detail: str = ""
    text: bool = False
    gives_way: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """What is printed and what it stands for.

    `value` is the unrounded number in the unit of `text` (mostly percent), `low` and `high` its
    95 % interval, `change` the relative improvement printed in brackets, `rates` what travels
    with a score (fractions). An empty cell says why in `notes`.
    """

    text: str = ""
    value: Number | None = None
    low: float | None = None
    high: float | None = None
    change: str = ""
    change_value: Number | None = None
    mark: Mark = ""
    notes: tuple[str, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)
    show_interval: bool = False

    @property
    def interval(self) -> str:
        """The interval as printed behind the number, or nothing."""
        if not self.show_interval or self.low is None or self.high is None:
            return ""
        return with_minus(f"[{', '.join(ends(self.low, self.high, 2))}]")


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled row; `cells` follow the table's columns."""

    label: str
    cells: tuple[Cell, ...]
    kind: RowKind = "measured"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """`name` is the file's stem, `head` the label column's head; `remarks` stand under it."""

    name: str
    title: str
    head: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    remarks: tuple[str, ...] = ()

    def footnotes(self) -> dict[str, str]:
        """Note text to mark (a, b, …), in reading order; equal notes share a mark."""
        notes: dict[str, str] = {}
        for row in self.rows:
            for note in (*row.notes, *(note for cell in row.cells for note in cell.notes)):
                notes.setdefault(note, letters(len(notes)))
        return notes

    def notes_by_kind(self) -> dict[str, list[str]]:
        """The notes by where they stand, each once: at figures, where one lacks, or at rows."""
        cells = [cell for row in self.rows for cell in row.cells]
        found = {
            "Figures": [note for cell in cells if cell.text for note in cell.notes],
            "Missing figures": [note for cell in cells if not cell.text for note in cell.notes],
            "Rows": [note for row in self.rows for note in row.notes],
        }
        taken: set[str] = set()
        kinds = {}
        for kind, notes in found.items():
            kinds[kind] = [note for note in dict.fromkeys(notes) if note not in taken]
            taken.update(notes)
        return {kind: notes for kind, notes in kinds.items() if notes}

    def frame(self) -> pd.DataFrame:
        """Labels, values, intervals, improvements and rates as columns; for CSV and for reuse."""
        data: dict[str, list[object]] = {
            self.head: [row.label for row in self.rows],
            "source": [row.kind for row in self.rows],
        }
        for index, column in enumerate(self.columns):
            cells = [row.cells[index] for row in self.rows]
            data[column.key] = [
                cell.text if column.text and cell.value is None else plain(cell) for cell in cells
            ]
            extras: dict[str, list[object]] = {
                "ci_low": [cell.low for cell in cells],
                "ci_high": [cell.high for cell in cells],
                "improvement_pct": [ascii_number(cell.change) for cell in cells],
            }
            for rate in dict.fromkeys(name for cell in cells for name in cell.rates):
                extras[rate] = [cell.rates.get(rate) for cell in cells]
            for name, values in extras.items():
                if any(value not in (None, "") for value in values):
                    data[f"{column.key}_{name}"] = values
        return pd.DataFrame(data)


class Markup(NamedTuple):
    """How a format of text writes what every table has; the patterns hold one `{}`."""

    plain: Callable[[str], str]
    bold: str
    second: str
    sup: str
    change: str
    interval: str
    missing: str

    def label(self, row: Row, notes: Mapping[str, str]) -> str:
        """A row's label, with where it is from and the marks of its notes."""
        label = self.plain(row.label) + (" (published)" if row.kind == "published" else "")
        return (self.bold.format(label) if row.kind == "summary" else label) + self.marks(
            [notes[text] for text in row.notes]
        )

    def cell(self, cell: Cell, notes: Mapping[str, str]) -> str:
        """A cell's figure, ranked, with its change, its interval and the marks of its notes."""
        patterns = {"best": self.bold, "second": self.second}
        text = patterns.get(cell.mark, "{}").format(self.plain(cell.text))
        change = self.change.format(self.plain(cell.change)) if cell.change else ""
        interval = self.interval.format(self.plain(cell.interval)) if cell.interval else ""
        marks = self.marks([notes[text] for text in cell.notes])
        return (text if cell.text else self.missing) + change + interval + marks

    def marks(self, marks: Sequence[str]) -> str:
        """Raised marks, or nothing."""
        return self.sup.format(",".join(marks)) if marks else ""


def columns(
    *labels: str, text: Collection[str] = (), giving_way: Sequence[Collection[str]] = ()
) -> tuple[Column, ...]:
    """Columns that have nothing but a label; those in `text` hold texts, the others numbers.

    On a narrow screen those of `giving_way` leave group by group.
    """
    ranks = {label: rank for rank, group in enumerate(giving_way, start=1) for label in group}
    return tuple(
        Column(label, label, text=label in text, gives_way=ranks.get(label, 0)) for label in labels
    )


def text_row(label: str, *texts: str, kind: RowKind = "measured") -> Row:
    """A row of cells that are printed as they are."""
    return Row(label, tuple(map(Cell, texts)), kind)


def together(notes: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Puts who a note is of beside the note, which stands once: note to names."""
    found: dict[str, dict[str, None]] = {}
    for who, note in notes:
        found.setdefault(note, {})[who] = None
    return {note: list(names) for note, names in found.items()}


def with_safe_names(*tables: Table) -> list[Table]:
    """The tables, each with a name of its own that a file, a label and an address may have."""
    names = SafeNames()
    return [replace(table, name=names.of(table.name)) for table in tables]


def letters(index: int) -> str:
    """0 → a, 25 → z, 26 → aa."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(ord("a") + rest) + text
    return text


def plain(cell: Cell) -> str | None:
    """The number as printed, in ASCII; None for an empty cell."""
    return None if cell.value is None else ascii_number(cell.text)


def ascii_number(text: str) -> str:
    """A printed number as programs read it: 1,319 → 1319, +3.2 → 3.2, a true minus → -."""
    return text.replace("\N{MINUS SIGN}", "-").replace(",", "").lstrip("+")


def ranked(rows: Sequence[Row], lower: Collection[int] = ()) -> tuple[Row, ...]:
    """Best and second best of each column marked, by the printed number, so that ties share a mark.

    Rows of different kinds are ranked apart. A rank needs two different rows to mean something.
    `lower` are the columns in which less is better.
    """
    marked = [list(row.cells) for row in rows]
    for kind in dict.fromkeys(row.kind for row in rows):
        chosen = [cells for row, cells in zip(rows, marked, strict=True) if row.kind == kind]
        for column in range(len(chosen[0])):
            printed = {
                index: Decimal(text)
                for index, cells in enumerate(chosen)
                if (text := plain(cells[column])) is not None
            }
            if len(printed) < 2:
                continue
            order = sorted(set(printed.values()), reverse=column not in lower)
            marks: dict[Decimal, Mark] = dict(zip(order, ("best", "second"), strict=False))
            for index, number in printed.items():
                cell = chosen[index][column]
                chosen[index][column] = replace(cell, mark=marks.get(number, ""))
    return tuple(replace(row, cells=tuple(cells)) for row, cells in zip(rows, marked, strict=True))
