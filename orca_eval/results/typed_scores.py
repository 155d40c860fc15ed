"""Scores typed in by hand or taken from a paper: a CSV file, read without losing a digit."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Literal

from orca_eval.config.nearest import nearest
from orca_eval.errors import InputError

MOST_CELLS = 20_000
LONGEST_NUMBER = 40
_NUMBER = re.compile(r"[+-]?\d{1,12}(\.\d{1,12})?( ?%)?")
_COUNT = re.compile(r"\d{1,9}")
_WRONG = {
    _NUMBER: " is not a plain number; write it like 49.93, or leave the cell empty",
    _COUNT: " is not a count",
}
_CORRECT = "_correct"
_NO_SCORES = re.compile(rf"n|provenance|average|printed_.*|.*{_CORRECT}", re.DOTALL)
Numbers = Mapping[tuple[str, str], Decimal]


@dataclass(frozen=True)
class TypedScores:
    """Scores per model and item, where an item is a benchmark or a task.

    `layout` says what the file's rows were. `cells[model, item]` is missing where the file's cell
    is empty. `averages` are the ones the file states itself (row or column `Average`), `printed`
    its `printed_*` columns by row; both are only compared. `counted` holds the exact percentages
    of what the file gives as counts. `as_shares` is whether all scores look like shares of 1.
    """

    source: str
    layout: Literal["model", "task"]
    models: tuple[str, ...]
    items: tuple[str, ...]
    cells: Numbers
    counted: Mapping[tuple[str, str], Fraction]
    sizes: Mapping[str, int]
    averages: Mapping[str, Decimal]
    printed: Mapping[str, Mapping[str, str]]
    provenance: Mapping[str, str]
    as_shares: bool

    @cached_property
    def decimals(self) -> int:
        """The most decimals of any cell: the digits to which the cells are shown."""
        return max((decimals(cell) for cell in self.cells.values()), default=0)


def decimals(number: Decimal) -> int:
    """Digits behind the point, as typed."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass(frozen=True, slots=True)
class _File:
    """`rows` are the cells by the row's name, which its first one is, and by column."""

    path: Path
    head: Sequence[str]
    rows: Mapping[str, Mapping[str, str]]

    def cells(
        self, rows: Iterable[str], columns: Iterable[str], wanted: re.Pattern[str]
    ) -> Iterator[tuple[str, str, str]]:
        """(row, column, text) of the cells that are there and not empty."""
        for row, column in product(rows, columns):
            text = self.rows[row].get(column, "")
            if text and (len(text) > LONGEST_NUMBER or not wanted.fullmatch(text)):
                at = f"row {row!r}, column {column!r}"
                raise InputError(f"{self.path}: {at}: {text[:40]!r}{_WRONG[wanted]}")
            if text:
                yield row, column, text

    def numbers(self, rows: Iterable[str], columns: Iterable[str]) -> Numbers:
        """The cells' numbers by row and column."""
        found = self.cells(rows, columns, _NUMBER)
        return {(row, column): _number(text) for row, column, text in found}

    def texts(self, name: str) -> dict[str, dict[str, str]]:
        """The texts of the columns of such a name, by row, without the empty ones."""
        columns = [column for column in self.head if re.fullmatch(name, column.lower(), re.DOTALL)]
        return {
            column: {row: cells[column] for row, cells in self.rows.items() if cells[column]}
            for column in columns
        }


def read_typed_scores(path: Path) -> TypedScores:
    """Read a CSV of scores. InputError names the file, row and column of what can't be read."""
    file = _read(path)
    key, *others = file.head
    by_task = key.lower() == "task"
    columns = _score_columns(file, "model" if by_task else "score")
    average = [name for name in (file.rows if by_task else others) if name.lower() == "average"]
    rows = [row for row in file.rows if not (by_task and row in average)]
    if not rows:
        raise InputError(f"{path}: no task rows beside the average")
    counts = file.cells(rows, ["n"] if by_task else [], _COUNT)
    sizes = {row: int(text) for row, _, text in counts}
    stated = (average[:1], columns) if by_task else (rows, average[:1])
    scores = (*file.cells(rows, columns, _NUMBER), *file.cells(*stated, _NUMBER))
    as_shares = _on_one_scale(path, scores)
    cells, averages = file.numbers(rows, columns), file.numbers(*stated)
    counted = _counted(file, rows, columns, sizes) if by_task else {}
    if by_task:
        cells, averages = _turned(cells), _turned(averages)
    return TypedScores(
        source=path.name,
        layout="task" if by_task else "model",
        models=tuple(columns if by_task else rows),
        items=tuple(rows if by_task else columns),
        cells=cells,
        counted=counted,
        sizes=sizes,
        averages={model: number for (model, _), number in averages.items()},
        printed=file.texts("printed_.*"),
        provenance=next(iter(file.texts("provenance").values()), {}),
        as_shares=as_shares,
    )


