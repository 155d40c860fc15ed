"""The CSV form of an audit: a line per drawn sample with room for a verdict, and read back.

What names a sample stands first; the texts behind it are for people, and are not read again. No
cell acts in a spreadsheet.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from orca_eval.audit.draw import STRATA
from orca_eval.audit.entry import Entry
from orca_eval.errors import InputError
from orca_eval.safe_text import csv_cell, from_csv_cell, shorten

AS_READ, RIGHT, WRONG, UNCLEAR = "as read", "right", "wrong", "unclear"
VERDICTS: Mapping[str, str] = {
    AS_READ: "the reply says what was read from it",
    RIGHT: "misread, and what the reply says is right",
    WRONG: "misread, and what the reply says is wrong or no answer",
    UNCLEAR: "nobody could tell; left out",
}
VERDICT = "verdict"
KEYS = ("benchmark", "task", "doc_id", "sample_index", "stratum", "times", "digest", "run")
TEXTS = ("question", "options", "answer", "gold", "scored", "reply")
MOST_BYTES = 200_000_000
MOST_SAID = 10
_CELL = 30_000  # characters: what spreadsheets take in a cell


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn sample: the stratum it is from, and how often it was drawn there."""

    entry: Entry
    stratum: str
    times: int


class Judged(NamedTuple):
    """A line of a form that was filled in; `place` says where it stands, in print."""

    place: str
    verdict: str
    benchmark: str
    task: str
    doc_id: int
    sample_index: int
    stratum: str
    times: int
    digest: str
    run: str


def head() -> str:
    """The form's first line without the texts."""
    return _line([VERDICT, *KEYS])


def line(drawn: Drawn, run: Path) -> str:
    """A sample's line without its verdict and the texts."""
    return _line(_keys(drawn, run))


def form(drawn: Sequence[Drawn], run: Path) -> str:
    """The whole form, with the texts."""
    lines = [_line([VERDICT, *KEYS, *TEXTS])]
    lines += [_line(["", *_keys(one, run), *_texts(one.entry)]) for one in drawn]
    return "\n".join([*lines, ""])


def read_form(path: Path) -> list[Judged]:
    """The lines of a form.

    Raises:
        InputError: it can't be read, or a line is not as it was written; all lines in one go.
    """
    if path.suffix != ".csv":
        raise InputError(
            f"read={path}: verdicts are read from a .csv: the one that the sheet's button saves, "
            "or that out=FILE.csv wrote"
        )
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"read={path}: too large for a form of verdicts")
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8"
        raise InputError(f"read={path}: can't be read ({reason})") from error
    separator = ";" if text.partition("\n")[0].startswith(f"{VERDICT};") else ","
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise InputError(
            f"read={path}: no CSV ({error}); save the sheet's verdicts again"
        ) from error
    missing = [name for name in (VERDICT, *KEYS) if not rows or name not in rows[0]]
    if missing:
        raise InputError(f"read={path}: no column {missing[0]}; save the sheet's verdicts again")
    problems: list[str] = []
    found = list(_judged(rows, path, problems))
    if problems:
        more = [f"… and {len(problems) - MOST_SAID} lines more"] * (len(problems) > MOST_SAID)
        raise InputError("\n".join([*problems[:MOST_SAID], *more]))
    return found


def _judged(
    rows: Sequence[Mapping[str | None, str | None]], path: Path, problems: list[str]
) -> Iterator[Judged]:
    for number, row in enumerate(rows, start=2):
        place = f"read={path}: line {number}"
        cells = {name: from_csv_cell((row[name] or "").strip()) for name in (VERDICT, *KEYS)}
        verdict = " ".join(cells[VERDICT].lower().split())
        counts = [cells[name] for name in ("doc_id", "sample_index", "times")]
        if verdict and verdict not in VERDICTS:
            shown = shorten(repr(cells[VERDICT]), 40)
            problems.append(f"{place}: verdict {shown}; {', '.join(VERDICTS)} are known")
        elif cells["stratum"] not in STRATA or not all(_is_count(count) for count in counts):
            problems.append(f"{place}: not as it was written; save the sheet's verdicts again")
        else:
            doc, sample, times = map(int, counts)
            names = cells["benchmark"], cells["task"], doc, sample, cells["stratum"], times
            yield Judged(place, verdict, *names, cells["digest"], cells["run"])


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12


def _keys(drawn: Drawn, run: Path) -> list[str]:
    entry = drawn.entry
    numbers = str(entry.doc_id), str(entry.sample), drawn.stratum, str(drawn.times)
    return [entry.benchmark, entry.task, *numbers, entry.digest, str(run)]


def _texts(entry: Entry) -> list[str]:
    options = "\n".join(f"{label}: {text}" for label, text in entry.options.items())
    answer = "–" if entry.answer is None else entry.answer
    scored = "right" if entry.right else "wrong"
    cells = entry.question[-_CELL:], options, answer, entry.gold, scored, entry.response[-_CELL:]
    return list(cells)


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(map(csv_cell, cells))
    return out.getvalue().removesuffix("\r\n")
