"""The Markdown for a pull-request comment or a step summary."""

from orca_eval.gate.judge import Verdict
from orca_eval.gate.output.tables import LABEL_WIDTH, comparisons, rates
from orca_eval.gate.pairing import Flip
from orca_eval.gate.result import GateResult, sentence
from orca_eval.safe_text import markdown as code, markdown_prose as prose, shorten
from orca_eval.tables.markdown import grid
from orca_eval.tables.table import Table

_MARK = {Verdict.PASS: "✅", Verdict.REGRESSION: "❌", Verdict.INCONCLUSIVE: "⚠️"}
_POWER = (
    "\nScores and drops in points; *would show* is the smallest true drop that these samples "
    "would have shown with 80 % power.\n"
)
_ANSWER_WIDTH = 120
# Room for the end: the line that counts what was left out, and the closing tag.
_RESERVE = 200


def markdown(result: GateResult, max_bytes: int) -> str:
    """The result in at most `max_bytes` of UTF-8; the flips that don't fit are counted."""
    text = _fitting(
        [*_summary(result), *_lines(comparisons(result)), _POWER, *_lines(rates(result))],
        max_bytes - _RESERVE,
    )[0]
    room = max_bytes - _RESERVE - len(text.encode())
    head = (
        f"\n<details><summary>{len(result.flips):,} samples went from right to wrong</summary>\n\n"
        "| task | document | baseline | candidate |\n|---|---|---|---|\n"
    )
    if not result.flips or len(head) > room:
        return text
    rows, left_out = _fitting([_flip(result, flip) for flip in result.flips], room - len(head))
    rest = f"\n{left_out:,} more are in gate.json.\n" if left_out else ""
    return f"{text}{head}{rows}{rest}\n</details>\n"


def _fitting(pieces: list[str], room: int) -> tuple[str, int]:
    """As many of the pieces as fit into `room` bytes, and how many were left out."""
    kept: list[str] = []
    for piece in pieces:
        room -= len(piece.encode())
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept), len(pieces) - len(kept)


def _summary(result: GateResult) -> list[str]:
    candidate, baseline = (_label(text) for text in (result.candidate, result.baseline))
    return [
        f"## {_MARK[result.verdict]} {result.headline}\n\n",
        f"{candidate} against {baseline}, policy {_label(result.policy)}\n\n",
        *(f"- {_MARK[line.verdict]} {prose(sentence(line))}\n" for line in result.open_lines),
        *(f"- {prose(shorten(text, 2000))}\n" for text in [*result.cautions, *result.notes]),
    ]


def _lines(table: Table) -> list[str]:
    """The table's rows as pieces, if it has any; the first holds the head."""
    if not table.rows:
        return []
    head, rule, *rows = (f"{line}\n" for line in grid(table))
    return ["\n" + head + rule, *rows]


def _flip(result: GateResult, flip: Flip) -> str:
    cells = (flip.task, flip.doc_id, *result.answers(flip))
    return f"| {' | '.join(code(shorten(cell, _ANSWER_WIDTH)) for cell in cells)} |\n"


def _label(text: str) -> str:
    return code(shorten(text, LABEL_WIDTH))
