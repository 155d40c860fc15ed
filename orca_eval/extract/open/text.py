"""Which free text (sorted words, closing brackets, a last word) a reply commits to."""

import re

from orca_eval.extract.open.announced import (
    announced,
    json_alone,
    marked_final,
    trim,
    value_at,
    with_quotes,
)
from orca_eval.extract.open.lists import in_words, marked_words, unbulleted
from orca_eval.extract.reply import Reply
from orca_eval.extract.reply.text import behind
from orca_eval.extract.rule import Claim, Example, Kind, rule

_SORTED = re.compile(
    r"\b(?:(?:sorted|alphabetical|ordered|correct)(?:ly)?(?: \w+){0,3}? (?:list|order|"
    r"words|sequence)(?: of (?:the )?words)?|(?:in|into) alphabetical order|"
    r"sorted(?: alphabetically)?(?=\s?:)|"
    r"(?:closing|missing|remaining|final) (?:brackets?|parenthes[ei]s|sequence)|"
    r"sequence (?:should|must) (?:end|close|continue) with|"
    r"words in (?:sorted |alphabetical )?order|rest of the sequence"
    r"|complet(?:ed|e) (?:the )?sequence)(?: \w+){0,3}?\s?(?:is|are|would be|:|=)[:\s\"']{0,12}"
)
_LONGEST = 400
_MARKS = re.compile(r"[\s:\"'=]*")
_SENTENCE = re.compile(r"[.!?:]\s|\b(?:is|are|was|the|i|sorry|cannot)\b|[,;<]$")


def _in_words(reply: Reply, claim: Claim | None) -> Claim | None:
    """The claim as words with single spaces: without what sets a list's items apart."""
    if claim is None or claim.answer is None:
        return claim
    value, text = claim.answer, reply.text
    named = _SORTED.search(reply.low, claim.start, claim.end)
    start = behind(_MARKS, text, named.end()) if named else claim.start
    if named or value == text[claim.start : claim.end]:
        value = text[slice(*with_quotes(text, start, claim.end))]
    words = in_words(value)
    return claim._replace(answer=words) if words else None


@rule(
    Example("###Final answer: {apple banana}", "apple banana"),
    Example("###Final answer: apple | banana", "apple banana"),
    Example("###Final answer: ), ], }", ") ] }"),
    stated=True,
    final=True,
)
def final_marker(reply: Reply) -> Claim | None:
    """A mark for the final answer, and the rest of its line or the list below it. Words and
    brackets come without what sets them apart: commas, bars, arrows, numbers, quotes, JSON.
    """
    return _in_words(reply, next(marked_final(reply), None))


@rule(Example("So the answer is ) ] }.", ") ] }"), stated=True)
def answer_is(reply: Reply) -> Claim | None:
    """A statement of the answer, and the rest of its line or the list below it."""
    return _in_words(reply, next(announced(reply, reply.cues), None))


@rule(Example("Sorted list: apple, banana, cherry", "apple banana cherry"))
def named_result(reply: Reply) -> Claim | None:
    """The sorted list or the closing brackets, named as such."""
    return _in_words(reply, next(announced(reply, reply.places(_SORTED)), None))


@rule(Example("1. apple\n2. banana", "apple banana"), weak=True)
def whole_reply(reply: Reply) -> Claim | None:
    """A reply of one short line, or of a list alone, is the answer itself."""
    start, end = json_alone(reply.text, *trim(reply.text, 0, len(reply.text)))
    value = reply.text[start:end]
    if len(value) > _LONGEST:
        return None
    if "\n" in value:
        alone = all(" " not in unbulleted(line) for line in value.splitlines())
    else:
        alone = not _SENTENCE.search(value.lower()) or marked_words(value)
    return _in_words(reply, value_at(reply, start, end)) if alone else None


RULES = (final_marker, answer_is, named_result, whole_reply)

TEXT = Kind("text", RULES, lambda part, _options: Reply.of(part), literal=True)
