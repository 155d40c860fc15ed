"""A reply as the rules for numbers see it."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from orca_eval.extract.reply import Reply
from orca_eval.extract.reply.text import ALPHANUMERIC, sentence_end


class Sentence(NamedTuple):
    start: int
    end: int
    asks: bool


class NumberReply(Reply):
    @cached_property
    def sentences(self) -> list[Sentence]:
        """The sentences that hold a letter or a digit."""
        found: list[Sentence] = []
        at, stop = self.start, len(self.text)
        while at < stop:
            end = sentence_end(self.text, at, 4000)
            if ALPHANUMERIC.search(self.text, at, end):
                found.append(Sentence(at, end, self.text[end : end + 1] in "?？" and end < stop))
            at = end + 1
        return found
