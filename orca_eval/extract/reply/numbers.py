"""Numbers as replies write them: separators, currency, fractions, LaTeX, powers of ten, words."""

import re
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from typing import NamedTuple

_MAX_DIGITS = 40
_MAX_POWER = 60
_MOST = 200
_EXACT = Context(prec=1000, traps=[Inexact])  # of more digits than any number read has

_INT = (
    r"(?:\d{1,3}(?:(?:,|\{,\}|\\,|,\\!|'|[ ](?=\d{3}(?![\d/]|[ ]\d)|"
    r"\d{3}[ ]\d{3}(?!\d)))\d{3})+(?!\d)|\d+)"
)
_CURRENCY = r"(?:\\?[$£€¥₹₩]|(?:us|usd|eur|gbp|rs\.?|inr)(?=[ \d$]))"
NUMBER = re.compile(
    rf"(?<![A-Za-z0-9_.])(?<!\d:)(?P<sign>[-+]\s?)?(?:{_CURRENCY}\s?)?(?P<sign2>-\s?)?(?:"
    rf"\\[dtc]?frac\s?\{{?\s*(?P<ln>-?\d{{1,12}})\s*\}}?\s?\{{\s*(?P<ld>\d{{1,12}})\s*\}}"
    rf"|(?P<whole>\d{{1,9}})(?:(?:\s+(?:and\s+)?|"
    rf"\s?-\s?)(?P<mn>\d{{1,4}})\s?/\s?(?P<md>\d{{1,4}})(?![\d/])"
    rf"|\s?(?:and\s)?\\[dtc]?frac\s?\{{\s*(?P<mln>\d{{1,6}})\s*\}}\s?"
    rf"\{{\s*(?P<mld>\d{{1,6}})\s*\}})|(?P<fn>{_INT})\s?/\s?(?P<fd>{_INT})(?![\d/]|\s?/|\.\d)"
    rf"|(?P<int>{_INT})(?!\d|:\d)(?P<dec>\.\d+)?(?!\d)(?P<vulgar>[½⅓⅔¼¾⅕⅛])?|"
    rf"(?P<lead>\.\d+)|(?P<only>[½⅓⅔¼¾⅕⅛])"
    r")(?:\s?(?:×|x|\*|\\times|\\cdot)\s?10\s?(?:\^|"
    r"\*\*)?\s?\{?\s?(?P<pow>[-+]?\d{1,3})\s?\}?(?!\d)|(?P<exp>e[-+]?\d{1,3})(?!\w))?"
    r"(?:\s?(?P<scale>thousand|million|billion|trillion)\b|(?<=\d)(?P<k>k)\b)?",
    re.IGNORECASE,
)
_VULGAR = {"½": Fraction(1, 2), "⅓": Fraction(1, 3), "⅔": Fraction(2, 3), "¼": Fraction(1, 4),
           "¾": Fraction(3, 4), "⅕": Fraction(1, 5), "⅛": Fraction(1, 8)}  # fmt: skip
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SMALL = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
          "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
          "eighteen", "nineteen")  # fmt: skip
_DECADES = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_UNITS = {word: i for i, word in enumerate(_SMALL)}
_ONES = _UNITS | {word: 10 * i for i, word in enumerate(_DECADES, start=2)}
_PARTS = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4,
          "fourth": 4, "fourths": 4, "fifth": 5, "fifths": 5}  # fmt: skip
_WORD = "|".join([*_ONES, *_SCALES])
WORDS = re.compile(
    rf"\b(?:an?\s+)?(?:{_WORD})(?:[ -]+(?:and[ -]+)?(?:{_WORD})){{0,8}}\b|\bdozen\b", re.IGNORECASE
)
_HALF = re.compile(
    rf"(?:(?P<n>{'|'.join(_UNITS)}|an?)[ -])?(?P<part>{'|'.join(_PARTS)})\b", re.IGNORECASE
)
_MINUS = re.compile(r"\b(?:minus|negative)\s$")


class Number(NamedTuple):
    value: Fraction
    start: int
    end: int
    currency: bool = False


