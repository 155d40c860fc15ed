"""The gate's tables: every comparison, and the rates of every comparison."""

import math

from orca_eval.gate.judge import Finding, Line, Verdict
from orca_eval.gate.result import GateResult, name_of, p_text, points
from orca_eval.numbers import ends
from orca_eval.safe_text import shorten
from orca_eval.tables.table import Cell, Mark, Row, Table, columns, text_row

LABEL_WIDTH = 200
_MARKS: dict[Verdict, Mark] = {
    Verdict.PASS: "good",
    Verdict.REGRESSION: "bad",
    Verdict.INCONCLUSIVE: "unsure",
}


def comparisons(result: GateResult) -> Table:
    """A row per benchmark and average, scores and drops in points."""
    order = ("would show", "tolerated", "p (Holm)", "pairs", "score", "95 % interval", "tier")
    return Table(
        name="gate",
        title=f"{result.candidate} against {result.baseline}",
        head="benchmark",
        columns=columns(
            *("tier", "pairs", "score", "drop", "95 % interval"),
            *("p (Holm)", "tolerated", "would show", "finding"),
            text=("tier", "finding"),
            giving_way=[[name] for name in order],
        ),
        rows=tuple(map(_row, result.lines)),
        remarks=(f"Policy {result.policy}; scores, baseline → candidate, and drops in points.",),
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
            for rate in line.comparison.shown_rates
        ),
    )


def _row(line: Line) -> Row:
    found = line.comparison.result
    interval, unclustered = found.interval(), found.p_unclustered
    low, high = interval.low, interval.high
    row = text_row(
        _label(line),
        line.comparison.rule.tier,
        f"{found.n:,}",
        f"{points(found.baseline)} → {points(found.candidate)}",
        _minus(points(found.difference)),
        # A dash where too few units leave nothing to judge by.
        "–" if math.isnan(interval.low) else _minus(" – ".join(ends(100 * low, 100 * high, 1))),
        p_text(line.p_adjusted)
        + ("" if unclustered is None else f" (unclustered, raw: {p_text(unclustered)})"),
        points(line.comparison.tolerated),
        "–" if line.detectable is None else points(line.detectable),
    )
    shown = [] if line.finding is Finding.FORMAT else [line.finding.value]
    text = ", ".join([*shown, *(f"format: {name}" for name in line.broken_limits)])
    mark: Mark = "" if line.finding is Finding.OK else _MARKS[line.verdict]
    return Row(row.label, (*row.cells, Cell(text, mark=mark)))


def _minus(text: str) -> str:
    """With true minus signs, which an interval's dash is not taken for."""
    return text.replace("-", "\N{MINUS SIGN}")


def _label(line: Line) -> str:
    return shorten(name_of(line), LABEL_WIDTH)
