"""Numbers as replies write them: separators, currency, fractions, LaTeX, powers, multipliers.

number_words.py reads those in words. A number is read whole or not at all.
"""

import re
import unicodedata
from decimal import Context, Decimal, Inexact
from fractions import Fraction

from orca_eval.extract.reply.number_words import (
    DOZENS,
    PARTS,
    SCALES,
    TOPS,
    Number,
    word_number,
)

__all__ = ["NUMBER", "Number", "decimal_comma", "find_numbers", "is_decimal", "lone_number", "show",
           "whole_number", "word_number"]  # fmt: skip

_MAX_DIGITS = 40
_MAX_POWER = 60
_MAX_BITS = 200  # of a power such as 2^10
_MOST = 200
_EXACT = Context(prec=1000, traps=[Inexact])  # of more digits than any number read has

_VULGAR = {c: Fraction(unicodedata.numeric(c)).limit_denominator(10)
           for c in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_ASIAN = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8,
          "兆": 10**12, "십": 10, "백": 100, "천": 1000, "만": 10**4, "억": 10**8,
          "조": 10**12}  # fmt: skip

_SCALE_WORDS = [word for word in SCALES if word not in DOZENS]
_INT = (
    r"(?:\d{1,2}(?:,\d{2})+,\d{3}(?![\d,])|\d{1,3}(?:\.\d{3}){2,}(?!\.?\d)|"
    r"\d{1,3}(?:(?:,|\{,\}|\\,|,\\!|'|_|[ ~](?=\d{3}(?![\d/]|[ ~]\d)|"
    r"\d{3}[ ~]\d{3}(?!\d)))\d{3})+(?!\d)|\d+)"
)
_CURRENCY = r"(?:\\?[$£€¥₹₩]|(?:us|usd|eur|gbp|rs\.?|inr)(?=[ \d$]))"
# Behind these words "minus" is a sign, else it subtracts.
_MINUS = (
    "(?:" + "|".join(f"(?<={word} )" for word in ("is", "to", "was", "be", "at", "=")) + r")minus\s"
)
_DIGITS = r"\d[\d,]{0,15}(?:\.\d{1,15})?"
_FRACTION = (
    rf"\\[dtc]?frac(?:\s?(?P<@1>\d)\s?(?P<@2>\d)(?!\d)|"
    rf"\s?\{{?\s*(?P<@n>-?{_DIGITS})\s*\}}?\s?\{{?\s*(?P<@d>-?{_DIGITS})\s*\}}?)"
)
NUMBER = re.compile(
    rf"(?<![A-Za-z0-9_.])(?<!\d:)(?P<sign>[-+]\s?|negative\s|{_MINUS})?(?:{_CURRENCY}\s?)?(?P<sign2>-\s?)?(?:"
    rf"{_FRACTION.replace('@', 'l')}"
    rf"|(?P<whole>\d{{1,9}})(?:(?:\s+(?:and\s+)?|"
    rf"\s?-\s?)(?P<mn>\d{{1,4}})\s?[/⁄]\s?(?P<md>\d{{1,4}})(?![\d/])"
    rf"|\s?(?:and\s)?{_FRACTION.replace('@', 'mf')}"
    rf"|\sand\s(?P<pn>{'|'.join(TOPS)})[ -](?P<part>{'|'.join(PARTS)})s?\b)"
    rf"|(?P<fn>{_INT})\s?[/⁄]\s?(?P<fd>{_INT})(?![\d/]|\s?/|\.\d)"
    rf"|(?P<de>\d{{1,3}}(?:\.\d{{3}})+)(?:,(?P<cents>\d{{1,2}})(?![\d,])"
    rf"|(?<!\b0\.\d{{3}})(?=\s?(?:€|euros?\b)))"
    rf"|(?P<int>{_INT})(?!\d|:\d)(?P<dec>\.\d+)?(?!\d)(?:\s?(?P<vulgar>[{''.join(_VULGAR)}])"
    rf"|\s?\^\s?\{{?\s?(?P<up>-?\d{{1,3}})\s?\}}?(?!\d)|(?P<sup>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]{{1,3}}))?|"
    rf"(?P<lead>\.\d+)|(?P<only>[{''.join(_VULGAR)}])"
    r")(?:\s?(?:×|x|\*|·|\\times|\\cdot)\s?10(?:(?P<tens>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})|\s?(?:\^|"
    r"\*\*|  )\s?\{?\s?(?P<pow>[-+]?\d{1,3})\s?\}?(?!\d))|(?P<exp>e[-+]?\d{1,3})(?!\w))?"
    rf"(?:\s?(?P<scale>{'|'.join(_SCALE_WORDS)})(?:e?n|e?s)?\b|(?<=\d)(?P<k>k|bn|mn|(?-i:M))\b"
    rf"|\s?(?P<asian>[{''.join(_ASIAN)}]{{1,3}})(?![米克瓦卡升伏赫]))?",
    re.IGNORECASE,
)
_SUFFIXES = {"k": 1000, "m": 10**6, "mn": 10**6, "bn": 10**9}
_DIGIT = re.compile(r"\D")
# Between the parts of one number: "1 crore 25 lakh".
_JOINT = re.compile(r",?\s?(?:and\s)?")


