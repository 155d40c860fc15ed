"""A reply as the rules of every kind see it.

parts.py says which parts of a response are read, text.py makes them plain, cues.py holds the
phrases that announce an answer (to teach a new one, add a line there), phrases.py looks for them,
marks.py finds the places that cues, boxes and tags mark, and numbers.py reads numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from orca_eval.extract.reply.cues import ANSWER_IS, REFUSAL, SUPPOSED
from orca_eval.extract.reply.marks import Place, cue_places, final_places, pattern_places
from orca_eval.extract.reply.parts import Part
from orca_eval.extract.reply.phrases import Cues
from orca_eval.extract.reply.text import clean, is_cut, lower, sentence_start, words_of


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

    @classmethod
    def of(cls, part: Part, *, wrappers: bool = False, **own: Any) -> Self:
        """The part, cleaned: of typographic variants, and with `wrappers` of marks around text."""
        text = clean(part.raw, wrappers=wrappers)
        return cls(part.raw, text, lower(text), words_of(part.response_low), **own)

    @cached_property
    def cut(self) -> bool:
        """Whether the text breaks off in mid-sentence."""
        return is_cut(self.text)

    @cached_property
    def cues(self) -> list[Place]:
        """The places of "the answer is"."""
        return self.cue_places(ANSWER_IS)

    @cached_property
    def declines(self) -> bool:
        """Whether it holds words that decline, or say that nothing offered is right."""
        return REFUSAL.search(self.low, self.words) is not None

    def cue_places(self, cues: Cues) -> list[Place]:
        return cue_places(cues, self.low, self.words, self.start)

    def places(self, pattern: re.Pattern[str]) -> list[Place]:
        """The last places where `pattern` announces what stands behind it."""
        return pattern_places(pattern, self.low, self.start)

    def code_places(self, pattern: re.Pattern[str]) -> list[Place]:
        """The last places of `pattern`, which begins with what prints, returns or assigns."""
        if "=" not in self.low and self.words.isdisjoint(("print", "return")):
            return []
        return self.places(pattern)

    def final_places(self, cues: list[Place]) -> list[Place]:
        """What is marked as final: "final answer" among the cues, boxes, answer tags."""
        return final_places(self.raw, self.low, self.words, cues, self.start)

    def before(self, at: int) -> str:
        """What stands before `at` in its sentence."""
        return self.low[max(self.start, sentence_start(self.text, at, 120)) : at]

    def supposed(self, at: int) -> bool:
        """Whether what stands at `at` is supposed, or said to be what others think."""
        return SUPPOSED.search(self.before(at), self.words) is not None
