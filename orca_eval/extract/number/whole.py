"""The value that a short text has as a whole, or why it has none: "2^{10}", "two and a half", but
not "6√2", "3 to 5" or "x + 3".
"""

import re
from fractions import Fraction
from itertools import pairwise
from math import isqrt

from orca_eval.extract.reply.number_words import DOZENS, HAN, Number, han_number, word_number
from orca_eval.extract.reply.numbers import decimal_comma, find_numbers, is_decimal
from orca_eval.extract.reply.text import clean

EXPRESSION, SEVERAL, NO_NUMBER = "expression", "several_numbers", "no_number"

JOINT = (
    r"[,;/&|-]|→|\b(?:or|and|to|vs|versus|oder|und|bis|ou|et|o|y|and/or)\b|或者?|和|至|到|或いは"
)
"""What joins the numbers of a list or a range."""
_UNICODE = re.compile(r"\\u([0-9a-fA-F]{4})")
_OVER = re.compile(r"(?:\{|^)\s*([^{}]{1,40}?)\s*\\over\b\s*([^{}]{1,40}?)\s*(?:\}|$)")
_SIGNS = {"approx": "≈", "sim": "≈", "pm": "±", "pi": "π", "sqrt": "√", "times": "×", "cdot": "·",
          "div": "÷", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "infty": "∞", "degree": "°",
          "lt": "<", "gt": ">", "neq": "≠", "euro": "€", "pounds": "£"}  # fmt: skip
_DRESS = frozenset((
    "text", "mathrm", "textbf", "mathbf", "mbox", "operatorname", "textit", "mathit", "rm", "bf",
    "left", "right", "displaystyle", "quad", "qquad", "boxed", "fbox", "thinspace", "n",
))  # fmt: skip
_COMMAND = re.compile(r"\\([a-zA-Z]+)\s?")
_CIRCLE = re.compile(r"\s?\^\s?\{?\s?\\circ\b\s?\}?")
_GROUPED = re.compile(r"\s?-?\d{1,3}(?:,\d{3})+(?:\.\d+)?\s?")
_ORDINAL = re.compile(r"\^\s?\{?\s?(?:st|nd|rd|th)\b\s?\}?")
_PAIRS = {"{": "}", "(": ")", "[": "]"}
_ENDS = " \t\n*_`\"'“”$"
_LEAD = re.compile(
    r"(?:(?:so |thus |therefore,? )?(?:the )?(?:final )?(?:answer|total|result|value)(?: is|:)\s|"
    r"it(?: is|'s)\s|≈|~|=|about\s|approximately\s|approx\.?\s|around\s|roughly\s|exactly\s|"
    r"only\s|just\s|nearly\s|almost\s|a total of\s|equals\s)\s{0,3}",
    re.IGNORECASE,
)
_MINUS = re.compile(r"[(]?(?:minus|negative)\s+", re.IGNORECASE)
_ROOT = re.compile(
    r"(-?\s?\d{1,9})?\s?[*·×]?\s?√\s?(?:\[\s?(\d)\s?\])?\s?\{?\s?\(?(\d{1,15})\)?\s?\}?"
)
_DOZEN = re.compile(rf"[\s{{]{{0,3}}(?:{'|'.join(sorted(DOZENS))})(?:e?s)?\b", re.IGNORECASE)
_REPEATING = re.compile(r"(-?)(\d{1,9})?\.(\d{0,9})\\overline\s?\{\s?(\d{1,9})\s?\}")
_IN_PARENTHESES = re.compile(r"(?<![\d}])\((?!or\b)[^()]{0,200}\)")
_REJECTED = re.compile(r"[,;]?\s(?:and |but )?(?:not|rather than|instead of)\s.*", re.DOTALL)
_NO_UNIT = re.compile(
    r"\d|[+*=√π±<>≤≥≠∞|!:≈~_·×÷]|\^(?!\s?\{?\s?[23])|\\|"
    r"^\s?-\s?[a-z]\b|^\s?(?:[bdeiknpqrtuxyzBDEIKNPQRTUXYZ]|a(?!\s[a-z]))\b(?!\.?m\b)|"
    r"\b(?:plus|minus|times|pi|sqrt|factorial|modulo|mod|squared|cubed)\b|[.!?;]\s",
)
_POWER_OF_UNIT = re.compile(r"(?<=[A-Za-z])(?:\s?\^\s?\{?\s?-?[123]\s?\}?|[23]\b|[²³])")
_OTHER_NUMBER = re.compile(r"(?:\band\b|\bor\b|,|\bto\b|/)\s")


