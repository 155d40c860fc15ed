"""The table on the screen."""

from __future__ import annotations

from rich.table import Table

from orca_eval.gate.judge import Finding, Line, Verdict
from orca_eval.gate.result import (
    GateResult,
    answer_text,
    detectable_text,
    finding_text,
    interval_text,
    name_of,
    p_cell,
    points,
    sentence,
)
from orca_eval.safe_text import shorten
from orca_eval.screen import plain, screen

_STYLE = {Verdict.PASS: "green", Verdict.REGRESSION: "bold red", Verdict.INCONCLUSIVE: "yellow"}
# Wide enough for the table where there is no terminal to measure, as in a CI log.
_LOG_WIDTH = 160
_FLIPS_SHOWN = 10
_ANSWER_WIDTH = 60


def show(result: GateResult) -> None:
    """Prints the table and what it means; the verdict last, where a terminal leaves it in view."""
    console = screen(_LOG_WIDTH)
    console.print(_table(result))
    for text in [*result.cautions, *result.notes]:
        console.print(plain(f"- {text}"))
    if result.verdict is not Verdict.PASS:
        for text in _flips(result):
            console.print(plain(text))
    for line in result.open_lines:
        console.print(plain(sentence(line)))
    console.print(plain(result.headline, _STYLE[result.verdict]))


def _table(result: GateResult) -> Table:
    table = Table(
        title=plain(f"{result.candidate} against {result.baseline}"),
        caption=plain(f"policy {result.policy}; scores and drops in points"),
    )
    table.add_column("")
    heads = ("pairs", "baseline", "candidate", "drop", "95 % interval", "p (Holm)", "tolerated")
    for head in (*heads, "would show"):
        table.add_column(head, justify="right")
    table.add_column("tier")
    table.add_column("finding")
    for line in result.lines:
        style = _STYLE[line.verdict] if line.finding is not Finding.OK else ""
        table.add_row(*(plain(cell) for cell in _cells(line)), plain(finding_text(line), style))
    return table


def _cells(line: Line) -> list[str]:
    found = line.comparison.result
    return [
        name_of(line),
        f"{found.n:,}",
        points(found.baseline),
        points(found.candidate),
        points(found.difference),
        interval_text(found.interval()),
        p_cell(line),
        points(line.comparison.tolerated),
        detectable_text(line),
        line.comparison.rule.tier,
    ]


def _flips(result: GateResult) -> list[str]:
    if not result.flips:
        return []
    rows = [
        f"  {flip.task} {flip.doc_id}: {shorten(result.baseline_answer(flip), _ANSWER_WIDTH)} → "
        f"{shorten(answer_text(flip.candidate_answer), _ANSWER_WIDTH)}"
        for flip in result.flips[:_FLIPS_SHOWN]
    ]
    rest = ["  … more in gate.md and gate.json"] if len(result.flips) > _FLIPS_SHOWN else []
    return [f"{len(result.flips):,} samples went from right to wrong:", *rows, *rest]
