"""gate.json: everything the gate found, for programs."""

import json
from dataclasses import asdict
from typing import Any

from pydantic_core import to_jsonable_python

from orca_eval.gate.judge import Line
from orca_eval.gate.result import GateResult, sentence
from orca_eval.safe_text import shorten

_ANSWER_WIDTH = 500
_ANSWERS = ("baseline_answer", "candidate_answer")
_AS_THEY_ARE = ("baseline", "candidate", "policy", "headline", "cautions", "notes")


def as_json(result: GateResult) -> str:
    """ASCII JSON; what is not known is null."""
    known = to_jsonable_python(content(result), inf_nan_mode="null")
    return json.dumps(known, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def content(result: GateResult) -> dict[str, Any]:
    """Tells all that the gate found, scores and drops as shares of 1."""
    return {
        "verdict": result.verdict.name,
        "exit_code": result.verdict.value,
        **{key: getattr(result, key) for key in _AS_THEY_ARE},
        "lines": [entry(line) for line in result.lines],
        "flips": [
            asdict(flip) | {key: _short(getattr(flip, key)) for key in _ANSWERS}
            for flip in result.flips
        ],
    }


def entry(line: Line) -> dict[str, Any]:
    """Tells all of one line, in shares of 1."""
    comparison, found = line.comparison, line.comparison.result
    interval = found.interval()
    return {
        "name": comparison.name,
        "is_average": bool(comparison.parts),
        "tier": comparison.rule.tier,
        "finding": line.finding.value,
        "effect": line.verdict.name,
        "sentence": sentence(line),
        "method": found.method,
        "pairs": found.n,
        "full_n": comparison.full_n,
        "baseline": found.baseline,
        "candidate": found.candidate,
        "drop": found.difference,
        "drop_low": interval.low,
        "drop_high": interval.high,
        "losses": found.losses,
        "gains": found.gains,
        "losses_unanswered": comparison.losses_unanswered,
        "p": found.p,
        "p_adjusted": line.p_adjusted,
        "p_unclustered": found.p_unclustered,
        "alpha": comparison.rule.alpha,
        "tolerated": comparison.tolerated,
        "detectable": line.detectable,
        "more_samples": line.more_samples,
        "broken_limits": list(line.broken_limits),
        "rates": {
            rate.name: {key: getattr(rate, key) for key in ("baseline", "candidate", "limit", "p")}
            for rate in comparison.shown_rates
        },
    }


def _short(answer: str | None) -> str | None:
    return None if answer is None else shorten(answer, _ANSWER_WIDTH)