def _digits(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def _value(m: re.Match[str]) -> Fraction | None:
    value = _before_power(m)
    power = int(m["pow"] or (m["exp"] or "e0")[1:])
    if value is None or abs(power) > _MAX_POWER:
        return None
    value *= Fraction(10) ** power
    value *= _SCALES.get((m["scale"] or "").lower(), 1) * (1000 if m["k"] else 1)
    return -value if (m["sign"] or m["sign2"] or "").strip() == "-" else value


def _before_power(m: re.Match[str]) -> Fraction | None:
    """The value without its sign, power and scale; None where it divides by zero."""
    if m["ln"]:
        return _ratio(int(m["ln"]), int(m["ld"]))
    if m["whole"]:
        part = _ratio(int(m["mn"] or m["mln"]), int(m["md"] or m["mld"]))
        return None if part is None else int(m["whole"]) + part
    if m["fn"]:
        return _ratio(_digits(m["fn"]), _digits(m["fd"]))
    if m["only"]:
        return _VULGAR[m["only"]]
    digits = (m["lead"] and "0" + m["lead"]) or f"{_digits(m['int'])}{m['dec'] or ''}"
    return Fraction(Decimal(digits)) + _VULGAR.get(m["vulgar"] or "", Fraction(0))


def _ratio(top: int, bottom: int) -> Fraction | None:
    return Fraction(top, bottom) if bottom else None


def find_numbers(text: str, start: int = 0, end: int | None = None) -> list[Number]:
    """The numbers in text[start:end], in order; endless digits are no number."""
    numbers: list[Number] = []
    for m in NUMBER.finditer(text, start, len(text) if end is None else end):
        if m.end() - m.start() > 2 * _MAX_DIGITS or len(m["dec"] or "") > _MAX_DIGITS:
            continue
        head = m[0]
        value = Fraction(int(head)) if head.isdecimal() else _value(m)
        if value is not None:
            if len(numbers) == _MOST:
                break
            numbers.append(Number(value, m.start(), m.end(), any(c in head for c in "$£€¥₹₩")))
    return numbers


_PLAIN = re.compile(
    r"[\s\"'(*$£€]{0,8}(-?(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,12})?)[\s*)\"'.%]{0,6}(?=\n|$)"
)


def lone_number(text: str, start: int, end: int) -> Number | None:
    """The plain decimal that is all of text[start:end]: the common case, fast."""
    found = _PLAIN.match(text, start, end)
    if not found or found.end() != end:
        return None
    digits = found[1].replace(",", "")
    value = Fraction(Decimal(digits)) if "." in digits else Fraction(int(digits))
    return Number(value, found.start(1), found.end(1))


_DECIMAL_COMMA = re.compile(r"[\s\"'*$£€]{0,8}(-?\d{1,3}(?:\.\d{3}){0,5}),(\d{1,2})(?![\d,]|\.\d)")


def decimal_comma(text: str, start: int) -> Number | None:
    """The number at `start` written as "1.234,50" or "3,5"."""
    found = _DECIMAL_COMMA.match(text, start)
    if not found:
        return None
    value = Fraction(Decimal(f"{found[1].replace('.', '')}.{found[2]}"))
    return Number(value, found.start(1), found.end(2))


def word_number(text: str, start: int = 0, end: int | None = None) -> Number | None:
    """The first number written in words ("twenty-four", "two thirds"), None if there is none."""
    stop = len(text) if end is None else end
    half = _HALF.search(text, start, stop)
    found = WORDS.search(text, start, stop)
    if half and (not found or half.start() <= found.start()):
        top = (half["n"] or "one").lower()
        value = Fraction(1 if top in ("a", "an") else _UNITS[top], _PARTS[half["part"].lower()])
        return Number(value, half.start(), half.end())
    if not found:
        return None
    total = current = 0
    for word in re.findall(r"[a-z]+", found[0].lower()):
        if word == "dozen":
            current = 12
        elif word == "hundred":
            current = max(current, 1) * 100
        elif word in _SCALES:
            total += max(current, 1) * _SCALES[word]
            current = 0
        else:
            current += _ONES.get(word, 0)
    minus = _MINUS.search(text[max(0, found.start() - 10) : found.start()].lower())
    value = Fraction(total + current)
    return Number(-value if minus else value, found.start(), found.end())


def whole_number(text: str) -> Fraction | None:
    """The value of text that is one number and at most a unit, else None."""
    numbers = find_numbers(text.replace("−", "-"))
    if len(numbers) != 1:
        return None
    rest = text[: numbers[0].start] + text[numbers[0].end :]
    return numbers[0].value if len(rest.split()) <= 2 and not re.search(r"[=^√<>]", rest) else None


def show(value: Fraction) -> str:
    """`-?digits(.digits)?` where the decimal is exact, else `p/q` in lowest terms."""
    if value.denominator == 1:
        return str(value.numerator)
    try:
        return f"{_EXACT.divide(Decimal(value.numerator), Decimal(value.denominator)):f}"
    except Inexact:
        return str(value)