def _digits(text: str) -> int:
    return int(_DIGIT.sub("", text))


def _value(m: re.Match[str]) -> Fraction | None:
    value = _before_power(m)
    tens = (m["tens"] or "").translate(_SUPERSCRIPTS)
    power = int(tens or m["pow"] or (m["exp"] or "e0")[1:])
    if value is None or abs(power) > _MAX_POWER:
        return None
    value *= Fraction(10) ** power * _scale(m)
    sign = (m["sign"] or m["sign2"] or "+").strip().lower()
    return value if sign == "+" else -value


def _scale(m: re.Match[str]) -> int:
    """What the multiplier behind a number stands for, 1 if there is none."""
    if m["asian"]:
        scale = 1
        for character in m["asian"]:
            scale *= _ASIAN[character]
        return scale
    return SCALES.get((m["scale"] or "").lower(), 1) * _SUFFIXES.get((m["k"] or "").lower(), 1)


def _before_power(m: re.Match[str]) -> Fraction | None:
    """The value without its sign, power of ten and multiplier; None where it divides by zero."""
    if m["ln"] or m["l1"]:
        return _ratio(m["ln"] or m["l1"], m["ld"] or m["l2"])
    if m["whole"]:
        part = _part(m)
        return None if part is None else int(m["whole"]) + part
    if m["fn"]:
        return _ratio(m["fn"], m["fd"])
    if m["only"]:
        return _VULGAR[m["only"]]
    if m["de"]:
        return Fraction(Decimal(f"{_digits(m['de'])}.{m['cents'] or 0}"))
    digits = (m["lead"] and "0" + m["lead"]) or f"{_digits(m['int'])}{m['dec'] or ''}"
    value = Fraction(Decimal(digits))
    up = m["up"] or (m["sup"] or "").translate(_SUPERSCRIPTS)
    return _power(value, int(up)) if up else value + _VULGAR.get(m["vulgar"] or "", Fraction(0))


def _part(m: re.Match[str]) -> Fraction | None:
    """What stands behind a whole number: two *and a half*, 2 *1/2*."""
    if m["part"]:
        return Fraction(TOPS[m["pn"].lower()], PARTS[m["part"].lower()])
    return _ratio(m["mn"] or m["mf1"] or m["mfn"], m["md"] or m["mf2"] or m["mfd"])


def _ratio(top: str, bottom: str) -> Fraction | None:
    divisor = _decimal(bottom)
    return _decimal(top) / divisor if divisor else None


def _decimal(text: str) -> Fraction:
    whole, _, places = text.partition(".")
    value = Fraction(Decimal(f"{_digits(whole)}.{places or 0}"))
    return -value if text.startswith("-") else value


def _power(value: Fraction, up: int) -> Fraction | None:
    """value ** up, None where it has too many digits to be meant as a number."""
    size = max(value.numerator.bit_length(), value.denominator.bit_length())
    if size * abs(up) > _MAX_BITS or (not value and up < 0):
        return None
    return value**up


def find_numbers(text: str, start: int = 0, end: int | None = None) -> list[Number]:
    """The numbers in text[start:end], in order; endless digits are no number."""
    numbers: list[Number] = []
    for m in NUMBER.finditer(text, start, len(text) if end is None else end):
        if m.end() - m.start() > 2 * _MAX_DIGITS or len(m["dec"] or "") > _MAX_DIGITS:
            continue
        head = m[0]
        if head.isdecimal():
            number = Number(Fraction(int(head)), m.start(), m.end())
        else:
            value = _value(m)
            if value is None:
                continue
            paid = any(c in head for c in "$£€¥₹₩")
            number = Number(value, m.start(), m.end(), paid, _scale(m))
        if numbers and numbers[-1].scale > 1 and _joined(text, numbers[-1], number):
            first = numbers.pop()
            number = first._replace(value=first.value + number.value, end=number.end)
        if len(numbers) == _MOST:
            break
        numbers.append(number)
    return numbers


def _joined(text: str, first: Number, second: Number) -> bool:
    """Whether both are one number: "1 crore 25 lakh", "1億2000万"."""
    gap = text[first.end : second.start]
    smaller = abs(second.value) < first.scale and second.scale < first.scale
    return smaller and (not gap or (second.scale > 12 and _JOINT.fullmatch(gap) is not None))


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


def whole_number(text: str) -> Fraction | None:
    """The value of text that is one number and at most a unit, else None."""
    numbers = find_numbers(text.replace("−", "-"))
    if len(numbers) != 1:
        return None
    rest = text[: numbers[0].start] + text[numbers[0].end :]
    return numbers[0].value if len(rest.split()) <= 2 and not re.search(r"[=^√<>]", rest) else None


def is_decimal(value: Fraction) -> bool:
    """Whether the value has an exact decimal."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def show(value: Fraction) -> str:
    """`-?digits(.digits)?` where the decimal is exact, else `p/q` in lowest terms."""
    if value.denominator == 1:
        return str(value.numerator)
    try:
        return f"{_EXACT.divide(Decimal(value.numerator), Decimal(value.denominator)):f}"
    except Inexact:
        return str(value)
