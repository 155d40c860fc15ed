"""The verdict on the screen, with the table that it comes from."""

import sys
from pathlib import Path

from orca_eval.gate.judge import Verdict
from orca_eval.gate.output.tables import comparisons
from orca_eval.gate.result import GateResult, problems
from orca_eval.safe_text import shorten
from orca_eval.screen import paragraph, screen
from orca_eval.tables.screen import show as show_table

_STYLE = {Verdict.PASS: "green", Verdict.REGRESSION: "bold red", Verdict.INCONCLUSIVE: "yellow"}
_FLIPS_SHOWN = 10
_ANSWER_WIDTH = 60


def show(result: GateResult, out: Path | None, commands: str | None) -> None:
    """Prints the table and what it means; the verdict last, where a terminal leaves it in view.

    A CI system's `commands` say in its log what else the problems' sentences do.
    """
    console = screen()
    show_table(console, comparisons(result))
    for text in [*result.cautions, *result.notes]:
        paragraph(console, text)
    if result.verdict is not Verdict.PASS and result.flips:
        console.print()
        for text in _flips(result, out):
            paragraph(console, text)
    console.print()
    if commands is None:
        for text in problems(result):
            paragraph(console, text)
    else:
        sys.stdout.write(commands)
    paragraph(console, result.headline, _STYLE[result.verdict])


def _flips(result: GateResult, out: Path | None) -> list[str]:
    rows = [
        f"{flip.task} {flip.doc_id}: "
        + " → ".join(shorten(answer, _ANSWER_WIDTH) for answer in result.answers(flip))
        for flip in result.flips[:_FLIPS_SHOWN]
    ]
    rest = len(result.flips) - len(rows)
    place = out / "gate.json" if out else "the files that out=DIR writes"
    more = [f"… and {rest:,} more in {place}"] if rest else []
    return [f"{len(result.flips):,} samples went from right to wrong:", *rows, *more]