def plain(text: str) -> str:
    """The text without the marks of JSON, LaTeX and Markdown around what it says."""
    if "\\" in text:
        text = _UNICODE.sub(lambda m: clean(chr(int(m[1], 16)), wrappers=False), text).replace(
            "\\\\", "\\"
        )
        text = _OVER.sub(r"\\frac{\1}{\2}", text)
        text = _CIRCLE.sub("°", text)
        text = text.replace(",\\!", ",")
        text = re.sub(r"\\([%$#&])", r"\1", re.sub(r"\\[,;:! ()\[\]\n\"]", " ", text))
        text = _COMMAND.sub(_sign, text)
    text = text.replace("{,}", ",").replace("~", " ").replace("sqrt", "√")
    if "^" in text:
        text = _ORDINAL.sub(" ", text)
    while True:
        text = text.strip(_ENDS).rstrip(".,;。、" + _ENDS)
        if not text or _PAIRS.get(text[0]) != text[-1] or not _one_pair(text):
            return text
        if text[0] != "{" and "," in text and not _GROUPED.fullmatch(text[1:-1]):
            return text  # a point, a list
        text = text[1:-1]


def _sign(command: re.Match[str]) -> str:
    name = command[1]
    if name in _SIGNS:
        return _SIGNS[name]
    return " " if name in _DRESS else command[0]


