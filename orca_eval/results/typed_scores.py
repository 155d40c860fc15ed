"""Scores typed in by hand or taken from a paper: a CSV file, read without losing a digit."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Literal

from orca_eval.config.nearest import nearest
from orca_eval.errors import InputError

MOST_CELLS = 20_000
LONGEST_NUMBER = 40
_NUMBER = re.compile(r"[+-]?\d{1,12}(\.\d{1,12})?")
_COUNT = re.compile(r"\d{1,9}")
_CORRECT = "_correct"


@dataclass(frozen=True)
class TypedScores:
    """Scores per model and item, where an item is a benchmark or a task.

    `layout` says what the file's rows were. `cells[model, item]` is missing where the file's cell
    is empty. `averages` are the ones the file states itself (row or column `Average`), `printed`
    its `printed_*` columns by row; both are only compared. `counted` holds the exact percentages
    of what the file gives as counts.
    """

    source: str
    layout: Literal["model", "task"]
    models: tuple[str, ...]
    items: tuple[str, ...]
    cells: Mapping[tuple[str, str], Decimal]
    counted: Mapping[tuple[str, str], Fraction] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    averages: Mapping[str, Decimal] = field(default_factory=dict)
    printed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)

    def score(self, model: str, item: str) -> Fraction | None:
        """The score as typed."""
        cell = self.cells.get((model, item))
        return None if cell is None else Fraction(cell)

    def missing(self, model: str) -> tuple[str, ...]:
        """The items for which the file has no score of this model."""
        return tuple(item for item in self.items if (model, item) not in self.cells)

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
    """The file's cells by row and column; `key` is the first column, which names the rows."""

    path: Path
    head: tuple[str, ...]
    table: tuple[Mapping[str, str], ...]

    @property
    def key(self) -> str:
        return self.head[0]

    def numbers(
        self, rows: Iterable[Mapping[str, str]], columns: Iterable[str]
    ) -> Iterator[tuple[str, str, Decimal]]:
        """(row, column, number) of the cells that are not empty."""
        wrong = " is not a plain number; write it like 49.93, or leave the cell empty"
        for row in rows:
            for column in columns:
                if text := self._checked(row, column, _NUMBER, wrong):
                    yield row[self.key], column, Decimal(text)

    def count(self, row: Mapping[str, str], column: str) -> int | None:
        text = self._checked(row, column, _COUNT, " is not a count")
        return int(text) if text else None

    def _checked(
        self, row: Mapping[str, str], column: str, wanted: re.Pattern[str], wrong: str
    ) -> str:
        text = row.get(column, "")
        if text and (len(text) > LONGEST_NUMBER or not wanted.fullmatch(text)):
            at = f"row {row[self.key]!r}, column {column!r}"
            raise InputError(f"{self.path}: {at}: {text[:40]!r}{wrong}")
        return text

    def texts(self, column: str) -> dict[str, str]:
        """The column's texts by row, without the empty ones."""
        return {row[self.key]: row[column] for row in self.table if row[column]}


def read_typed_scores(path: Path) -> TypedScores:
    """Read a CSV of scores. InputError names the file, row and column of what can't be read."""
    rows = _rows(path)
    if (cells := sum(map(len, rows))) > MOST_CELLS:
        raise InputError(f"{path}: {cells:,} cells, more than {MOST_CELLS:,}; split the file")
    if len(rows) < 2:
        raise InputError(f"{path}: no scores; a head and at least one row are needed")
    head, *others = rows
    if head[0].lower() not in ("model", "task"):
        raise InputError(
            f"{path}: the first column is {head[0]!r}; name it 'model' (rows are models) "
            "or 'task' (columns are models)"
        )
    _check_shape(path, head, others)
    table = (dict(zip(head, row, strict=True)) for row in others)
    file = _File(path, tuple(head), tuple(table))
    provenance = [name for name in head if name.lower() == "provenance"]
    return replace(
        _by_task(file) if head[0].lower() == "task" else _by_model(file),
        printed={name: file.texts(name) for name in head if name.lower().startswith("printed_")},
        provenance=file.texts(provenance[0]) if provenance else {},
    )


