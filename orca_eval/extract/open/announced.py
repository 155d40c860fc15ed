"""The words that stand where an answer is announced, for spans and free text alike."""

import re

from orca_eval.extract.reply import Place, Reply
from orca_eval.extract.reply.cues import NO_ANSWER
from orca_eval.extract.reply.text import ALPHANUMERIC, behind, line_end
from orca_eval.extract.rule import Claim, last_claim

_BRACKETS_BEFORE = re.compile(r"[<>][<>\s]*$")
_HOLDS = re.compile(r"[^\W_]|[()\[\]{}<>]")
_MARKS = re.compile(r"[\s>|=~#\"':]*")
_DIGITS = tuple("0123456789.")
BULLET = re.compile(r"(?<![ \t])[ \t]*(?:[-*•]|\(?\d{1,3}[.)])[ \t]+")
_PLACEHOLDER = re.compile(
    r"\{?\s?(?:the |your )?(?:final )?(?:answer|number|answer choice|word|words|text|"
    r"yes or no|value|span|\.\.\.|X)s?\s?\}?",
    re.IGNORECASE,
)


def marked_final(reply: Reply) -> Claim | None:
    """What is marked as final."""
    cues = [(at, _behind_colon(reply, at, value), end) for at, value, end in reply.cues]
    raw, places = reply.raw, reply.final_places(cues)
    places = [(at, value, _past_brackets(raw, value, end)) for at, value, end in places]
    return last_announced(reply, places)


def last_announced(reply: Reply, places: list[Place]) -> Claim | None:
    """The last value announced at these places, unless it is supposed."""

    def announced(at: int, value: int, end: int | None) -> Claim | None:
        claim = value_at(reply, value, end)
        return None if claim is None or reply.supposed(at) else claim

    return last_claim(places, announced)


def value_at(reply: Reply, at: int, end: int | None = None) -> Claim | None:
    """The words that begin at `at` and end with their line or list, or at `end`; None for a
    placeholder or for words that say that there is no answer.
    """
    stop = block_end(reply.text, at) if end is None else end
    brackets = _BRACKETS_BEFORE.search(reply.text[max(0, at - 16) : at]) if end is None else None
    if brackets and not any(c.isalnum() for c in reply.text[at:stop]):
        at -= len(brackets[0])  # what looked like a quotation mark opens the sequence
    start, stop = trim(reply.text, at, stop)
    value = reply.text[start:stop]
    none = _PLACEHOLDER.fullmatch(value) or NO_ANSWER.fullmatch(value.lower())
    return None if none or not _HOLDS.search(value) else Claim(value, start, stop)


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
    bullet = BULLET.match(text, text.rfind("\n", 0, at) + 1)
    while end < len(text) and (bullet or (on_next_line and " " not in text[at:end].strip())):
        following = line_end(text, end + 1, limit)
        line = text[end + 1 : following]
        goes_on = BULLET.match(line) if bullet else not (BULLET.match(line) or " " in line.strip())
        if not line.strip() or not goes_on:
            break
        end = following
    return end


def _past_brackets(raw: str, value: int, end: int | None) -> int | None:
    """The end of a boxed value; of a sequence of brackets, the last brace of the line ends it."""
    if end is None or raw[end : end + 1] != "}" or ALPHANUMERIC.search(raw, value, end):
        return end
    line = line_end(raw, value)
    return end if ALPHANUMERIC.search(raw, value, line) else max(end, raw.rfind("}", value, line))


def _behind_colon(reply: Reply, at: int, value: int) -> int:
    """Where the value begins right behind the cue's colon: what a cue skips elsewhere ("just",
    ">") is the answer's own there.
    """
    colon = reply.low.rfind(":", at, value)
    if colon < 0:
        return value
    text, start = reply.text, colon + 1
    stop = line_end(text, start)
    if not text[start:stop].strip():
        stop = block_end(text, value)
    return behind(_MARKS, text, start) if ALPHANUMERIC.search(text, start, stop) else start
