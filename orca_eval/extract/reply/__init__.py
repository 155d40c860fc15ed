"""A reply as the rules of every kind see it.

parts.py says which parts of a response are read, text.py makes them plain, cues.yaml holds the
phrases that announce an answer (to teach a new one, add a line there), cues.py looks for them, and
numbers.py reads numbers.
"""

import re
from collections import deque
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from orca_eval.extract.reply.cues import ANSWER_IS, REFUSAL, SUPPOSED, Cues
from orca_eval.extract.reply.parts import Part
from orca_eval.extract.reply.text import clean, is_cut, line_end, lower, sentence_start, words_of

_BOXED = re.compile(r"\\(?:boxed|fbox)\s?\{(?:\\text\s?\{)?")
_TAGGED = re.compile(r"<(?:answer|final_answer|final|result|choice)>", re.IGNORECASE)
_BRACE = re.compile("[{}]")
_FINAL = ("最终", "definitiva", "endgültige")

# Of hostile repetition only the last places of each kind are looked at.
MOST = 40

Place = tuple[int, int, int | None]
"""Start of the announcement, start of the value, and the value's end where a mark shows it."""


@dataclass(eq=False)
class Reply:
    """The raw text of a part, cleaned text, its lower-case twin of the same length, and the words
    of the response, for telling fast that a phrase can't be there. It is read from `start` on.
    """

    raw: str
    text: str
    low: str
    words: frozenset[str]
    start: int = 0
    was_cut: bool = False

    @classmethod
    def of(cls, part: Part, *, wrappers: bool = False, **own: Any) -> Self:
        """The part, cleaned: of typographic variants, and with `wrappers` of marks around text."""
        text = clean(part.raw, wrappers=wrappers)
        words = words_of(part.response_low)
        return cls(part.raw, text, lower(text), words, was_cut=part.cut, **own)

    @cached_property
    def cut(self) -> bool:
        """Whether the text was cut, or breaks off in mid-sentence."""
        return self.was_cut or is_cut(self.text)

    @cached_property
    def cues(self) -> list[Place]:
        """The places of "the answer is"."""
        return self.cue_places(ANSWER_IS)

    @cached_property
    def declines(self) -> bool:
        """Whether it holds words that decline, or say that nothing offered is right."""
        return REFUSAL.search(self.low, self.words) is not None

    def cue_places(self, cues: Cues) -> list[Place]:
        """The last places of each cue, in the text's order."""
        low, start = self.low, self.start
        hits: dict[int, int] = {}
        for cue in cues.possible(self.words, ascii_only=low.isascii()):
            # "in" is faster, and mostly says no
            at = low.rfind(cue.anchor, start) if cue.anchor in low else -1
            for _ in range(MOST):
                if at < start:
                    break
                found = cue.pattern.match(low, at)
                if found and not _inside_word(low, at):
                    hits[found.end()] = min(at, hits.get(found.end(), at))
                at = low.rfind(cue.anchor, start, at) if at > start else -1
        return sorted((at, value, None) for value, at in hits.items())

    def places(self, pattern: re.Pattern[str], text: str | None = None) -> list[Place]:
        """The last places where `pattern` announces what stands behind it."""
        found = pattern.finditer(self.low if text is None else text, self.start)
        return [(m.start(), m.end(), None) for m in deque(found, maxlen=MOST)]

    def code_places(self, pattern: re.Pattern[str]) -> list[Place]:
        """The last places of `pattern`, which begins with what prints, returns or assigns."""
        if "=" not in self.low and self.words.isdisjoint(("print", "return")):
            return []
        return self.places(pattern)

    def hash_places(self, pattern: re.Pattern[str], text: str) -> list[Place]:
        """Values marked by three or more "#" (GSM8K's "#### 18"), which begin `pattern`."""
        places = self.places(pattern, text) if "###" in text else []
        return [(at, value, line_end(text, value)) for at, value, _ in places]

    def final_places(self, cues: list[Place]) -> list[Place]:
        """What is marked as final: "final answer" among the cues, boxes, answer tags."""
        raw = self.raw
        places = [place for place in cues if _says_final(self.low, place[0], place[1])]
        if "boxed" in raw or "fbox" in raw:
            for at, value, _ in self.places(_BOXED, raw):
                places.append((at, value, closing_brace(raw, value)))
        if "<" in raw and not self.words.isdisjoint(("answer", "final", "result", "choice")):
            for at, value, _ in self.places(_TAGGED, raw):
                end = raw.find("</", value, value + 2000)
                places.append((at, value, end if end >= 0 else None))
        return places

    def before(self, at: int, most: int = 120) -> str:
        """What stands before `at` in its sentence, within `most` characters."""
        return self.low[max(self.start, sentence_start(self.text, at, most)) : at]

    def supposed(self, at: int) -> bool:
        """Whether what stands at `at` is supposed, or said to be what others think."""
        return SUPPOSED.search(self.before(at), self.words) is not None


def _inside_word(low: str, at: int) -> bool:
    before = low[at - 1 : at]
    return before.isalnum() and before.isascii() and low[at].isalnum() and low[at].isascii()


def _says_final(low: str, at: int, value: int) -> bool:
    around = low[max(0, at - 14) : value]
    return "final" in low[max(0, at - 8) : value] or any(word in around for word in _FINAL)


def closing_brace(raw: str, at: int, limit: int = 400) -> int:
    """Position of the brace that closes the one before `at`, or the end of the line."""
    depth = 1
    for brace in _BRACE.finditer(raw, at, at + limit):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return brace.start()
    return line_end(raw, at, limit)
