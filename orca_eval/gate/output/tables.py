"""The gate's tables: every comparison, and the rates of every comparison."""

from __future__ import annotations

import math

from orca_eval.gate.judge import Finding, Line, Verdict
from orca_eval.gate.result import GateResult, name_of, p_text, points
from orca_eval.safe_text import shorten
from orca_eval.stats import Interval
from orca_eval.tables.table import Cell, Mark, Row, Table, columns, text_row

LABEL_WIDTH = 200
_MARKS: dict[Verdict, Mark] = {
    Verdict.PASS: "good",
    Verdict.REGRESSION: "bad",
    Verdict.INCONCLUSIVE: "unsure",
}


def comparisons(result: GateResult) -> Table:
    """A row per benchmark and average, scores and drops in points."""
    scores = ("pairs", "baseline", "candidate", "drop", "95 % interval")
    numbers, texts = (*scores, "p (Holm)", "tolerated", "would show"), ("tier", "finding")
    return Table(
        name="gate",
        title=f"{result.candidate} against {result.baseline}",
        head="",
        columns=columns(*numbers, *texts, text=texts),
        rows=tuple(map(_row, result.lines)),
        remarks=(f"policy {result.policy}; scores and drops in points",),
    )


def rates(result: GateResult) -> Table:
    """A row per benchmark and rate, in percent of the samples."""
    return Table(
        name="rates",
        title="Rates",
        head="",
        columns=columns("samples, %", "baseline", "candidate", "limit", text=("samples, %",)),
        rows=tuple(
            text_row(
                _label(line),
                rate.name,
                points(rate.baseline),
                points(rate.candidate),
                "" if rate.limit is None else f"+{points(rate.limit)}",
            )
            for line in result.lines
            for rate in line.comparison.rates
        ),
    )


def _row(line: Line) -> Row:
    found = line.comparison.result
    row = text_row(
        _label(line),
        f"{found.n:,}",
        points(found.baseline),
        points(found.candidate),
        points(found.difference),
        _interval(found.interval()),
        _p(line),
        points(line.comparison.tolerated),
        "–" if line.detectable is None else points(line.detectable),
        line.comparison.rule.tier,
    )
    mark: Mark = "" if line.finding is Finding.OK else _MARKS[line.verdict]
    return Row(row.label, (*row.cells, Cell(_finding(line), mark=mark)))


def _label(line: Line) -> str:
    return shorten(name_of(line), LABEL_WIDTH)


def _interval(interval: Interval) -> str:
    """Both ends in points, or a dash where a single unit per task leaves nothing to resample."""
    if math.isnan(interval.low):
        return "–"
    return f"{points(interval.low)} … {points(interval.high)}"


def _p(line: Line) -> str:
    """The adjusted p, with the raw p that ignores the clusters beside it."""
    plain = line.comparison.result.p_unclustered
    beside = "" if plain is None else f" (unclustered, raw: {p_text(plain)})"
    return p_text(line.p_adjusted) + beside


def _finding(line: Line) -> str:
    """What the line shows, in a word or two."""
    found = [] if line.finding is Finding.FORMAT else [line.finding.value]
    return ", ".join([*found, *(f"format: {name}" for name in line.broken_limits)])
