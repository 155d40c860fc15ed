"""Places where answers are announced, for every kind: cues, boxes, tags, headings."""

from __future__ import annotations

import re
from collections import deque

from orca_eval.extract.reply.phrases import Cues, Words
from orca_eval.extract.reply.text import line_end

_BOXED = re.compile(r"\\(?:boxed|fbox)\s?\{(?:\\text\s?\{)?")
_TAGGED = re.compile(r"<(?:answer|final_answer|final|result|choice)>", re.IGNORECASE)
_FINAL = ("最终", "definitiva", "endgültige")

# Of hostile repetition only the last places of each kind are looked at.
MOST = 40

Place = tuple[int, int, int | None]
"""Start of the announcement, start of the value, and the value's end where a mark shows it."""


def cue_places(cues: Cues, low: str, words: Words, start: int, most: int = MOST) -> list[Place]:
    """The last `most` places of each cue, in the text's order."""
    hits: dict[int, int] = {}
    for cue in cues.possible(words, ascii_only=low.isascii()):
        at = low.rfind(cue.anchor, start)
        for _ in range(most):
            if at < start:
                break
            found = cue.pattern.match(low, at)
            if found and not _inside_word(low, at):
                hits[found.end()] = min(at, hits.get(found.end(), at))
            at = low.rfind(cue.anchor, start, at) if at > start else -1
    return sorted((at, value, None) for value, at in hits.items())


def _inside_word(low: str, at: int) -> bool:
    before = low[at - 1 : at]
    return before.isalnum() and before.isascii() and low[at].isascii()


def pattern_places(pattern: re.Pattern[str], low: str, start: int) -> list[Place]:
    """The last places where `pattern` announces what stands behind it."""
    found = deque(pattern.finditer(low, start), maxlen=MOST)
    return [(m.start(), m.end(), None) for m in found]


def final_places(raw: str, low: str, words: Words, cues: list[Place], start: int) -> list[Place]:
    """What is marked as final: "final answer" among the cues, boxes, answer tags."""
    places = [place for place in cues if _says_final(low, place[0], place[1])]
    if "boxed" in raw or "fbox" in raw:
        for at, value, _ in pattern_places(_BOXED, raw, start):
            places.append((at, value, _closing_brace(raw, value)))
    if "<" in raw and not words.isdisjoint(("answer", "final", "result", "choice")):
        for at, value, _ in pattern_places(_TAGGED, raw, start):
            end = raw.find("</", value, value + 2000)
            places.append((at, value, end if end >= 0 else None))
    return places


def _says_final(low: str, at: int, value: int) -> bool:
    around = low[max(0, at - 14) : value]
    return "final" in low[max(0, at - 8) : value] or any(word in around for word in _FINAL)


def _closing_brace(raw: str, at: int, limit: int = 400) -> int:
    """Position of the brace that closes the one before `at`, or the end of the line."""
    depth = 1
    for i in range(at, min(len(raw), at + limit)):
        if raw[i] == "{":
            depth += 1
        elif raw[i] == "}":
            depth -= 1
            if not depth:
                return i
    return line_end(raw, at, limit)


def hash_places(text: str, after: re.Pattern[str], start: int) -> list[Place]:
    """Values marked by three or more "#" (GSM8K's "#### 18") where `after` matches behind them."""
    places: list[Place] = []
    at = text.find("###", start)
    while at >= 0:
        end = at + 3
        while text[end : end + 1] == "#":
            end += 1
        found = after.match(text, end)
        if found:
            places.append((at, found.end(), line_end(text, found.end())))
        at = text.find("###", end)
    return places[-MOST:]
