"""An option by its value in another notation: 0.75, 75 % or \\dfrac34 for 3/4."""

import re
from fractions import Fraction

from orca_eval.extract.choice.reply import ChoiceReply
from orca_eval.extract.reply.numbers import find_numbers, whole_number, word_number
from orca_eval.extract.reply.text import clean, sentence_end, sentence_start
from orca_eval.extract.rule import Claim

_SHORT_FRACTION = re.compile(r"\\[dtc]?frac\s?(\d)\s?(\d)(?!\d)")
_PERCENT = re.compile(r"[\s}$]{0,3}(?:\\?%|percent\b|per cent\b)")
_EQUALS = re.compile(
    r"(?:\b(?:is|are|was|be|equals?)|[=≈])\s(?:(?:approximately|about|exactly|therefore|thus|then)\s)?"
)
_ALTERNATIVES = re.compile(r"\bor\b|\bnot\b|n't\b|±")
_LONGEST = 40


def option_valued(reply: ChoiceReply, at: int, stop: int) -> Claim | None:
    """The option of the value at `at`, where all options are numbers ("385" for "385.0")."""
    if not reply.options.numeric:
        return None
    segment = _segment(reply, at, min(stop, sentence_end(reply.text, at)))
    numbers = find_numbers(segment)
    word = None if numbers else word_number(segment, 0, 30)
    numbers = [word] if word else numbers
    if len(numbers) != 1 or numbers[0].start >= _LONGEST - 16:
        return None
    number = numbers[0]
    label = _with_value(reply, number.value, segment, number.end)
    return Claim(label, at + number.start, min(at + number.end, stop)) if label else None


def option_alone(reply: ChoiceReply, at: int, stop: int) -> Claim | None:
    """The option whose value, and at most its unit, is all that stands from `at` to `stop`."""
    short = reply.options.numeric and 0 < stop - at <= _LONGEST
    if not short or whole_number(_segment(reply, at, stop)) is None:
        return None
    return option_valued(reply, at, stop)


def option_equalled(reply: ChoiceReply, stop: int) -> Claim | None:
    """The option whose value the sentence that ends at `stop` ends on: "The chance is 0.75."."""
    start = sentence_start(reply.text, stop)
    places = list(_EQUALS.finditer(reply.low, max(start, stop - _LONGEST), stop))
    if not places or _ALTERNATIVES.search(reply.low, start, stop):
        return None
    if reply.asked(stop - 1) or reply.supposed(places[-1].start()):
        return None
    at = places[-1].end()
    alone = option_alone(reply, at, stop)
    return alone or (option_valued(reply, at, stop) if word_number(reply.text, at, stop) else None)


def _segment(reply: ChoiceReply, start: int, end: int) -> str:
    """The raw text there with its fractions' braces, "\\dfrac34" with those it leaves out."""
    return _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", clean(reply.raw[start:end], wrappers=False))


def _with_value(reply: ChoiceReply, value: Fraction, text: str, end: int) -> str | None:
    """The label with the value that ends there; a percentage is a share where the options are."""
    options = reply.options
    percent = bool(_PERCENT.match(text, end))
    if percent and not options.in_percent and max(options.numeric) <= 1:
        value /= 100
    elif options.in_percent and not percent and value not in options.numeric:
        value *= 100
    return options.numeric.get(value)
