"""What the rates behind scores make worth saying: one note a kind, with the benchmarks it is of."""

from collections.abc import Iterable, Iterator

from orca_eval.results.aggregate import ScoreRow
from orca_eval.types import Measure, ReadReasoning

NOTE_RATE = 0.05  # a share of unanswered, cut off or empty samples that deserves a note
CONFLICT_NOTE_RATE = 0.01
CUT_NOTE_RATE = 0.02  # of cut replies, from which on a score has bounds
UNGRADED = "Ungraded samples, in no mean"
UNANSWERED = "Without an answer"
CUT_OFF = "Cut off at max_tokens"
EMPTY = "Empty"
TWO_OPTIONS = "Naming one option by its letter and another by its text"
MALFORMED = "Rows left out, their gold malformed"
KINDS = (UNGRADED, UNANSWERED, CUT_OFF, EMPTY, TWO_OPTIONS, MALFORMED)
"""How the notes begin that a report has in its own words."""
PARSER = "most likely the server's reasoning parser is not this model's"
OWN_PARSER = "serve with the model's own or with none"


def rate_notes(rows: Iterable[tuple[str, ScoreRow, Measure]]) -> list[str]:
    """Notes on benchmarks' scores, each with its name: "Empty: BBH 6.2 %, RACE 11.0 %."."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for name, row, measure in rows:
        for kind, figure in _high(row, measure):
            found[kind].append(f"{name} {figure}")
    return [f"{kind}: {', '.join(figures)}." for kind, figures in found.items() if figures]


def conflict_note(row: ScoreRow) -> str:
    """What letters against texts make of a score, where that is more than a trifle."""
    rate, by_letter, by_text = row.conflict_rate or 0.0, row.score_by_letter, row.score_by_text
    if rate <= CONFLICT_NOTE_RATE or by_letter is None or by_text is None:
        return ""
    return (
        f"{100 * rate:.1f} % (counting the letter gives {100 * by_letter:.2f}, the text "
        f"{100 * by_text:.2f})"
    )


def has_bounds(row: ScoreRow) -> bool:
    """Whether so many replies were cut off that what they would have said may move the score."""
    return (row.truncation_rate or 0.0) > CUT_NOTE_RATE and row.score_cut_wrong is not None


def cut_note(row: ScoreRow, measure: Measure) -> str:
    """What cut replies make of a score, where that is more than a trifle."""
    if not has_bounds(row):
        return ""
    wrong, left_out = measure.shown(row.score_cut_wrong), measure.shown(row.score_cut_left_out)
    rest = "" if left_out is None else f", leaving them out {left_out:.2f}"
    rate = 100 * (row.truncation_rate or 0.0)
    return f"{rate:.1f} % (counting these wrong gives {wrong:.2f}{rest})"


def reasoning_note(answers: int, read: ReadReasoning) -> str:
    """What became of finished answers whose text all stands in the reasoning field."""
    found = f"{answers} finished answers have all their text in the reasoning field, "
    if read == "as_answer":
        return f"{found}which is read as the answer (reasoning=as_answer)."
    return (
        f"{found}and so no answer: {PARSER} and took the answer for reasoning; {OWN_PARSER}, or "
        "read that text as the answer by orca-eval rescore run=FOLDER reasoning=as_answer."
    )


def _high(row: ScoreRow, measure: Measure) -> Iterator[tuple[str, str]]:
    # What was not graded has no answer that was read either, and is told once.
    unanswered = 0.0 if row.ungraded else 1 - (row.extraction_rate or 0.0)
    if row.ungraded:
        yield UNGRADED, str(row.ungraded)
    shares = {UNANSWERED: unanswered, EMPTY: row.empty_rate or 0.0}
    for kind, share in shares.items():
        if share > NOTE_RATE:
            yield kind, f"{100 * share:.1f} %"
    if cut := cut_note(row, measure):
        yield CUT_OFF, cut
    if conflict := conflict_note(row):
        yield TWO_OPTIONS, conflict
