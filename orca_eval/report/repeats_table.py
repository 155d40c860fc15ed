"""What several answers to each document show: mean, pass@k, majority, consistency and errors."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from orca_eval.report.board import Board
from orca_eval.report.cells import Value, count, percent, scored
from orca_eval.results.aggregate import WHOLE, ScoreRow
from orca_eval.results.manifest import Manifest
from orca_eval.results.repeats import CONSISTENCY, REMARK
from orca_eval.tables.table import Cell, Column, Row, Table
from orca_eval.types import Measure

TITLE = "Several answers to each document"
_ERRORS = {"se_items": "SE of items", "se_sampling": "SE of sampling"}
_GIVING_WAY = {**dict.fromkeys(_ERRORS, 1), CONSISTENCY: 2}
_PASS = re.compile(r"pass@(\d+)")


def repeats_table(board: Board) -> Table | None:
    """A row per run and benchmark or average; None where no document has several answers."""
    rows = []
    for run in board.runs:
        for key in (key for group in board.groups for key in group.columns()):
            score = run.benchmark(key) or run.average(key)
            if score is None or score.repeats is None or board.values[run.label, key].note:
                continue
            first = Cell(text=board.name(key)), count(score.n)
            notes = (run.extent,) if run.extent else ()
            rows.append((run.label, first, _figures(score, board.measure(key)), notes))
    if not rows:
        return None
    names = _in_order(figures for *_, figures, _ in rows)
    return Table(
        name="repeats",
        title=TITLE,
        head="model",
        columns=(
            Column("benchmark", "benchmark", text=True),
            Column("n", "n"),
            *(
                Column(name, _ERRORS.get(name, name), "" if name in _ERRORS else "%, 95 % interval")
                for name in names
            ),
        ),
        rows=tuple(
            Row(label, (*first, *(_with_interval(figures, name) for name in names)), notes=notes)
            for label, first, figures, notes in rows
        ),
        remarks=(REMARK,),
    )


def repeats_screen(
    rows: Sequence[ScoreRow], names: Mapping[str, str], manifest: Manifest
) -> Table | None:
    """The same of one run, without intervals and smaller k; `names` are the benchmarks' labels."""
    found = [
        (row, _figures(row, manifest.measure(row.benchmark)))
        for row in rows
        if row.level in WHOLE and row.repeats is not None
    ]
    if not found:
        return None
    columns = _in_order(figures for _, figures in found)
    smaller = [name for name in columns if _PASS.fullmatch(name)][:-1]
    columns = [name for name in columns if name not in smaller]
    return Table(
        name="repeats",
        title=TITLE,
        head="benchmark",
        columns=tuple(
            Column(name, _ERRORS.get(name, name), gives_way=_GIVING_WAY.get(name, 0))
            for name in columns
        ),
        rows=tuple(
            Row(
                names.get(row.benchmark, row.benchmark),
                tuple(scored(figures.get(name, Value())) for name in columns),
                "summary" if row.level == "average" else "measured",
            )
            for row, figures in found
        ),
        remarks=(REMARK,),
    )


def _figures(score: ScoreRow, measure: Measure) -> dict[str, Value]:
    """What is known, by column: shares in percent, the mean and its errors as the score is."""
    repeats = score.repeats
    if repeats is None:
        return {}
    shares = {
        name: Value(percent(value), percent(low), percent(high))
        for name, (value, low, high) in repeats.estimates.items()
    }
    if measure.over_repeats != "mean":
        return shares
    errors = {name: Value(measure.shown(getattr(repeats, name))) for name in _ERRORS}
    return {f"mean@{repeats.n}": Value.of(score, measure)} | shares | errors


def _in_order(figures: Iterable[Mapping[str, Value]]) -> list[str]:
    """Every name once: means, pass@k by k, majorities, consistency, errors."""
    names = dict.fromkeys(name for each in figures for name in each)
    places = ("mean@", "pass@", "majority@", CONSISTENCY, *_ERRORS)

    def place(name: str) -> tuple[int, int]:
        number = next((at for at, start in enumerate(places) if name.startswith(start)))
        return number, int(name.partition("@")[2] or 0)

    return sorted(names, key=place)


def _with_interval(figures: Mapping[str, Value], name: str) -> Cell:
    return replace(scored(figures.get(name, Value())), rates={}, show_interval=True)
