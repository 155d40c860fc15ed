"""Which free text (sorted words, closing brackets, a last word) a reply commits to."""

from __future__ import annotations

import re
from collections.abc import Callable

from orca_eval.extract.open.announced import (
    BULLET,
    answer_is,
    final_marker,
    last_value,
    trim,
    value_at,
)
from orca_eval.extract.reply import Reply
from orca_eval.extract.rule import Claim, Example, Kind, Rule

_SORTED = re.compile(
    r"\b(?:(?:sorted|alphabetical|ordered|correct)(?:ly)?(?: \w+){0,3}? (?:list|order|"
    r"words|sequence)(?: of (?:the )?words)?|(?:in|into) alphabetical order|"
    r"sorted(?: alphabetically)?(?=\s?:)|closing (?:brackets?|parenthes[ei]s|sequence)|"
    r"rest of the sequence"
    r"|complet(?:ed|e) (?:the )?sequence)(?: \w+){0,3}?\s?(?:is|are|would be|:|=)[:\s\"']{0,12}"
)
_LIST = re.compile(r"[\w'&.-]+(?:\s?,\s?(?:and\s)?[\w'&.-]+)+")

Find = Callable[[Reply], Claim | None]


def _in_words(find: Find) -> Find:
    """What `find` finds, as words with single spaces: without a list's commas and bullets."""

    def found(reply: Reply) -> Claim | None:
        claim = find(reply)
        if claim is None or claim.answer is None:
            return claim
        lines = [BULLET.sub("", line).strip() for line in claim.answer.splitlines()]
        value = " ".join(line for line in lines if line)
        if _LIST.fullmatch(value):
            value = " ".join(w.strip() for w in re.split(r"\s?,\s?(?:and\s)?", value))
        return claim._replace(answer=" ".join(value.split()))

    return found


@_in_words
def _named_result(reply: Reply) -> Claim | None:
    return last_value(reply, reply.places(_SORTED))


@_in_words
def _whole_reply(reply: Reply) -> Claim | None:
    """A reply of one short line, or of nothing but short lines, is the answer itself."""
    start, end = trim(reply.text, 0, len(reply.text))
    value = reply.text[start:end]
    listed = "\n" in value and all(
        " " not in BULLET.sub("", line).strip() for line in value.splitlines()
    )
    if not value or len(value) > 400 or ("\n" in value and not listed):
        return None
    if (
        re.search(r"[.!?:]\s|\b(?:is|are|was|the|i|sorry|cannot)\b|[,;<]$", value.lower())
        and not listed
    ):
        return None
    return value_at(reply, start, end)


RULES: tuple[Rule[Reply], ...] = (
    Rule(
        "final_marker",
        "A mark for the final answer, and the rest of its line or the list below it.",
        _in_words(final_marker),
        (Example("###Final answer: {apple banana}", "apple banana"),),
        stated=True,
        final=True,
    ),
    Rule(
        "answer_is",
        "A statement of the answer, and the rest of its line or the list below it.",
        _in_words(answer_is),
        (Example("So the answer is ) ] }.", ") ] }"),),
        stated=True,
    ),
    Rule(
        "named_result",
        "The sorted list or the closing brackets, named as such.",
        _named_result,
        (Example("Sorted list: apple, banana, cherry", "apple banana cherry"),),
    ),
    Rule(
        "whole_reply",
        "A reply of one short line, or of a list alone, is the answer itself.",
        _whole_reply,
        (Example("1. apple\n2. banana", "apple banana"),),
        weak=True,
    ),
)

TEXT = Kind("text", RULES, lambda part, _options: Reply.of(part), literal=True)
