"""The table on the screen."""

from orca_eval.gate.judge import Verdict
from orca_eval.gate.output.tables import comparisons
from orca_eval.gate.result import GateResult, sentence
from orca_eval.safe_text import shorten
from orca_eval.screen import plain, screen
from orca_eval.tables.screen import show as show_table

_STYLE = {Verdict.PASS: "green", Verdict.REGRESSION: "bold red", Verdict.INCONCLUSIVE: "yellow"}
# Wide enough for the table where there is no terminal to measure, as in a CI log.
_LOG_WIDTH = 160
_FLIPS_SHOWN = 10
_ANSWER_WIDTH = 60


def show(result: GateResult) -> None:
    """Prints the table and what it means; the verdict last, where a terminal leaves it in view."""
    console = screen(_LOG_WIDTH)
    show_table(console, comparisons(result))
    remarks = [f"- {text}" for text in [*result.cautions, *result.notes]]
    flips = [] if result.verdict is Verdict.PASS else _flips(result)
    for text in [*remarks, *flips, *map(sentence, result.open_lines)]:
        console.print(plain(text))
    console.print(plain(result.headline, _STYLE[result.verdict]))


def _flips(result: GateResult) -> list[str]:
    if not result.flips:
        return []
    rows = [
        f"  {flip.task} {flip.doc_id}: "
        + " → ".join(shorten(answer, _ANSWER_WIDTH) for answer in result.answers(flip))
        for flip in result.flips[:_FLIPS_SHOWN]
    ]
    rest = ["  … more in gate.md and gate.json"] if len(result.flips) > _FLIPS_SHOWN else []
    return [f"{len(result.flips):,} samples went from right to wrong:", *rows, *rest]
