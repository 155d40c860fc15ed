"""scores.csv, written and read back as typed rows."""

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from orca_eval.results.aggregate import RATES, Level, ScoreRow
from orca_eval.results.documents import figures_of
from orca_eval.results.folder import write_frame
from orca_eval.results.reading import SCORES, reading, text_of
from orca_eval.results.repeats import NAMES, Estimate, Repeats
from orca_eval.safe_text import from_csv_cell
from orca_eval.types import HIGHEST

_NEEDED = ("level", "benchmark", "task", "n", "score", "ci_low", "ci_high")
PER_DOCUMENT = "samples_per_doc"
_ERRORS = ("se_items", "se_sampling")
_BY_CONFLICT = ("score_by_letter", "score_by_text")
_CUT = ("score_cut_wrong", "score_cut_left_out")
_MOST_DIGITS = 18
ROUNDING = 1e-9


def write_scores(folder: Path, rows: Sequence[ScoreRow]) -> None:
    """Writes them. Raises RunError as `folder.write_frame`."""
    frame = scores_frame(rows)
    frame["figures"] = [json.dumps(row.figures) if row.figures else "" for row in rows]
    write_frame(folder / SCORES, frame)


def scores_frame(rows: Sequence[ScoreRow]) -> pd.DataFrame:
    """The rows in the columns of scores.csv, which has those of repeated answers where there are
    any."""
    frame = pd.DataFrame(list(map(cells_of, rows)))
    return frame.astype({name: "Int64" for name in frame.columns if name == PER_DOCUMENT})


def cells_of(row: ScoreRow) -> dict[str, Any]:
    """A row by the columns of scores.csv."""
    names = [field.name for field in fields(row) if field.name != "repeats"]
    return {name: getattr(row, name) for name in names} | _repeated(row.repeats)


def _repeated(repeats: Repeats | None) -> dict[str, float | None]:
    """The cells of what several answers show: none where there is one."""
    if repeats is None:
        return {}
    cells: dict[str, float | None] = {PER_DOCUMENT: repeats.n}
    for name, estimate in repeats.estimates.items():
        cells |= dict(zip(_columns(name), estimate, strict=True))
    return cells | {error: getattr(repeats, error) for error in _ERRORS}


def _columns(name: str) -> tuple[str, str, str]:
    """Those of an estimate: its value and the ends of its interval."""
    return name, f"{name}_ci_low", f"{name}_ci_high"


def read_scores(folder: Path) -> list[ScoreRow]:
    """A run's scores. A column that no older version wrote may be missing.

    Raises:
        DamagedError: the file is missing or damaged; it names the file and what is wrong.
    """
    return [row for _, row in read_rows(folder / SCORES)]


def read_rows(path: Path, more: Sequence[str] = ()) -> list[tuple[dict[str, str], ScoreRow]]:
    """The rows of a file with the columns of scores.csv and some `more`, each with its cells.

    Raises:
        DamagedError: as `read_scores`.
    """
    with reading(path, "can't be read"):
        rows = csv.DictReader(io.StringIO(text_of(path), newline=""), strict=True)
        missing = [name for name in (*more, *_NEEDED) if name not in (rows.fieldnames or ())]
        if missing:
            raise ValueError(f"no column {missing[0]!r}")
        scores = [(cells, _row(cells)) for cells in map(_cells, rows)]
        if not scores:
            raise ValueError("no rows")
    return scores


def _cells(row: Mapping[str, str | None]) -> dict[str, str]:
    if None in row or None in row.values():
        raise ValueError("a row is longer or shorter than the head")
    return {name: from_csv_cell(text or "") for name, text in row.items()}


def _row(cells: Mapping[str, str]) -> ScoreRow:
    if cells["level"] not in get_args(Level):
        raise ValueError(f"level {cells['level'][:40]!r}: {', '.join(get_args(Level))} are known")
    known: dict[str, Any] = {
        name: _READERS.get(name, str)(cells[name])
        for name in ScoreRow.__dataclass_fields__
        if name in cells
    }
    if cells.get("metric", "") in _OF_SHARES:
        for name in ("score", "ci_low", "ci_high", *_CUT):
            _share(cells.get(name, ""))
    if known["ci_low"] == known["ci_high"]:  # an older version's, of units that were all alike
        known |= {"ci_low": None, "ci_high": None}
    return ScoreRow(**known, repeats=_read_repeats(cells))


def _read_repeats(cells: Mapping[str, str]) -> Repeats | None:
    if not (n := count(cells.get(PER_DOCUMENT, ""))):
        return None
    names = [name for name in cells if NAMES.fullmatch(name) and cells[name]]
    shares = {name: [_share(cells.get(column, "")) for column in _columns(name)] for name in names}
    estimates = {
        name: Estimate(value, low, high)
        for name, (value, low, high) in shares.items()
        if value is not None
    }
    return Repeats(n, estimates, *(_number(cells.get(error, "")) for error in _ERRORS))


def count(text: str) -> int:
    """A whole number of at least 0. Raises ValueError for another."""
    number = float(text or 0)
    if not (number.is_integer() and 0 <= number < 10**_MOST_DIGITS):
        raise ValueError(f"n {text[:40]!r}: a whole number is wanted")
    return int(number)


def _share(text: str) -> float | None:
    """A share of 1; None where the cell is empty or no number was found ("nan")."""
    number = _number(text)
    if number is not None and not -ROUNDING <= number <= 1 + ROUNDING:
        raise ValueError(f"{text[:40]!r} is no share of 1")
    return number


def _number(text: str) -> float | None:
    """A number on a measure's scale; None as for a share."""
    number = float(text) if text else math.nan
    if math.isnan(number):
        return None
    if not 0 <= number + ROUNDING <= HIGHEST:
        raise ValueError(f"{text[:40]!r} is no score")
    return number


SHARES = ("score", "ci_low", "ci_high", *RATES, "f1", "exact_match_parts", *_BY_CONFLICT, *_CUT)
_OF_SHARES = ("exact_match", "mean", "")
"""The metrics of scores that are shares of 1."""
_READERS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("n", "ungraded"), count),
    **dict.fromkeys(("score", "ci_low", "ci_high", *_CUT), _number),
    **dict.fromkeys((*RATES, "f1", "exact_match_parts", *_BY_CONFLICT), _share),
    "figures": figures_of,
}
"""How a cell is read that is no text, by its column."""