def _score_columns(file: _File, what: str) -> list[str]:
    key, *others = file.head
    columns = [name for name in others if not _NO_SCORES.fullmatch(name.lower())]
    if not columns:
        raise InputError(f"{file.path}: no {what} columns beside {key!r}")
    return columns


def _number(text: str) -> Decimal:
    return Decimal(text.removesuffix("%").rstrip())


def _on_one_scale(path: Path, scores: Sequence[tuple[str, str, str]]) -> bool:
    """Whether all scores (row, column, text) look like shares, from 0 to 1.

    Raises:
        InputError: one lies outside 0 and 100, or below 1 among percentages without a percent sign.
    """
    most = max((_number(text) for *_, text in scores), default=Decimal(0))
    shares = False
    for row, column, text in scores:
        at, number = f"{path}: row {row!r}, column {column!r}", _number(text)
        if not 0 <= number <= 100:
            raise InputError(f"{at}: {text} is no score; give percentages, from 0 to 100")
        below_one = 0 < number < 1 and "%" not in text
        if below_one and most > 1:
            raise InputError(
                f"{at}: {text} beside scores of up to {most} mixes shares and percentages; write "
                f"{100 * number:f} for a share, or {text}% where less than one percent is meant"
            )
        shares |= below_one
    return shares


def _read(path: Path) -> _File:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [[cell.strip() for cell in row] for row in csv.reader(file, strict=True)]
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); give a CSV file") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8 ({error})") from error
    lines = list(filter(any, lines))
    if (cells := sum(map(len, lines))) > MOST_CELLS:
        raise InputError(f"{path}: {cells:,} cells, more than {MOST_CELLS:,}; split the file")
    if len(lines) < 2:
        raise InputError(f"{path}: no scores; a head and at least one row are needed")
    head, *rows = lines
    if head[0].lower() not in ("model", "task"):
        raise InputError(
            f"{path}: the first column is {head[0]!r}; name it 'model' (rows are models) "
            "or 'task' (columns are models)"
        )
    if "" in head:
        raise InputError(f"{path}: column {head.index('') + 1} has no name")
    if name := _repeated(head):
        raise InputError(f"{path}: two columns are named {name!r}")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(head):
            raise InputError(f"{path}: row {number} has {len(row)} cells, the head {len(head)}")
        if not row[0]:
            raise InputError(f"{path}: row {number} has no name in its first column")
    if name := _repeated([row[0] for row in rows]):
        raise InputError(f"{path}: two rows are named {name!r}; give each its own name")
    return _File(path, head, {row[0]: dict(zip(head, row, strict=True)) for row in rows})


def _repeated(names: Sequence[str]) -> str:
    return next((name for name, times in Counter(names).items() if times > 1), "")


def _turned(numbers: Numbers) -> Numbers:
    return {(column, row): number for (row, column), number in numbers.items()}


def _counted(
    file: _File, tasks: Iterable[str], models: Iterable[str], sizes: Mapping[str, int]
) -> dict[tuple[str, str], Fraction]:
    """The exact percentage of every model and task that has counts."""
    counted = {}
    columns = [model + _CORRECT for model in models]
    for task, column, text in file.cells(tasks, columns, _COUNT):
        n, correct = sizes.get(task), int(text)
        if not n or correct > n:
            raise InputError(
                f"{file.path}: row {task!r}, {column!r}: {correct} of n = "
                f"{n or 'nothing'}; give an n that is not smaller"
            )
        counted[column.removesuffix(_CORRECT), task] = Fraction(100 * correct, n)
    return counted


def find_model(name: str, models: Sequence[str], where: str) -> str:
    """The model meant by `name`: exact, or but for case. InputError names the nearest ones."""
    if name in models:
        return name
    folded = [model for model in models if model.casefold() == name.casefold()]
    if len(folded) == 1:
        return folded[0]
    near = nearest(name, models, cutoff=0.3) or list(models)[:5]
    raise InputError(f"baseline={name!r} is not in {where}; nearest: {', '.join(near)}")
