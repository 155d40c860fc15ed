"""Numbers in words: "negative thirty-six", "two and a half dozen", "三十六"."""

import re
from fractions import Fraction
from typing import NamedTuple

SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12,
          "dozen": 12, "lakh": 10**5, "lac": 10**5, "crore": 10**7, "hundert": 100,
          "tausend": 1000, "dutzend": 12, "docena": 12, "douzaine": 12, "millon": 10**6,
          "milliard": 10**9}  # fmt: skip
# Replies count in dozens as in a unit, so that only a whole value is multiplied by one.
DOZENS = frozenset(("dozen", "dutzend", "docena", "douzaine"))
PARTS = {"half": 2, "halve": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6,
         "eighth": 8, "tenth": 10}  # fmt: skip
TOPS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_SMALL = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
          "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
          "eighteen", "nineteen")  # fmt: skip
_DECADES = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_UNITS = {word: i for i, word in enumerate(_SMALL)}
_ONES = _UNITS | {word: 10 * i for i, word in enumerate(_DECADES, start=2)} | {"fourty": 40}
_MULTIPLIERS = {word: SCALES[word] for word in ("hundred", "thousand", "million", "billion",
                "trillion", "dozen", "lakh", "crore")} | {"score": 20}  # fmt: skip

_MULTIPLIER = rf"(?:{'|'.join(_MULTIPLIERS)})s?"
_WORD = rf"(?:{'|'.join(_ONES)}|{_MULTIPLIER})\b"
WORDS = re.compile(
    rf"\b(?:(?:{'|'.join(_ONES)})\b|an?\s+(?!score){_MULTIPLIER}\b|(?!score){_MULTIPLIER}\b)"
    rf"(?:[ -]+(?:and[ -]+)?{_WORD}){{0,12}}",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[a-z]+", re.IGNORECASE)
_PART = "|".join(PARTS)
_HALF = re.compile(
    rf"(?:\b(?P<n>{'|'.join(_UNITS)}|an?)[ -])?\b(?P<part>{_PART})s?\b", re.IGNORECASE
)
_AND_PART = re.compile(rf"\s+and\s+(?P<n>{'|'.join(TOPS)})[ -](?P<part>{_PART})s?\b", re.IGNORECASE)
_POINT = re.compile(rf"\s+point((?:\s+(?:{'|'.join(_SMALL[:10])})\b){{1,9}})", re.IGNORECASE)
_BEHIND = re.compile(rf"\s+(?:of\s+)?(?:an?\s+)?(?P<word>{_MULTIPLIER})\b", re.IGNORECASE)
_MINUS = re.compile(r"\b(?:minus|negative)\s$")


class Number(NamedTuple):
    """A number and where it stands; `scale` is the multiplier it was written with."""

    value: Fraction
    start: int
    end: int
    currency: bool = False
    scale: int = 1


def word_number(text: str, start: int = 0, end: int | None = None) -> Number | None:
    """The first number written in words ("twenty-four", "two thirds"), None if there is none."""
    stop = len(text) if end is None else end
    half = _HALF.search(text, start, stop)
    found = WORDS.search(text, start, stop)
    if half and (not found or half.start() <= found.start()):
        top = (half["n"] or "one").lower()
        at, value = half.start(), Fraction(TOPS.get(top, _UNITS.get(top, 1)))
        value, behind = value / PARTS[half["part"].lower()], half.end()
    elif found:
        at = found.start()
        value, behind = _integer(found)
        value, behind = _with_part(text, value, behind, stop)
    else:
        return None
    multiplied = _BEHIND.match(text, behind, stop) if value.denominator > 1 else None
    if multiplied:
        value, behind = value * _multiplier(multiplied["word"]), multiplied.end()
    minus = _MINUS.search(text[max(0, at - 10) : at].lower())
    return Number(-value if minus else value, at, behind)


def _integer(found: re.Match[str]) -> tuple[Fraction, int]:
    """The value of as many of the words as are one number, and where they end.

    "and" goes on behind a multiplier alone: "three and four" are two numbers.
    """
    total = current = 0
    end, joins, after_and = found.start(), False, False
    for token in _TOKEN.finditer(found[0]):
        word = token[0].lower()
        if word in ("a", "an"):
            current = 1
            continue
        if word == "and":
            if not joins:
                break
            after_and = True
            continue
        scale = _multiplier(word)
        if scale >= 1000:
            total, current = total + max(current, 1) * scale, 0
        elif scale:
            current = max(current, 1) * scale
        elif current and not _goes_on(current, _ONES[word]):
            break
        else:
            current += _ONES[word]
        joins, after_and = scale > 12 and not after_and, False
        end = found.start() + token.end()
    return Fraction(total + current), end


def _goes_on(number: int, unit: int) -> bool:
    """Whether the name of a number goes on with that unit: "twenty" with 4, "hundred" with 24."""
    free = 10 if unit < 10 else 100
    return number >= 20 and number % free == 0


def _with_part(text: str, value: Fraction, at: int, stop: int) -> tuple[Fraction, int]:
    """The value with what a part or decimals add: "two and a half", "two point five"."""
    part = _AND_PART.match(text, at, stop)
    if part:
        added = Fraction(TOPS[part["n"].lower()], PARTS[part["part"].lower()])
        return value + added, part.end()
    point = _POINT.match(text, at, stop)
    if point:
        digits = [_UNITS[word] for word in point[1].lower().split()]
        places = sum((Fraction(d, 10**i) for i, d in enumerate(digits, start=1)), Fraction(0))
        return value + places, point.end()
    return value, at


def _multiplier(word: str) -> int:
    """What the word multiplies by, 0 if it is none."""
    low = word.lower()
    return _MULTIPLIERS.get(low) or _MULTIPLIERS.get(low.removesuffix("s"), 0)


# --- Chinese -------------------------------------------------------------------------------------

_HAN_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_HAN_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
HAN = re.compile(f"[{''.join((*_HAN_DIGITS, *_HAN_SCALES))}]{{1,20}}")


def han_number(text: str) -> Fraction | None:
    """The value of a number in Chinese characters, None if they are no number in their order."""
    total = section = 0
    digit: int | None = None
    for character in text:
        if character in _HAN_DIGITS:
            if digit:
                return None
            digit = _HAN_DIGITS[character]
            continue
        scale = _HAN_SCALES[character]
        if scale < 10**4:
            section += (1 if digit is None else digit) * scale
        else:
            total, section = total + (section + (digit or 0)) * scale, 0
        digit = None
    return Fraction(total + section + (digit or 0))
