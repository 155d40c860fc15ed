"""A reply as the choice rules see it: what several of them need, found once."""

from __future__ import annotations

import re
from functools import cached_property

from orca_eval.extract.cues import ANSWER_IS, CORRECT_IS, REFUSAL, SUPPOSED, TURN
from orca_eval.extract.locate import cue_hits
from orca_eval.extract.mentions import Mention, judged, label_mentions, text_mentions
from orca_eval.extract.numbers import Number, find_numbers, whole_number
from orca_eval.extract.options import Options
from orca_eval.extract.reading import Reader
from orca_eval.extract.text import Reply, line_end, sentence_end, sentence_start
from orca_eval.extract.types import Claim
from orca_eval.extract.verbatim import stated, value_of

_SPEAKER = re.compile(r"i\b|as an|unable|no opinion|no puedo|je |ich |无法|不能|不知")


class Context:
    """A cleaned reply from `start` on, with what several rules need found once."""

    def __init__(self, reply: Reply, raw: str, options: Options, start: int = 0) -> None:
        self.reply, self.raw, self.options, self.start = reply, raw, options, start
        self.text, self.low = reply.text, reply.low
        self.reader = Reader(reply.text, reply.low, options)

    @cached_property
    def answer_cues(self) -> list[tuple[int, int]]:
        return cue_hits(ANSWER_IS, self.low, self.reply.words, self.start)

    @cached_property
    def correct_cues(self) -> list[tuple[int, int]]:
        return cue_hits(CORRECT_IS, self.low, self.reply.words, self.start)

    @cached_property
    def numbers(self) -> list[Number]:
        return find_numbers(self.low, self.start)

    @cached_property
    def mentions(self) -> list[Mention]:
        labels = label_mentions(self.text, self.low, self.raw, self.options, self.start)
        found = text_mentions(self.low, self.options, self.start)
        labels = [m for m in labels if not (m.form == "bare" and _part_of_text(m, found))]
        spans = [(m.start - 12, m.end) for m in labels]
        texts = [m for m in found if not any(a <= m.start < b for a, b in spans)]
        return judged(
            sorted(labels + texts, key=lambda m: m.start),
            self.options,
            self.text,
            self.low,
            self.start,
        )

    @cached_property
    def numbers_are_options(self) -> bool:
        """Whether every number is in an option's text: then naming one is no accident."""
        named = [m for m in self.mentions if m.form == "text"]
        return all(any(m.start <= n.start < m.end for m in named) for n in self.numbers)

    def finished(self, at: int) -> bool:
        """Whether the text ends in a full stop, or no word stands behind `at`."""
        tail = self.text[at:].rstrip()
        return not tail or tail[-1] in ".!?)\"']。！？|>" or not any(c.isalnum() for c in tail)

    @cached_property
    def refused(self) -> bool:
        """Whether the reply declines in words that are no option's own."""
        return any(self._declines(at) for at in self._refusals)

    @cached_property
    def declined(self) -> bool:
        """Whether the speaker declines ("I cannot ..."), beyond holding that some option fails."""
        return any(_SPEAKER.match(self.low, a) for a, b in self._refusals if self._declines((a, b)))

    @cached_property
    def _refusals(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        at = self.start
        while len(found) < 20 and (match := REFUSAL.search(self.low, self.reply.words, at)):
            found.append(match.span())
            at = match.end()
        return found

    @cached_property
    def _option_declines(self) -> bool:
        """Whether an option says itself that it can't be known."""
        return any(REFUSAL.pattern.search(entry.low) for entry in self.options.entries)

    def _declines(self, span: tuple[int, int]) -> bool:
        if self._option_declines and not _SPEAKER.match(self.low, span[0]):
            return False
        return not any(m.form == "text" and m.start <= span[0] < m.end for m in self.mentions)

    def declined_near(self, at: int) -> bool:
        """Whether the sentence of `at` declines before `at` without a turn, or a later one does."""
        begin = at - len(clause(self, at))
        return any(span[1] > begin and self._declines(span) for span in self._refusals)


def _part_of_text(label: Mention, texts: list[Mention]) -> bool:
    """Whether the letter is one of the words of an option's text ("B is older than A")."""
    return any(m.start <= label.start and label.end <= m.end and m.end - m.start > 8 for m in texts)


def clause(ctx: Context, at: int) -> str:
    """What stands before `at` in its sentence, from the last turn ("but") on."""
    left = ctx.low[max(ctx.start, sentence_start(ctx.text, at, 120)) : at]
    turn = TURN.match(left)
    return left[turn.end() :] if turn else left


def hypothetical(ctx: Context, at: int) -> bool:
    """Whether what follows at `at` is supposed, or said to be what others think."""
    if SUPPOSED.words.isdisjoint(ctx.reply.words):
        return False
    left = ctx.low[max(ctx.start, sentence_start(ctx.text, at, 120)) : at]
    if SUPPOSED.words.isdisjoint(left.replace(",", " ").split()):
        return False
    turn = TURN.match(left)
    return bool(SUPPOSED.pattern.search(left, turn.end() if turn else 0))


def asked(ctx: Context, at: int, most: int = 400) -> bool:
    """Whether the sentence that holds `at` ends in a question mark within `most` characters."""
    stop = sentence_end(ctx.text, at)
    return ctx.low[stop : stop + 1] in ("?", "？") and stop - at < most


_DENYING = re.compile(
    r"(?:incorrect|wrong|other|another|\bnot (?:the|a|an)|n't (?:the|a|an)|cannot|can't|"
    r"\bnot|never|n't|\bto|\bnor)\s(?:be\s)?(?:the\s)?$"
)


def denied(ctx: Context, at: int) -> bool:
    """Whether the statement at `at` is supposed, someone else's, or about a wrong answer."""
    return hypothetical(ctx, at) or bool(_DENYING.search(ctx.low[max(ctx.start, at - 24) : at]))


def announced(
    ctx: Context, at: int, value: int, end: int | None = None, *, loose: bool = False
) -> Claim | None:
    """What the cue at `at` announces at `value`: an option word for word, or what is read there."""
    exact = value_of(ctx.raw, ctx.low, at, value, end)
    label = stated(exact, ctx.options.pairs)
    if label is None and "\\" in exact and ctx.options.numeric:
        value_of_it = whole_number(exact)
        label = None if value_of_it is None else ctx.options.numeric.get(value_of_it)
    if label:
        stop = line_end(ctx.text, value, 2000) if end is None else end
        return None if denied(ctx, at) else Claim(label, at, stop)
    claim = ctx.reader.value(value, end, loose=loose)
    if claim is None or denied(ctx, at) or asked(ctx, claim.end, 30):
        return None
    return Claim(claim.answer, at, claim.end, claim.reason)


def last_claim(ctx: Context, hits: list[tuple[int, int]], *, loose: bool) -> Claim | None:
    claims = (announced(ctx, at, value, loose=loose) for at, value in reversed(hits))
    return next((claim for claim in claims if claim), None)
