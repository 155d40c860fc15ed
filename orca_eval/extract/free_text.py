"""Which free text (sorted words, closing brackets, a last word) a reply commits to."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from functools import cached_property

from orca_eval.extract.cues import ANSWER_IS, NO_ANSWER, SUPPOSED
from orca_eval.extract.locate import MOST, Place, cue_hits, final_places
from orca_eval.extract.text import Reply, line_end, sentence_start
from orca_eval.extract.types import Claim, Example, Rule

_SORTED = re.compile(
    r"\b(?:(?:sorted|alphabetical|ordered|correct)(?:ly)?(?: \w+){0,3}? (?:list|order|"
    r"words|sequence)(?: of (?:the )?words)?|(?:in|into) alphabetical order|"
    r"sorted(?: alphabetically)?(?=\s?:)|closing (?:brackets?|parenthes[ei]s|sequence)|"
    r"rest of the sequence"
    r"|complet(?:ed|e) (?:the )?sequence)(?: \w+){0,3}?\s?(?:is|are|would be|:|=)[:\s\"']{0,12}"
)
_BRACKETS_BEFORE = re.compile(r"[<>][<>\s]*$")
_HOLDS = re.compile(r"[^\W_]|[()\[\]{}<>]")
_WORD = re.compile(r"[^\W_]")
_MARKS = re.compile(r"[\s>|=~#\"':]*")
_DIGITS = tuple("0123456789.")
_BULLET = re.compile(r"(?<![ \t])[ \t]*(?:[-*•]|\(?\d{1,3}[.)])[ \t]+")
_LIST = re.compile(r"[\w'&.-]+(?:\s?,\s?(?:and\s)?[\w'&.-]+)+")
_PLACEHOLDER = re.compile(
    r"\{?\s?(?:the |your )?(?:final )?(?:answer|number|answer choice|word|words|text|"
    r"yes or no|value|span|\.\.\.|X)s?\s?\}?",
    re.IGNORECASE,
)


Find = Callable[["Context"], Claim | None]


class Context:
    def __init__(self, reply: Reply, raw: str) -> None:
        self.reply, self.raw, self.text, self.low = reply, raw, reply.text, reply.low

    @cached_property
    def cues(self) -> list[tuple[int, int]]:
        return cue_hits(ANSWER_IS, self.low, self.reply.words, 0)


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without the quotes, marks and full stop around what it holds."""
    marks = " \t\n\"'`*#"
    while start < end and text[start] in marks + "$" and text[start + 1 : start + 2] not in _DIGITS:
        start += 1
    while end > start and text[end - 1] in marks + "$.":
        end -= 1
    inner = text[start:end]
    if inner.startswith("{") and inner.endswith("}") and not set("([<{") & set(inner[1:]):
        return trim(text, start + 1, end - 1)  # the hint's braces: no answer begins with an opener
    return start, end


def block_end(text: str, at: int, limit: int = 2000) -> int:
    """End of the line, or of the list of short lines, that begins at `at`."""
    end = line_end(text, at, limit)
    on_next_line = "\n" in text[max(0, at - 12) : at]
    bullet = _BULLET.match(text, text.rfind("\n", 0, at) + 1)
    while end < len(text) and (bullet or (on_next_line and " " not in text[at:end].strip())):
        following = line_end(text, end + 1, limit)
        line = text[end + 1 : following]
        if (
            not line.strip()
            or bool(_BULLET.match(line)) != bool(bullet)
            or (not bullet and " " in line.strip())
        ):
            break
        end = following
    return end


def value_at(ctx: Context, at: int, end: int | None = None) -> Claim | None:
    stop = block_end(ctx.text, at) if end is None else end
    brackets = _BRACKETS_BEFORE.search(ctx.text[max(0, at - 16) : at]) if end is None else None
    if brackets and not any(c.isalnum() for c in ctx.text[at:stop]):
        at -= len(brackets[0])  # what looked like a quotation mark opens the sequence
    start, stop = trim(ctx.text, at, stop)
    if start >= stop:
        return None
    value = ctx.text[start:stop]
    if not _HOLDS.search(value):
        return None
    if _PLACEHOLDER.fullmatch(value) or NO_ANSWER.fullmatch(value.lower()):
        return None
    return Claim(value, start, stop)


