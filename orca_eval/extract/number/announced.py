"""What number stands where one is announced."""

from __future__ import annotations

import re

from orca_eval.extract.number.result import (
    NumberReply,
    is_circumstance,
    is_expression,
    result_of,
)
from orca_eval.extract.reply import Place
from orca_eval.extract.reply.cues import SUPPOSED
from orca_eval.extract.reply.numbers import (
    Number,
    decimal_comma,
    find_numbers,
    lone_number,
    show,
    word_number,
)
from orca_eval.extract.reply.text import line_end, sentence_end
from orca_eval.extract.rule import Claim, last_claim

_ALTERNATIVE = re.compile(
    r"\s{0,2}(?:[a-z%]{1,12}\s{1,2})?(?:or|to|and|-)\s{0,2}[$£€]?\d|\s?-\s?[$£€]?\d"
)
_VARIABLE = re.compile(r"\s?[xyzn]\b(?!\s?\d)")
COMPOUND = re.compile(
    r"\s?(?:dollars?|hours?|hrs?|minutes?|mins?|feet|foot|pounds?|years?|weeks?|days?|meters?|"
    r"kilometers?|km|kilograms?|kg)(?:,? and|,)?\s\d+(?:\.\d+)?\s?(?:cents?|minutes?|mins?|"
    r"seconds?|inches|ounces|months?|days?|hours?|centimeters?|cm|meters?|grams?)\b"
)
_BETWEEN = re.compile(r"\b(?:between|from)\s[$£€]?$")
_NEGATED = re.compile(
    r"[\s\"']{0,3}(?:definitely |certainly |clearly )?(?:not|n't|never)\b(?! sure)"
)
_INSTEAD = re.compile(r"\b(?:but|rather|instead|it is|it's)\b(?: rather| instead)?(?= )")
_MINUS = re.compile(r"[\s$(\"']{0,4}(?:negative|minus)\s[\s$(]{0,3}")
_DENYING = re.compile(r"(?:incorrect|wrong|other|\bto|not the|not an|n't|not) $")
_EQUATION = re.compile(r"[^.\n]{0,30}=")


def as_claim(number: Number, at: int) -> Claim:
    return Claim(show(number.value), min(at, number.start), number.end)


def last_announced(reply: NumberReply, places: list[Place]) -> Claim | None:
    """The last number announced at these places, unless it is supposed or denied."""

    def announced(at: int, value: int, end: int | None) -> Claim | None:
        claim = value_at(reply, value, end)
        if claim is None or (SUPPOSED.may_match(reply.words) and reply.supposed(at)):
            return None
        if _DENYING.search(reply.low[max(reply.start, at - 12) : at]):
            return None
        return claim._replace(start=at)

    return last_claim(places, announced)


def value_at(reply: NumberReply, at: int, end: int | None = None) -> Claim | None:
    """The number that stands at `at`; a claim without answer where two are offered."""
    low = reply.low
    if _NEGATED.match(low, at):
        instead = _INSTEAD.search(low, at, sentence_end(low, at))
        return value_at(reply, instead.end(), end) if instead else None
    line = line_end(low, at) if end is None else end
    alone = lone_number(low, at, line) or decimal_comma(low, at)
    if alone:
        return as_claim(alone, at)
    stop = min(line, sentence_end(low, at)) if end is None else end
    numbers = find_numbers(low, at, stop)
    if numbers:
        return _first_number(reply, numbers, at, stop)
    word = word_number(low, at, min(stop, at + 60))
    return Claim(show(word.value), at, word.end) if word else None


def _first_number(reply: NumberReply, numbers: list[Number], at: int, stop: int) -> Claim | None:
    """The claim of the first of the numbers in text[at:stop], or of what these arrive at."""
    low, first = reply.low, numbers[0]
    if _VARIABLE.match(low, first.end, stop):
        return Claim(None, at, first.end, "expression")
    if len(numbers) > 1 and COMPOUND.match(low, first.end, stop):
        return compound(low, numbers, at)
    before = low[at : first.start]
    if _MINUS.fullmatch(before):
        return as_claim(Number(-abs(first.value), first.start, first.end), at)
    if len(before) <= 40 and not is_expression(low, first):
        between = _BETWEEN.search(before[-12:])
        if len(numbers) > 1 and (between or _ALTERNATIVE.match(low, first.end, stop)):
            return Claim(None, at, numbers[1].end, "several_numbers")
        equation = "=" in before or _EQUATION.match(low[first.end : stop])
        if not any(c.isalnum() for c in before) or not (equation or is_circumstance(low, first)):
            return as_claim(first, at)
    found = result_of(reply, at, stop)
    return as_claim(found, at) if found else None


def compound(low: str, numbers: list[Number], at: int) -> Claim:
    """ "5 dollars and 50 cents" is one amount; "2 hours and 30 minutes" leaves the unit open."""
    dollars, cents = numbers[0], numbers[1]
    if re.match(r"\s?dollars", low[dollars.end :]) and re.match(r"\s?cents", low[cents.end :]):
        return Claim(show(dollars.value + cents.value / 100), at, cents.end)
    return Claim(None, at, cents.end, "several_numbers")
