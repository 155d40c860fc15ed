"""A reply as the rules for choices see it: what several of them need, found once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from orca_eval.extract.choice.mentions import Mention, judged, label_mentions, text_mentions
from orca_eval.extract.choice.options import Options
from orca_eval.extract.reply import Reply
from orca_eval.extract.reply.cues import REFUSAL, SUPPOSED, TURN
from orca_eval.extract.reply.numbers import find_numbers
from orca_eval.extract.reply.text import sentence_end

_SPEAKER = re.compile(r"i\b|as an|unable|no opinion|no puedo|je |ich |无法|不能|不知")


@dataclass(eq=False, kw_only=True)
class ChoiceReply(Reply):
    options: Options

    @cached_property
    def mentions(self) -> list[Mention]:
        """Where it names options, in the text's order."""
        labels = label_mentions(self.text, self.low, self.raw, self.options, self.start)
        found = text_mentions(self.low, self.options, self.start)
        labels = [m for m in labels if not (m.form == "bare" and _part_of_text(m, found))]
        spans = [(m.start - 12, m.end) for m in labels]
        texts = [m for m in found if not any(a <= m.start < b for a, b in spans)]
        mentions = sorted(labels + texts, key=lambda m: m.start)
        return judged(mentions, self.options, self.text, self.low, self.start)

    @cached_property
    def ruled_out(self) -> list[Mention]:
        return [m for m in self.mentions if m.verdict == "denied"]

    def in_row_with(self, mention: Mention) -> set[str]:
        """The labels of the row that the mention stands in: "A and C"."""
        return {m.label for m in self.mentions if m.group == mention.group}

    @cached_property
    def numbers_are_options(self) -> bool:
        """Whether every number is in an option's text: then naming one is no accident."""
        named = [m for m in self.mentions if m.form == "text"]
        numbers = find_numbers(self.low, self.start)
        return all(any(m.start <= n.start < m.end for m in named) for n in numbers)

    def finished(self, at: int) -> bool:
        """Whether the text ends in a full stop, or no word stands behind `at`."""
        tail = self.text[at:].rstrip()
        return not tail or tail[-1] in ".!?)\"']。！？|>" or not any(c.isalnum() for c in tail)

    def asked(self, at: int, most: int = 400) -> bool:
        """Whether the sentence that holds `at` ends in a question mark within `most` characters."""
        stop = sentence_end(self.text, at)
        return self.low[stop : stop + 1] in ("?", "？") and stop - at < most

    def hypothetical(self, at: int) -> bool:
        """Whether what stands at `at` is supposed, with no turn ("but") before it."""
        if SUPPOSED.words.isdisjoint(self.words):
            return False
        left = self.before(at)
        if SUPPOSED.words.isdisjoint(left.replace(",", " ").split()):
            return False
        return SUPPOSED.pattern.search(left, _turn_end(left)) is not None

    @cached_property
    def refused(self) -> bool:
        """Whether the reply declines in words that are no option's own."""
        return any(self._is_refusal(start) for start, _ in self._refusals)

    @cached_property
    def declined(self) -> bool:
        """Whether the speaker declines ("I cannot ..."), beyond holding that some option fails."""
        starts = (start for start, _ in self._refusals if _SPEAKER.match(self.low, start))
        return any(self._is_refusal(start) for start in starts)

    def declined_near(self, at: int) -> bool:
        """Whether the sentence of `at` declines before `at` without a turn, or a later one does."""
        left = self.before(at)
        begin = at - len(left) + _turn_end(left)
        return any(end > begin and self._is_refusal(start) for start, end in self._refusals)

    @cached_property
    def _refusals(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        at = self.start
        while len(found) < 20 and (match := REFUSAL.search(self.low, self.words, at)):
            found.append(match.span())
            at = match.end()
        return found

    @cached_property
    def _option_declines(self) -> bool:
        """Whether an option says itself that it can't be known."""
        return any(REFUSAL.pattern.search(entry.low) for entry in self.options.entries)

    def _is_refusal(self, start: int) -> bool:
        if self._option_declines and not _SPEAKER.match(self.low, start):
            return False
        return not any(m.form == "text" and m.start <= start < m.end for m in self.mentions)


def _turn_end(left: str) -> int:
    turn = TURN.match(left)
    return turn.end() if turn else 0


def _part_of_text(label: Mention, texts: list[Mention]) -> bool:
    """Whether the letter is one of the words of an option's text ("B is older than A")."""
    return any(m.start <= label.start and label.end <= m.end and m.end - m.start > 8 for m in texts)
