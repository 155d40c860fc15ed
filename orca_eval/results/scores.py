"""scores.csv, written and read back as typed rows."""

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from orca_eval.results.aggregate import RATES, Level, ScoreRow
from orca_eval.results.documents import figures_of
from orca_eval.results.folder import write_frame
from orca_eval.results.reading import SCORES, reading, text_of
from orca_eval.safe_text import from_csv_cell
from orca_eval.types import HIGHEST, ReadReasoning

_NEEDED = ("level", "benchmark", "task", "n", "score", "ci_low", "ci_high")
_BY_CONFLICT = ("score_by_letter", "score_by_text")
_MOST_DIGITS = 18
ROUNDING = 1e-9
CONFLICT_NOTE_RATE = 0.01


def write_scores(folder: Path, rows: Sequence[ScoreRow]) -> None:
    """Writes them. Raises RunError as `folder.write_frame`."""
    cells = [
        asdict(row) | {"figures": json.dumps(row.figures) if row.figures else ""} for row in rows
    ]
    write_frame(folder / SCORES, pd.DataFrame(cells))


def read_scores(folder: Path) -> list[ScoreRow]:
    """A run's scores. A column that no older version wrote may be missing.

    Raises:
        DamagedError: the file is missing or damaged; it names the file and what is wrong.
    """
    path = folder / SCORES
    with reading(path, "can't be read"):
        rows = csv.DictReader(io.StringIO(text_of(path), newline=""), strict=True)
        missing = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
        if missing:
            raise ValueError(f"no column {missing[0]!r}")
        scores = [_row(row) for row in rows]
        if not scores:
            raise ValueError("no rows")
    return scores


def conflict_note(row: ScoreRow) -> str:
    """What letters against texts make of a score, where that is more than a trifle."""
    rate, by_letter, by_text = row.conflict_rate or 0.0, row.score_by_letter, row.score_by_text
    if rate <= CONFLICT_NOTE_RATE or by_letter is None or by_text is None:
        return ""
    return (
        f"{100 * rate:.1f} % name one option by its letter and another by its text (counting the "
        f"letter gives {100 * by_letter:.2f}, the text {100 * by_text:.2f})"
    )


def reasoning_note(answers: int, read: ReadReasoning) -> str:
    """What became of finished answers whose text all stands in the reasoning field."""
    found = f"{answers} finished answers have all their text in the reasoning field, "
    if read == "as_answer":
        return f"{found}which is read as the answer (reasoning=as_answer)."
    return (
        f"{found}and so no answer: most likely the server's reasoning parser is not this model's "
        "and took the answer for reasoning; serve with the model's own or with none, or read that "
        "text as the answer by orca-eval rescore run=FOLDER reasoning=as_answer."
    )


def _row(row: Mapping[str, str | None]) -> ScoreRow:
    if None in row or None in row.values():
        raise ValueError("a row is longer or shorter than the head")
    cells = {name: from_csv_cell(text or "") for name, text in row.items()}
    if cells["level"] not in get_args(Level):
        raise ValueError(f"level {cells['level'][:40]!r}: {', '.join(get_args(Level))} are known")
    known: dict[str, Any] = {
        name: _READERS.get(name, str)(cells[name])
        for name in ScoreRow.__dataclass_fields__
        if name in cells
    }
    if cells.get("metric", "") in _OF_SHARES:
        for name in ("score", "ci_low", "ci_high"):
            _share(cells[name])
    if known["ci_low"] == known["ci_high"]:  # an older version's, of units that were all alike
        known |= {"ci_low": None, "ci_high": None}
    return ScoreRow(**known)


def _count(text: str) -> int:
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


SHARES = ("score", "ci_low", "ci_high", *RATES, "f1", "exact_match_parts", *_BY_CONFLICT)
_OF_SHARES = ("exact_match", "mean", "")
"""The metrics of scores that are shares of 1."""
_READERS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("n", "ungraded"), _count),
    **dict.fromkeys(("score", "ci_low", "ci_high"), _number),
    **dict.fromkeys((*RATES, "f1", "exact_match_parts", *_BY_CONFLICT), _share),
    "figures": figures_of,
}
"""How a cell is read that is no text, by its column."""
