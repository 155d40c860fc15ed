"""What a document takes, and a solved one: tokens, seconds and, where there is a price, money."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from orca_eval.config.schema import Price
from orca_eval.report.board import Board
from orca_eval.report.cells import count
from orca_eval.results.aggregate import WHOLE, ScoreRow
from orca_eval.results.cost import Cost
from orca_eval.results.manifest import Manifest
from orca_eval.results.run import Run
from orca_eval.tables.table import Cell, Column, Row, RowKind, Table

NOT_COUNTED = "no engine or server counted its tokens"
NOT_TOLD = "no reasoning was counted apart"
STORED = "no seconds: its answers were stored before this run"
UNPRICED = "no price in this currency"
NONE_SOLVED = "nothing is solved"
NO_SHARE = "its scores are no shares of right answers"
REMARK = (
    "in and out: tokens a document, over all answers to it; stored answers count as they were "
    "generated, and an answer to several documents for each of them. reasoning is part of out, as "
    "far as it was counted apart. / solved: the sum over the documents, divided by the sum of "
    "their scores. In an average every benchmark counts alike."
)
SECONDS = "s: wall time of generating, shared out by the tokens out that this run generated."
JUDGED = "What a judge generates is not in it."
_LABELS = {"prompt": "in", "completion": "out", "reasoning": "reasoning", "seconds": "s"}
_MONEY = "money_"
"""Begins the key of a currency's column."""
_MOST_PLACES = 9
_ALWAYS = ("prompt", "completion")
_GIVES_WAY = {"prompt": 1, "reasoning": 1, "seconds": 2, "completion": 3}
"""The order in which a narrow screen leaves out what is of solved documents, money last."""


class _Line(NamedTuple):
    """A row to be."""

    label: str
    first: tuple[Cell, ...]
    cost: Cost
    price: Price
    kind: RowKind = "measured"
    notes: tuple[str, ...] = ()


def cost_table(board: Board) -> Table:
    """A row per run and benchmark or average."""
    keys = [key for group in board.groups for key in group.columns()]
    lines = [
        line._replace(first=(Cell(text=board.name(key)), *line.first))
        for run in board.runs
        for key in keys
        for line in _lines_of(run, key)
    ]
    first = Column("benchmark", "benchmark", text=True), Column("n", "n")
    return _table("model", first, lines, _judged(board))


def cost_summary(board: Board) -> list[Table]:
    """A table per average, and per benchmark that is in none: a row per run."""
    found = []
    for group in board.groups:
        for key in [group.average] if group.average else group.benchmarks:
            if lines := [line for run in board.runs for line in _lines_of(run, key)]:
                table = _table("model", (Column("n", "n"),), lines, _judged(board))
                found.append(replace(table, title=f"{board.name(key)}. {table.title}"))
    return found


def _lines_of(run: Run, key: str) -> list[_Line]:
    """The run's line where it has what it took."""
    if key not in run.costs:
        return []
    notes = (run.extent,) if run.extent else ()
    first = (count(_documents(run, key)),)
    return [_Line(run.label, first, run.costs[key], run.price, notes=notes)]


def _judged(board: Board) -> bool:
    return any(run.manifest.judged for run in board.runs)


def _documents(run: Run, key: str) -> int:
    return sum(run.benchmarks[name].n for name in run.averages.get(key, (key,)))


def cost_screen(
    rows: Sequence[ScoreRow],
    names: Mapping[str, str],
    manifest: Manifest,
    costs: Mapping[str, Cost],
) -> Table:
    """The same of one run; `names` are the benchmarks' labels."""
    lines = [
        _Line(
            names.get(row.benchmark, row.benchmark),
            (),
            costs[row.benchmark],
            manifest.price,
            "summary" if row.level == "average" else "measured",
        )
        for row in rows
        if row.level in WHOLE and row.benchmark in costs
    ]
    return _table("benchmark", (), lines, manifest.judged)