def _rows(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [[cell.strip() for cell in row] for row in csv.reader(file, strict=True)]
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); give a CSV file") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8 ({error})") from error
    return [row for row in rows if any(row)]


def _check_shape(path: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for number, name in enumerate(head, start=1):
        if not name:
            raise InputError(f"{path}: column {number} has no name")
    if name := _repeated(head):
        raise InputError(f"{path}: two columns are named {name!r}")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(head):
            raise InputError(f"{path}: row {number} has {len(row)} cells, the head {len(head)}")
        if not row[0]:
            raise InputError(f"{path}: row {number} has no name in its first column")
    if name := _repeated([row[0] for row in rows]):
        raise InputError(f"{path}: two rows are named {name!r}")


def _repeated(names: Sequence[str]) -> str:
    return next((name for name, times in Counter(names).items() if times > 1), "")


def _is_score(name: str) -> bool:
    lower = name.lower()
    return not (
        lower in ("n", "provenance", "average")
        or lower.startswith("printed_")
        or lower.endswith(_CORRECT)
    )


def _by_model(file: _File) -> TypedScores:
    items = _score_columns(file, "score")
    average = [name for name in file.head[1:] if name.lower() == "average"]
    return TypedScores(
        source=file.path.name,
        layout="model",
        models=tuple(row[file.key] for row in file.table),
        items=items,
        cells={(model, item): number for model, item, number in file.numbers(file.table, items)},
        averages={model: number for model, _, number in file.numbers(file.table, average[:1])},
    )


def _by_task(file: _File) -> TypedScores:
    models = _score_columns(file, "model")
    stated = [row for row in file.table if row[file.key].lower() == "average"]
    rows = [row for row in file.table if row not in stated]
    if not rows:
        raise InputError(f"{file.path}: no task rows beside the average")
    sizes = {row[file.key]: file.count(row, "n") for row in rows}
    return TypedScores(
        source=file.path.name,
        layout="task",
        models=models,
        items=tuple(sizes),
        cells={(model, task): number for task, model, number in file.numbers(rows, models)},
        counted=dict(_counted(file, rows, models)),
        sizes={task: n for task, n in sizes.items() if n is not None},
        averages={model: number for _, model, number in file.numbers(stated[:1], models)},
    )


def _score_columns(file: _File, what: str) -> tuple[str, ...]:
    columns = tuple(name for name in file.head[1:] if _is_score(name))
    if not columns:
        raise InputError(f"{file.path}: no {what} columns beside {file.key!r}")
    return columns


def _counted(
    file: _File, rows: Iterable[Mapping[str, str]], models: Iterable[str]
) -> Iterator[tuple[tuple[str, str], Fraction]]:
    """The exact percentage of every model and task that has counts."""
    for row in rows:
        task, n = row[file.key], file.count(row, "n")
        for model in models:
            correct = file.count(row, model + _CORRECT)
            if correct is None:
                continue
            if not n or correct > n:
                raise InputError(
                    f"{file.path}: row {task!r}, {model + _CORRECT!r}: {correct} of n = "
                    f"{n or 'nothing'}; give an n that is not smaller"
                )
            yield (model, task), Fraction(100 * correct, n)


def find_model(name: str, models: Sequence[str], where: str) -> str:
    """The model meant by `name`: exact, or but for case. InputError names the nearest ones."""
    if name in models:
        return name
    folded = [model for model in models if model.casefold() == name.casefold()]
    if len(folded) == 1:
        return folded[0]
    near = nearest(name, models, cutoff=0.3) or list(models)[:5]
    raise InputError(f"baseline={name!r} is not in {where}; nearest: {', '.join(near)}")