def _words(claim: Claim | None) -> Claim | None:
    """Listed words with single spaces between them; other text with its spaces made single."""
    if claim is None or claim.answer is None:
        return claim
    lines = [_BULLET.sub("", line).strip() for line in claim.answer.splitlines()]
    value = " ".join(line for line in lines if line)
    if _LIST.fullmatch(value):
        value = " ".join(w.strip() for w in re.split(r"\s?,\s?(?:and\s)?", value))
    return Claim(" ".join(value.split()), claim.start, claim.end)


def _last(ctx: Context, places: list[Place]) -> Claim | None:
    for at, value, end in sorted(places, reverse=True):
        claim = value_at(ctx, value, end)
        left = ctx.low[max(0, sentence_start(ctx.text, at, 120)) : at]
        if claim and not SUPPOSED.search(left, ctx.reply.words):
            return claim
    return None


def final_marker(ctx: Context) -> Claim | None:
    cues = [(at, _behind_colon(ctx, at, value)) for at, value in ctx.cues]
    places = [
        (at, value, _past_brackets(ctx.raw, value, end))
        for at, value, end in final_places(ctx.reply, ctx.raw, cues, 0)
    ]
    return _last(ctx, places) if places else None


def _past_brackets(raw: str, value: int, end: int | None) -> int | None:
    """The end of a boxed value; of a sequence of brackets, the last brace of the line ends it."""
    if end is None or raw[end : end + 1] != "}" or _WORD.search(raw, value, end):
        return end
    line = line_end(raw, value)
    return end if _WORD.search(raw, value, line) else max(end, raw.rfind("}", value, line))


def _behind_colon(ctx: Context, at: int, value: int) -> int:
    """Where the value begins right behind the cue's colon: what a cue skips elsewhere ("just",
    ">") is the answer's own there.
    """
    colon = ctx.low.rfind(":", at, value)
    if colon < 0:
        return value
    line = line_end(ctx.text, colon + 1)
    own_line = bool(ctx.text[colon + 1 : line].strip())
    dressed = _WORD.search(ctx.text, colon + 1, line if own_line else block_end(ctx.text, value))
    marks = _MARKS.match(ctx.text, colon + 1) if dressed else None
    return marks.end() if marks else colon + 1


def answer_is(ctx: Context) -> Claim | None:
    return _last(ctx, [(at, value, None) for at, value in ctx.cues])


def _sorted(ctx: Context) -> Claim | None:
    return _last(
        ctx, [(m.start(), m.end(), None) for m in deque(_SORTED.finditer(ctx.low), maxlen=MOST)]
    )


def _whole(ctx: Context) -> Claim | None:
    """A reply of one short line, or of nothing but short lines, is the answer itself."""
    start, end = trim(ctx.text, 0, len(ctx.text))
    value = ctx.text[start:end]
    listed = "\n" in value and all(
        " " not in _BULLET.sub("", line).strip() for line in value.splitlines()
    )
    if not value or len(value) > 400 or ("\n" in value and not listed):
        return None
    if (
        re.search(r"[.!?:]\s|\b(?:is|are|was|the|i|sorry|cannot)\b|[,;<]$", value.lower())
        and not listed
    ):
        return None
    return value_at(ctx, start, end)


def _rule(
    name: str, reason: str, find: Find, *examples: Example, weak: bool = False
) -> Rule[Context]:
    return Rule(name, reason, lambda ctx: _words(find(ctx)), examples, weak)


RULES: tuple[Rule[Context], ...] = (
    _rule(
        "final_marker",
        "A mark for the final answer, and the rest of its line or the list below it.",
        final_marker,
        Example("###Final answer: {apple banana}", "apple banana"),
    ),
    _rule(
        "answer_is",
        "A statement of the answer, and the rest of its line or the list below it.",
        answer_is,
        Example("So the answer is ) ] }.", ") ] }"),
    ),
    _rule(
        "named_result",
        "The sorted list or the closing brackets, named as such.",
        _sorted,
        Example("Sorted list: apple, banana, cherry", "apple banana cherry"),
    ),
    _rule(
        "whole_reply",
        "A reply of one short line, or of a list alone, is the answer itself.",
        _whole,
        Example("1. apple\n2. banana", "apple banana"),
        weak=True,
    ),
)


def find_text(reply: Reply, raw: str) -> tuple[Claim, str] | None:
    ctx = Context(reply, raw)
    for rule in RULES:
        claim = rule.find(ctx)
        if claim:
            return claim, rule.name
    return None
