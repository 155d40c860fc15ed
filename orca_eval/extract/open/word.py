"""Which single word (the missing last one of a passage) a reply commits to."""

import re
from collections.abc import Iterable, Iterator

from orca_eval.extract.open.announced import (
    announced,
    block_end,
    empty_mark,
    marked_final,
    trim,
    value_at,
)
from orca_eval.extract.reply import Place, Reply
from orca_eval.extract.reply.cues import REFUSAL
from orca_eval.extract.reply.text import ALPHANUMERIC
from orca_eval.extract.rule import DECLINED, Claim, Example, Kind, rule

_MISSING = re.compile(
    r"\b(?:(?:missing|last|final|next|omitted|correct)(?: \w+)? word|word (?:that is )?missing|"
    r"blank)(?: \w+){0,5}?\s?(?:\bis|\bwould be|\bshould be|\bmust be|\bcould be|\bwith|:)"
    r"(?: filled (?:in )?with)?(?: (?:most )?(?:likely|probably))?(?: the word)?"
    r"(?! (?:missing|not)\b)[:\s\"'*_]{0,12}"
)
# The hint's own noun may stand before the word; behind it a mark closes, or a remark
# or another sentence begins.
_WORD = re.compile(
    r"(?:(?:the )?(?:word|answer)\s?[:=]\s?)?[\"'{*]*([^\s\"{}*]+?)"
    r"(?:[\"'}*]+(?!\w).*|,\s.*|[;:]?\s[(–—-].*|[.!?]\s.*)?"
)
_MOST_WORDS, _LONGEST = 3, 200  # characters that are looked at


def _one(reply: Reply, claims: Iterable[Claim]) -> Claim | None:
    """The last claim as a word, or as the few words that stand in its place; of more there is no
    claim, and words that decline are void.
    """
    for claim in sorted(claims, key=lambda claim: claim.start, reverse=True):
        value = " ".join((claim.answer or "")[:_LONGEST].split())
        if not ALPHANUMERIC.search(value):
            continue
        if REFUSAL.pattern.search(value.lower()):
            return claim._replace(answer=None, reason=DECLINED)
        word = _WORD.fullmatch(value)
        if word and (at := reply.text.find(word[1], claim.start, claim.end)) >= 0:
            return Claim(word[1], at, at + len(word[1]))
        if value.count(" ") < _MOST_WORDS:
            return claim._replace(answer=value)
    return None


@rule(Example("###Final answer: {harbour}", "harbour"), stated=True, final=True)
def final_marker(reply: Reply) -> Claim | None:
    """A mark for the final answer, and the word behind it; up to three words stay as they are."""
    return _one(reply, [*marked_final(reply), *_bare(reply, reply.final_places(reply.cues))])


@rule(Example("So the answer is **harbour**.", "harbour"), stated=True)
def answer_is(reply: Reply) -> Claim | None:
    """A statement of the answer, and the word behind it."""
    return _one(reply, [*announced(reply, reply.cues), *_bare(reply, reply.cues)])


@rule(
    Example('The missing last word is most likely "harbour".', "harbour"),
    Example("The blank should be filled with the word harbour.", "harbour"),
    stated=True,
)
def missing_word(reply: Reply) -> Claim | None:
    """What is said to be the missing word, or to fill the blank."""
    return _one(reply, announced(reply, reply.places(_MISSING)))


def _bare(reply: Reply, places: Iterable[Place]) -> Iterator[Claim]:
    """The single words that stand at these places, though elsewhere they would say that there is no
    answer, or be the hint's own ("nothing", "word"); not in the hint's braces.
    """
    for at, value, end in places:
        start, stop = trim(reply.text, value, block_end(reply.text, value) if end is None else end)
        word, braced = reply.text[start:stop], "{" in reply.text[value:start]
        if len(word.split()) != 1 or empty_mark(reply.text, start, stop):
            continue
        if not braced and not reply.supposed(at):
            yield Claim(word, start, stop)


@rule(Example("Harbour.", "Harbour"), weak=True)
def whole_reply(reply: Reply) -> Claim | None:
    """A reply of one word is the answer itself."""
    claim = value_at(reply, *trim(reply.text, 0, len(reply.text)))
    word = (claim and claim.answer) or ""
    return claim if ALPHANUMERIC.search(word) and not word.count(" ") else None


RULES = (final_marker, answer_is, missing_word, whole_reply)

WORD = Kind("word", RULES, lambda part, _options: Reply.of(part), weak_on_refusal=False)
