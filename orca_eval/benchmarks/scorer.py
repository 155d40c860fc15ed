"""A response to one of our own docs → its score, by the extractor and the shared scoring."""

from __future__ import annotations

from collections.abc import Mapping

from orca_eval.benchmarks.types import Scored
from orca_eval.extract import extract_answer
from orca_eval.scoring import Golds, score_answer
from orca_eval.types import Doc, Kind


def score_by_extraction(doc: Doc, response: str) -> Scored:
    """No answer scores 0 and stays None."""
    return score_response(doc.kind, doc.golds, doc.options, response)


def score_response(
    kind: Kind, golds: Golds, options: Mapping[str, str] | None, response: str
) -> Scored:
    """The same from the parts of a doc that decide the score."""
    found = extract_answer(response, kind, options)
    score = score_answer(kind, found.answer, golds)
    return Scored(
        answer=found.answer,
        rule=found.rule,
        evidence=found.evidence,
        score=score.exact_match,
        f1=score.f1,
        parts=score.exact_match_parts,
    )