def _table(head: str, first: tuple[Column, ...], lines: Sequence[_Line], judged: bool) -> Table:
    labels = _labels(lines)
    solved = [
        Column(f"{key}_solved", f"{label} / solved", gives_way=_GIVES_WAY.get(key, 4))
        for key, label in labels.items()
    ]
    columns = (*(Column(key, label) for key, label in labels.items()), *solved)
    figures = [_figures(line, labels) for line in lines]
    places = [_places(columns[at].key, row) for at, row in enumerate(zip(*figures, strict=True))]
    prices = [_told(line.price) for line in lines]
    common = prices[0] if prices and len({*prices}) == 1 else None
    timed = "seconds" in labels
    remarks = (REMARK, SECONDS if timed else "", common, JUDGED if judged else "")
    what = ["tokens", *(["seconds"] if timed else []), *_currencies(lines)]
    return Table(
        name="cost",
        title=f"What a document takes, and a solved one: {', '.join(what)}",
        head=head,
        columns=(*first, *columns),
        rows=tuple(
            Row(
                line.label,
                (*line.first, *map(_cell, row, places)),
                line.kind,
                (*line.notes, *([price] if price and not common else [])),
            )
            for line, row, price in zip(lines, figures, prices, strict=True)
        ),
        remarks=tuple(filter(None, remarks)),
    )


def _labels(lines: Sequence[_Line]) -> dict[str, str]:
    """The columns of a document by key: what anybody counted, and money in every currency."""
    counted = {
        name: label
        for name, label in _LABELS.items()
        if name in _ALWAYS or any(getattr(line.cost, name) is not None for line in lines)
    }
    return counted | {f"{_MONEY}{currency}": currency for currency in _currencies(lines)}


def _currencies(lines: Iterable[_Line]) -> list[str]:
    return [*dict.fromkeys(line.price.currency for line in lines if line.price.named)]


class _Figure(NamedTuple):
    """A number with its notes: why it is none, or what it is of."""

    number: float | None
    notes: tuple[str, ...] = ()


def _figures(line: _Line, keys: Iterable[str]) -> list[_Figure]:
    """Those of a document, then those of a solved one."""
    figures = [_figure(line, key) for key in keys]
    return [*figures, *(_solved(line.cost, figure) for figure in figures)]


def _solved(cost: Cost, figure: _Figure) -> _Figure:
    number = cost.per_solved(figure.number)
    if number is None and figure.number is not None:
        return _Figure(None, (NO_SHARE if cost.solved is None else NONE_SOLVED,))
    return figure._replace(number=number)


def _figure(line: _Line, key: str) -> _Figure:
    cost, price = line.cost, line.price
    if key == "seconds":
        return _Figure(cost.seconds, _timed(cost))
    if key.startswith(_MONEY):
        if not price.named or price.currency != key.removeprefix(_MONEY):
            return _Figure(None, (UNPRICED,))
        number = cost.money(price)
        if price.hour is not None:
            return _Figure(number, _timed(cost))
    else:
        number = getattr(cost, key)
    why = NOT_TOLD if key == "reasoning" else NOT_COUNTED
    return _Figure(number, () if number is not None else (why,))


def _timed(cost: Cost) -> tuple[str, ...]:
    """What the seconds are of, where it is not all."""
    if cost.seconds is None:
        return (NOT_COUNTED if cost.timed else STORED,)
    part = f"{100 * cost.timed:.0f} % of the answers: the others were stored before this run"
    return (f"seconds of {part}",) if cost.timed < 1 else ()


def _places(key: str, figures: Iterable[_Figure]) -> int:
    """How many decimals a column has: tokens one, others two digits of the smallest figure."""
    if key.removesuffix("_solved") in ("prompt", "completion", "reasoning"):
        return 1
    smallest = min((figure.number for figure in figures if figure.number), default=1.0)
    return min(max(0, 1 - math.floor(math.log10(smallest))), _MOST_PLACES)


def _cell(figure: _Figure, places: int) -> Cell:
    number, notes = figure
    return (
        Cell(notes=notes) if number is None else Cell(f"{number:,.{places}f}", number, notes=notes)
    )


def _told(price: Price) -> str:
    """The price, without which money can't be read; nothing where there is none."""
    if not price.named:
        return ""
    if price.hour is not None:
        return f"Price: {price.hour:g} {price.currency} for an hour of generating."
    reasoning = "" if price.reasoning is None else f", {price.reasoning:g} for reasoning"
    million = f"{price.prompt:g} {price.currency} for a million tokens in"
    return f"Price: {million}, {price.completion:g} out{reasoning}."
