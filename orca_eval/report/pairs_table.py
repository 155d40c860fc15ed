"""Every model against every other: paired differences, and which of them chance explains."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import pandas as pd

from orca_eval.report.board import NOT_BOTH, Board, Group
from orca_eval.report.cells import change
from orca_eval.report.paired import average_difference, difference, doc_scores
from orca_eval.stats import Difference, holm, two_sided_p
from orca_eval.tables.table import Cell, Column, Row, Table

MOST_RUNS = 12
"""Of more the pairs are too many to be read."""
HOW = (
    "Difference: the first model's score minus the second's, over the documents that both have; "
    "beneath it the 95 % interval, paired by document.",
    "p: two-sided for no difference, exact McNemar or bootstrap, Holm-corrected for the pairs of "
    "its column; not for the number of columns.",
)
Scores = Mapping[str, Mapping[str, pd.DataFrame]]
"""By run and benchmark, a score per document."""


def pairs_tables(board: Board) -> Iterator[Table]:
    """A table per group of benchmarks that are scored in percent; none of one model alone."""
    if not 2 <= len(board.runs) <= MOST_RUNS:
        return
    scores = {run.label: doc_scores(run) for run in board.runs}
    pairs = list(combinations(board.labels, 2))
    for group in board.groups:
        found = [_differences(board, group, scores, *pair) for pair in pairs]
        if keys := [key for key in group.columns() if any(key in each for each in found)]:
            yield _table(board, group, keys, pairs, found)


def _differences(
    board: Board, group: Group, scores: Scores, one: str, other: str
) -> dict[str, Difference]:
    """Those of two runs, by column, where both have a score in it."""
    found: dict[str, Difference] = {}
    for key in group.columns():
        in_both = all(board.values[label, key].number is not None for label in (one, other))
        if not in_both or not board.measure(key).in_percent:
            continue
        if key == group.average:
            parts = [found[name] for name in group.benchmarks if name in found]
            if len(parts) == len(group.benchmarks):
                found[key] = average_difference(parts)
            continue
        kind = board.columns.reference(key).aggregate
        made = difference(scores[one][key], scores[other][key], key, kind)
        if made is not None:
            found[key] = made
    return found


def _table(
    board: Board,
    group: Group,
    keys: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    found: Sequence[Mapping[str, Difference]],
) -> Table:
    columns = [
        column
        for key in keys
        for column in (Column(key, board.name(key), "points"), Column(f"{key}_p", "p", "Holm"))
    ]
    corrected = {key: _holm([differences.get(key) for differences in found]) for key in keys}
    rows = [
        Row(
            f"{one} − {other}",
            tuple(
                cell
                for key in keys
                for cell in _cells(board, key, (one, other), differences, corrected[key][at])
            ),
        )
        for at, ((one, other), differences) in enumerate(zip(pairs, found, strict=True))
    ]
    return Table(
        name=f"{group.name.lower()}_pairs",
        title=f"{group.name}: differences between the models, points",
        head="models",
        columns=tuple(columns),
        rows=tuple(rows),
        remarks=HOW,
    )


def _holm(found: Sequence[Difference | None]) -> list[float | None]:
    known = iter(holm([two_sided_p(each) for each in found if each is not None]))
    return [None if each is None else float(next(known)) for each in found]


def _cells(
    board: Board,
    key: str,
    pair: tuple[str, str],
    differences: Mapping[str, Difference],
    p: float | None,
) -> tuple[Cell, Cell]:
    if key not in differences or p is None:
        notes = [f"{label}: {note}" for label in pair if (note := board.values[label, key].note)]
        return Cell(notes=tuple(notes) or (NOT_BOTH,)), Cell()
    found = differences[key]
    interval = found.interval()
    cell = change(100 * found.difference)
    if not math.isnan(interval.low):  # as it is of one document a task
        low, high = 100 * interval.low, 100 * interval.high
        cell = replace(cell, low=low, high=high, show_interval=True)
    return cell, Cell(text=f"{p:.2g}", value=p)
