"""Answer extraction: which answer a free-text reply commits to, by which rule, shown where.

Pure and deterministic; see docs/extractors.md for the rules. To add a phrase, see cues.py; to add
a rule, see RULES in choice.py, number.py, span.py and free_text.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from orca_eval.extract import choice, context, free_text, number, span, statement
from orca_eval.extract.options import make_options
from orca_eval.extract.text import (
    HEAD,
    TAIL,
    Reply,
    after_thinking,
    lower,
    make_reply,
    run_on_ends,
)
from orca_eval.extract.types import Claim, Extraction, Rule, T

__all__ = [
    "EXTRACTOR_VERSION",
    "STATED_RULES",
    "WEAK_RULES",
    "Extraction",
    "answer",
    "extract_answer",
    "readings",
]

EXTRACTOR_VERSION = "2"
WEAK_RULES = frozenset(
    rule.name
    for rules in (choice.RULES, number.RULES, span.RULES, free_text.RULES)
    for rule in rules
    if rule.weak
)
# Rules that find a statement of the answer; the others read it from the course of the reply.
STATED_RULES = frozenset(
    ("final_marker", "answer_is", "correct_is", "code", "affirmed", "standalone", "opening")
)


def extract_answer(
    response: str, kind: str, options: Mapping[str, str] | None = None
) -> Extraction:
    """The answer that `response` commits to.

    `kind` is choice (`options` maps labels to texts), number, span or text. `answer` is a label as
    given in `options`; a number as `-?digits(.digits)?` or `p/q`; spans joined by `; ` where the
    reply sets them apart (commas, "and" and units stay, for scoring to read); or text. It is None
    when a careful reader would not know. Never raises on any response; ValueError if `kind` is
    unknown or a choice has no options.
    """
    _check(kind, options)
    parts = _parts(response)
    if isinstance(parts, Extraction):
        return parts
    decided = _decide(parts, kind, options)
    if decided is None:
        return Extraction(None, "no_commitment", None)
    part, claim, rule = decided
    a, b = part.start + claim.start, part.start + claim.end
    name = rule if claim.answer is not None else claim.reason or rule
    return Extraction(claim.answer, name, (a, b) if b > a else None)


def answer(response: str, kind: str, options: Mapping[str, str] | None = None) -> str | None:
    """The answer alone."""
    return extract_answer(response, kind, options).answer


def readings(
    response: str, kind: str, options: Mapping[str, str] | None = None
) -> tuple[tuple[str, str | None], ...]:
    """(rule, answer) of every rule that finds a claim by itself, the strongest first.

    The weak rules, which read what a reply leaves unsaid, are heard only where no other finds any.
    `answer` is None for a claim that is void. Errors as in `extract_answer`.
    """
    _check(kind, options)
    parts = _parts(response)
    if isinstance(parts, Extraction):
        return ()
    decided = _decide(parts, kind, options)
    for part in parts if decided is None else (decided[0],):
        reply = part.reply(wrappers=kind == "choice")
        claims = _claims(reply, part.raw, kind, options or {})
        found = [(rule, claim.answer) for rule, claim in claims if rule not in WEAK_RULES]
        found = found or [(rule, claim.answer) for rule, claim in claims]
        if found:
            return tuple(found)
    return ()


class _Part(NamedTuple):
    """What is read at a time: a range of the response.

    `open_end`: a heading ends it ("Question:"), by which the reply may have gone on to a question
    of its own invention or, in its work, to the next step.
    """

    response: str
    low: str
    start: int
    end: int
    open_end: bool

    @property
    def raw(self) -> str:
        return self.response[self.start : self.end]

    def reply(self, *, wrappers: bool) -> Reply:
        return make_reply(self.response, self.low, self.start, self.end, wrappers=wrappers)


def _check(kind: str, options: Mapping[str, str] | None) -> None:
    if kind not in ("choice", "number", "span", "text"):
        raise ValueError(f"unknown kind {kind!r}: expected choice, number, span or text")
    if kind == "choice" and not options:
        raise ValueError("a choice needs options")


def _parts(response: str) -> list[_Part] | Extraction:
    """What to read, in turn, behind the thinking and up to an invented turn, or why there is none.

    Of a part too long to read whole, the tail and then the head.
    """
    low = lower(response)
    start = after_thinking(low)
    if start is None:
        return Extraction(None, "unclosed_thinking", None)
    if not response[start : start + TAIL].strip() and not response[start:].strip():
        return Extraction(None, "empty", None)
    parts = []
    for end, open_end in run_on_ends(low, start):
        if end - start <= HEAD + TAIL:
            ranges = [(start, end)]
        else:
            ranges = [(end - TAIL, end), (start, start + HEAD)]
        parts += [_Part(response, low, a, b, open_end) for a, b in ranges]
    return parts


def _decide(
    parts: Sequence[_Part], kind: str, options: Mapping[str, str] | None
) -> tuple[_Part, Claim, str] | None:
    """The part whose claim counts: the first with one.

    An answer that only follows from the words of a part with an open end gives way to a mark for
    the final answer behind it, unless the reply goes on behind that to yet another question.
    """
    held: tuple[_Part, Claim, str] | None = None
    for part in parts:
        found = _find(part, kind, options)
        if found is None:
            continue
        claim, rule = found
        if held is None:
            held = (part, claim, rule)
            if not part.open_end or claim.answer is None or rule in STATED_RULES:
                return held
        elif rule == "final_marker" and claim.answer is not None:
            return held if part.open_end else (part, claim, rule)
    return held


def _find(part: _Part, kind: str, options: Mapping[str, str] | None) -> tuple[Claim, str] | None:
    raw = part.raw
    if kind == "choice" and options:
        return choice.find_plain(raw, part.low[part.start : part.end], options) or (
            choice.find_choice(part.reply(wrappers=True), raw, options)
        )
    reply = part.reply(wrappers=False)
    if kind == "number":
        return number.find_number(reply, raw)
    if kind == "span":
        return span.find_span(reply, raw)
    return free_text.find_text(reply, raw)


def _claims(
    reply: Reply, raw: str, kind: str, options: Mapping[str, str]
) -> list[tuple[str, Claim]]:
    """The claim of each rule that has one, as if it were the only rule."""
    if kind == "choice":
        return _heard(choice.RULES, context.Context(reply, raw, make_options(options)))
    if kind == "number":
        return _heard(number.RULES, statement.Context(reply, raw))
    rules = span.RULES if kind == "span" else free_text.RULES
    return _heard(rules, free_text.Context(reply, raw))


def _heard(rules: tuple[Rule[T], ...], ctx: T) -> list[tuple[str, Claim]]:
    claims = ((rule.name, rule.find(ctx)) for rule in rules)
    return [(name, claim) for name, claim in claims if claim is not None]
