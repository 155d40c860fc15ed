"""Scores typed in by hand or taken from a paper: a CSV file, read without losing a digit."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Literal

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


def read_typed_scores(path: Path) -> TypedScores:
    """Read a CSV of scores. InputError names the file, row and column of what can't be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [
                row for row in csv.reader(file, strict=True) if any(cell.strip() for cell in row)
            ]
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); give a CSV file") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8 ({error})") from error
    if (cells := sum(map(len, rows))) > MOST_CELLS:
        raise InputError(f"{path}: {cells:,} cells, more than {MOST_CELLS:,}; split the file")
    if len(rows) < 2:
        raise InputError(f"{path}: no scores; a head and at least one row are needed")
    head = [name.strip() for name in rows[0]]
    layout = head[0].lower()
    if layout not in ("model", "task"):
        raise InputError(
            f"{path}: the first column is {head[0]!r}; name it 'model' (rows are models) "
            "or 'task' (columns are models)"
        )
    _check_shape(path, head, rows)
    table = [{name: cell.strip() for name, cell in zip(head, row, strict=True)} for row in rows[1:]]
    return _typed(path, layout == "task", head, table)


def _check_shape(path: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for number, name in enumerate(head, start=1):
        if not name:
            raise InputError(f"{path}: column {number} has no name")
    if repeated := [name for name, times in Counter(head).items() if times > 1]:
        raise InputError(f"{path}: two columns are named {repeated[0]!r}")
    labels = [row[0].strip() for row in rows[1:]]
    for number, (row, label) in enumerate(zip(rows[1:], labels, strict=True), start=2):
        if len(row) != len(head):
            raise InputError(f"{path}: row {number} has {len(row)} cells, the head {len(head)}")
        if not label:
            raise InputError(f"{path}: row {number} has no name in its first column")
    if repeated := [label for label, times in Counter(labels).items() if times > 1]:
        raise InputError(f"{path}: two rows are named {repeated[0]!r}")


def _is_score(name: str) -> bool:
    lower = name.lower()
    return not (
        lower in ("n", "provenance", "average")
        or lower.startswith("printed_")
        or lower.endswith(_CORRECT)
    )


def _typed(
    path: Path, by_task: bool, head: Sequence[str], table: Sequence[Mapping[str, str]]
) -> TypedScores:
    """Rows are models, and `average` a column; `by_task` it is the other way round."""
    key = head[0]
    columns = tuple(name for name in head[1:] if _is_score(name))
    if not columns:
        raise InputError(f"{path}: no {'model' if by_task else 'score'} columns beside {key!r}")
    rows = [row for row in table if not by_task or row[key].lower() != "average"]
    if not rows:
        raise InputError(f"{path}: no task rows beside the average")

    def cell(row: str, column: str) -> tuple[str, str]:
        return (column, row) if by_task else (row, column)

    labels = tuple(row[key] for row in rows)
    sizes = _sizes(path, key, rows) if by_task else {}
    return TypedScores(
        source=path.name,
        layout="task" if by_task else "model",
        models=columns if by_task else labels,
        items=labels if by_task else columns,
        cells={cell(*at): number for at, number in _numbers(path, key, rows, columns)},
        counted=dict(_counted(path, key, rows, columns, sizes)) if by_task else {},
        sizes=sizes,
        averages=_averages(path, by_task, head, table, columns),
        printed=_printed(head, table),
        provenance=_provenance(head, table),
    )


def _numbers(
    path: Path, key: str, rows: Iterable[Mapping[str, str]], columns: Iterable[str]
) -> Iterator[tuple[tuple[str, str], Decimal]]:
    """((row, column), number) of the cells that are not empty."""
    for row in rows:
        for column in columns:
            if (number := _number(path, row[key], column, row[column])) is not None:
                yield (row[key], column), number


def _sizes(path: Path, key: str, rows: Iterable[Mapping[str, str]]) -> dict[str, int]:
    counts = {row[key]: _count(path, row[key], "n", row.get("n", "")) for row in rows}
    return {task: n for task, n in counts.items() if n is not None}


def _counted(
    path: Path,
    key: str,
    rows: Iterable[Mapping[str, str]],
    models: Iterable[str],
    sizes: Mapping[str, int],
) -> Iterator[tuple[tuple[str, str], Fraction]]:
    for row in rows:
        for model in models:
            task, column = row[key], model + _CORRECT
            correct, n = _count(path, task, column, row.get(column, "")), sizes.get(task)
            if correct is None:
                continue
            if not n or correct > n:
                raise InputError(
                    f"{path}: row {task!r}, {column!r}: {correct} of n = {n or 'nothing'}; "
                    "give an n that is not smaller"
                )
            yield (model, task), Fraction(100 * correct, n)


def _averages(
    path: Path,
    by_task: bool,
    head: Sequence[str],
    table: Sequence[Mapping[str, str]],
    models: Sequence[str],
) -> dict[str, Decimal]:
    """The file's own averages by model: a row of tasks, a column of models."""
    key = head[0]
    if by_task:
        rows = [row for row in table if row[key].lower() == "average"][:1]
        return {model: number for (_, model), number in _numbers(path, key, rows, models)}
    column = [name for name in head[1:] if name.lower() == "average"][:1]
    return {model: number for (model, _), number in _numbers(path, key, table, column)}


def _number(path: Path, row: str, column: str, text: str) -> Decimal | None:
    if not text:
        return None
    if len(text) > LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise InputError(
            f"{path}: row {row!r}, column {column!r}: {text[:40]!r} is not a plain number; "
            "write it like 49.93, or leave the cell empty"
        )
    return Decimal(text)


def _count(path: Path, row: str, column: str, text: str) -> int | None:
    if not text:
        return None
    if len(text) > LONGEST_NUMBER or not _COUNT.fullmatch(text):
        raise InputError(f"{path}: row {row!r}, column {column!r}: {text[:40]!r} is not a count")
    return int(text)


def _printed(head: Sequence[str], table: Sequence[Mapping[str, str]]) -> dict[str, dict[str, str]]:
    names = [name for name in head if name.lower().startswith("printed_")]
    return {name: {row[head[0]]: row[name] for row in table if row[name]} for name in names}


def _provenance(head: Sequence[str], table: Sequence[Mapping[str, str]]) -> dict[str, str]:
    column = next((name for name in head if name.lower() == "provenance"), None)
    return {row[head[0]]: row[column] for row in table if row[column]} if column else {}


def find_model(name: str, models: Sequence[str], where: str) -> str:
    """The model meant by `name`: exact, or but for case. InputError names the nearest ones."""
    if name in models:
        return name
    folded = [model for model in models if model.casefold() == name.casefold()]
    if len(folded) == 1:
        return folded[0]
    near = get_close_matches(name, models, n=3, cutoff=0.3) or list(models)[:5]
    raise InputError(f"baseline={name!r} is not in {where}; nearest: {', '.join(near)}")
