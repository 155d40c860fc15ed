"""The torn end of a response that was cut: the last word or number, which may go on."""

import re
from collections.abc import Container

# Stands for what is torn, one for each of its characters: part of no word, number or label.
TORN = "\ufffd"
_LONGEST = 400
_LETTER = r"[^\W_\u3040-\u30ff\u3400-\u9fff]"  # in a language without spaces each is a word
_WORD = rf"{_LETTER}+(?:[-+&'’.,/^_]{_LETTER}+)*"
_OPERATOR = r"(?:[-+*/×÷^:=_]|\\times|x(?=\s|$))"
_LAST = re.compile(
    rf"\\?(?:{_WORD}(?:(?<=\d),|-)?|[.,]?\w)$|\d[\d.,]*\s?%?\s?{_OPERATOR}\s?$"
    r"|(?<!\w)[A-Z1-9][)\]]?\s(?:and|or)\s?[(\[]?$"
)
_DECIMAL = re.compile(r"[^a-zA-Z]*?(?<![\d.,])[\d.,]+\.$")  # no sentence that a full stop would end
_NUMERALS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    "sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|"
    "hundred|thousand|million|billion|trillion|dozen|lakh|crore|half|quarter|third|point"
)
_JOINS = ("and", "or", "to", "through")
# What a number, a label or a word that is torn behind it belongs to.
_OPERAND = re.compile(rf"\d[\d.,]*\s?%?\s?{_OPERATOR}[\s$£€]{{0,2}}$")
_LABEL = re.compile(r"(?<!\w)(?:[A-Z1-9][)\]]?(?:\s?[,&/]|\s(?:and|or))?\s[(\[]?)+$")
_COUNT = re.compile(
    rf"(?:(?:\d[\d.,]*|\b(?:{_NUMERALS}))[\s-](?:and\s(?:an?\s)?)?)+$", re.IGNORECASE
)
_OPENED = re.compile(r"[(\[{<（［【]\s?(?:\\text(?:bf)?\s?\{\s?)?(\w+)\}?$")
_BRACE = re.compile(r"\{(?!\s?[\"'\n])|\}")  # not those of JSON, which hold what is whole
_ALONE = " \t\n*_`\"'"


def without_torn(response: str, labels: Container[str]) -> str:
    """The response with marks that say nothing in the place of what is torn."""
    at = _torn_from(response, labels)
    return response[:at] + TORN * (len(response) - at)


def _torn_from(response: str, labels: Container[str]) -> int:
    """Where what is torn begins, the length of the response if its end is whole.

    A label counts as whole behind a bracket that opened, and where it is all of the response. What
    stands in braces that nothing closes, as in a box, is torn whole.
    """
    length = len(response)
    if response[-_LONGEST - 1 :].strip(_ALONE) in labels:
        return length
    floor = max(0, length - _LONGEST)
    floor = max(floor, response.rfind("\n", floor) + 1)
    tail = response[floor:]
    opened = _OPENED.search(tail)
    if opened and opened[1] in labels:
        return length
    brace = _unclosed(tail)
    if brace is not None:
        return floor + tail.rfind(" ", 0, brace) + 1
    last = _LAST.search(tail) or _DECIMAL.match(tail)
    if not last:
        return length - tail.endswith((" ", "\t"))  # behind a space more words may follow
    at = last.start()
    while (before := _joined(tail, at)) < at:
        at = before
    return floor + at


def _joined(tail: str, at: int) -> int:
    """Where what is torn at `at` begins: with the number or label that it goes on from."""
    torn = tail[at:].lower()
    joins = any(word.startswith(torn) for word in _JOINS)
    patterns = [_OPERAND] if torn[0].isdigit() else []
    if joins or len(torn) == 1:
        patterns.append(_LABEL)
    if joins or any(word.startswith(torn) for word in _NUMERALS.split("|")):
        patterns.append(_COUNT)
    found = (pattern.search(tail, 0, at) for pattern in patterns)
    return min((match.start() for match in found if match), default=at)


def _unclosed(tail: str) -> int | None:
    """The first brace that nothing closes."""
    opened: list[int] = []
    for brace in _BRACE.finditer(tail):
        if brace[0] == "{":
            opened.append(brace.start())
        elif opened:
            opened.pop()
    return opened[0] if opened else None