def _one_pair(text: str) -> bool:
    """Whether the first bracket closes at the text's end."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character == text[0]) - (character == _PAIRS[text[0]])
        if not depth:
            return at == len(text) - 1
    return False


def whole_value(text: str) -> Fraction | str | None:
    """The value of plain text that is one number with a unit at most, or the reason why it is
    none; None where it says more than that.
    """
    at = 0
    while (lead := _LEAD.match(text, at)) is not None:
        at = lead.end()
    minus = _MINUS.match(text, at)
    if minus:
        value = whole_value(text[minus.end() :].rstrip(")"))
        return -abs(value) if isinstance(value, Fraction) else value
    found = _number_at(text, at)
    if isinstance(found, str) or found is None:
        return found
    rest = text[found.end :]
    return found.value if is_unit(rest) else None


def _number_at(text: str, at: int) -> Number | str | None:
    """The number in any notation that stands at `at`; EXPRESSION for an irrational one."""
    root = _ROOT.match(text, at)
    if root:
        value = _root(root)
        return EXPRESSION if value is None else Number(value, at, root.end())
    repeating = _REPEATING.match(text, at)
    if repeating:
        return Number(_repeating(repeating), at, repeating.end())
    comma = decimal_comma(text, at)
    for number in [comma] if comma else find_numbers(text, at, at + 90)[:1]:
        if number.start == at:
            dozen = _DOZEN.match(text, number.end)
            return number._replace(value=12 * number.value, end=dozen.end()) if dozen else number
    word = word_number(text, at, at + 120)
    if word and word.start == at:
        return word
    han = HAN.match(text, at)
    value = han_number(han[0]) if han else None
    return Number(value, at, han.end()) if han and value is not None else None


def _root(root: re.Match[str]) -> Fraction | None:
    """The value of a root where it is a whole number."""
    factor, degree, radicand = int((root[1] or "1").replace(" ", "")), root[2] or "2", int(root[3])
    value = isqrt(radicand) if degree == "2" else round(radicand ** (1 / max(int(degree), 1)))
    return Fraction(factor * value) if value ** int(degree) == radicand else None


def _repeating(m: re.Match[str]) -> Fraction:
    """The value of a decimal with repeating digits under a line."""
    places, period = m[3], m[4]
    value = Fraction(int(f"{m[2] or 0}{places}")) + Fraction(int(period), 10 ** len(period) - 1)
    value /= int(10 ** len(places))
    return -value if m[1] else value


def is_unit(rest: str) -> bool:
    """Whether what follows a number only names its unit: no other number, nothing computed."""
    if not rest:
        return True
    rest = _REJECTED.sub("", _IN_PARENTHESES.sub("", rest)).replace("{", " ").replace("}", "")
    rest = _POWER_OF_UNIT.sub("", rest)
    if len(rest) > 100 or _NO_UNIT.search(rest.rstrip("!")):
        return False
    other = _OTHER_NUMBER.search(rest)
    return other is None or word_number(rest, other.end(), other.end() + 30) is None


# --- why a text has no value ---------------------------------------------------------------------

_SPLIT = re.compile(r"[=≈]")
_LETTERS = re.compile(r"(?<!\\)\b[A-Za-z]{3,}")
_OPERATOR = re.compile(r"[+*√π^×÷·<>≤≥!_\\]|(?<=[\dA-Za-z)])\s?-\s?[\dA-Za-z(]|[)\d]\s?[a-z(]\b")
_LIST = re.compile(
    r"[\s\]})]{0,3}[%°€]?(?:\([^()]{0,30}\))?(?:[^\W\d_]{1,15})?\.?(?:\s{1,3}[^\W\d_]{1,15}){0,5}[\s{}]{0,3}"
    rf"(?:{JOINT}|:)[\s$€£({{\[}}]{{0,4}}"
    r"(?:(?:and|or)\s)?(?:[a-z]{1,15}\s?:\s?)?[\s$€£]{0,2}|[{}]{0,2}[\s,][\s,{}]*",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"\s?\\?%")
_SYMBOL = re.compile(r"[√π^]")
_NAMED = re.compile(r"(?:,|;|\bor\b|\band\b|\n)\s*[A-Za-z]\w{0,12}\s*$")


def judged(text: str) -> Fraction | str | None:
    """As `whole_value`, of equations and lists as well; None where the text is a sentence."""
    if not text:
        return NO_NUMBER
    value = whole_value(text)
    if value is None and "±" not in text:
        value = _equation(text)
    if value is not None:
        return value
    return _reason(text) if "±" in text or not _LETTERS.search(text) else None


def _reason(text: str) -> Fraction | str:
    """Why a text without words has no value, or the value that it gives in two notations."""
    numbers = find_numbers(text)
    if "±" in text or is_list(text, numbers):
        return SEVERAL
    if _is_said_twice(text, numbers):
        return numbers[0].value
    return EXPRESSION if numbers or _OPERATOR.search(text) else NO_NUMBER


def _equation(text: str) -> Fraction | str | None:
    """What the text says is equal to the rest of it: its last side, or its first."""
    sides = [side.strip(_ENDS) for side in _SPLIT.split(text)]
    if len(sides) < 2:
        return None
    first, last = whole_value(sides[0]), whole_value(sides[-1])
    if isinstance(last, Fraction):
        earlier = whole_value(_NAMED.sub("", sides[-2]).strip(_ENDS))
        another = _NAMED.search(sides[-2]) and earlier not in (None, last)  # x = 3, y = 4
        return SEVERAL if another else last
    only_two = len(sides) == 2 and not _LETTERS.search(sides[1])
    return first if only_two and isinstance(first, Fraction) else None


def _is_said_twice(text: str, numbers: list[Number]) -> bool:
    """Whether the text is one value in two notations: "5/6 or 0.83"."""
    if len(numbers) != 2:
        return False
    first, second = numbers
    return same(first, second, text) and _LIST.fullmatch(_gap(text, first, second)) is not None


def is_list(text: str, numbers: list[Number]) -> bool:
    """Whether two of the numbers stand side by side, as in a list or a range."""
    for first, second in pairwise(numbers):
        gap = _gap(text, first, second)
        subtracted = gap.isspace() and text[second.start] in "+-"  # 3 - 5
        other = not subtracted and not _SYMBOL.search(gap) and not same(first, second, text)
        if other and _LIST.fullmatch(gap):
            return True
    return False


def same(first: Number, second: Number, text: str) -> bool:
    """Whether both are one value in two notations: 5/6 and 0.83, 0.75 and 75%."""
    a, b = first.value, second.value
    if a == b or (a == 100 * b and _PERCENT.match(text, first.end)):
        return True
    if b == 100 * a and _PERCENT.match(text, second.end):
        return True
    rounded = not is_decimal(a) if is_decimal(b) else is_decimal(a)
    return rounded and abs(a - b) * 200 <= abs(a)


def _gap(text: str, first: Number, second: Number) -> str:
    return text[first.end : second.start]
