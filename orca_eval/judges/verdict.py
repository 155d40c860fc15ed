"""From a judge's verdict to what it says: a grade, a label, or the scores of two answers.

A verdict is read as a careful reader would: what the judge thought before it is no verdict, what it
quotes is not its own, and what can be read in two ways is ungraded. Patterns: FastChat's, and those
of Vicuna's reviews.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from orca_eval.extract.reply.parts import THINKING_MARKS

LOWEST, HIGHEST = 1, 10

_MARKS = [pair for pair in THINKING_MARKS if not pair[0].startswith("[")]


def _any_of(patterns: Iterator[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL)


_THOUGHT = _any_of(f"{re.escape(opens)}.*?{re.escape(closes)}" for opens, closes in _MARKS)
_CLOSES = _any_of(re.escape(closes) for _, closes in _MARKS)
_OPENS = _any_of(re.escape(opens) for opens, _ in _MARKS)

_BRACKETS = re.compile(r"\[\[([^\[\]\n]{0,60})\]\]")
_QUOTED = re.compile(
    r"([\"'“‘`«])(?:[^\"'“”‘’`«»\n]{0,40})\[\[[^\[\]\n]{0,60}\]\](?:[^\"'“”‘’`«»\n]{0,40})[\"'”’`»]"
)
# A quote that is all of its line, but for what announces it, is no quote of somebody else's words.
_OWN_LINE = re.compile(
    r"[\W_]*(?:(?:my |final |overall )*(?:rating|verdict|grade|score|answer)\W*)?", re.IGNORECASE
)
# "[[grounded]] or [[hallucinated]]" tells what may be said.
_CHOICES = re.compile(
    r"\[\[[^\[\]\n]{0,60}\]\](?:[\"'`*_\s]{0,4}(?:,? ?\b(?:or|and)\b|[/|,])[\"'`*_\s]{0,4}"
    r"\[\[[^\[\]\n]{0,60}\]\])+",
    re.IGNORECASE,
)
_RATING = re.compile(r"(?:(?:rating|score|grade)\s*[:=]?\s*)?(\d{1,3}(?:\.\d*)?)", re.IGNORECASE)
_SINGLE = re.compile(r"(?<!\[)\[(\d{1,3}(?:\.\d*)?)\](?![\](])")
_ANNOUNCED = re.compile(
    r"(?:rating|score|grade)\b[^\[\]\n\w]{0,6}(?:(?:is|of)\b[^\[\]\n\w]{0,4})?"
    r"\[(\d{1,3}(?:\.\d*)?)\](?![\](])",
    re.IGNORECASE,
)

_NUMBER = r"(\d{1,2}(?:\.\d+)?)"
_OF_TEN = r"(?:\s?/\s?10)?"
_TWO = re.compile(rf"{_NUMBER}{_OF_TEN}[\s,;]+{_NUMBER}{_OF_TEN}[.,;]?")
_TUPLE = re.compile(rf"(?<!\w)[(\[]\s?{_NUMBER}{_OF_TEN}\s?,\s?{_NUMBER}{_OF_TEN}\s?[)\]]")
_NAMED = [
    re.compile(
        rf"\bAssistant {which}(?:'s score)?\s?(?::|=| is)[ \t]{{0,4}}{_NUMBER}{_OF_TEN}"
        r"(?=[ \t]*(?:$|[(,;\u2013\u2014-]|\.(?!\d)|and\b))",
        re.IGNORECASE | re.MULTILINE,
    )
    for which in (1, 2)
]


def said(verdict: str) -> str:
    """Leaves out what the judge thought, also where it never came to an end."""
    left = _THOUGHT.sub("", verdict)
    return _OPENS.split(_CLOSES.split(left)[-1])[0]


def grade(verdict: str) -> float | None:
    """The last rating that a verdict gives, from 1 to 10; None where it gives none."""
    text = _plain(verdict)
    rated = [inner for inner in _own(text) if any(letter.isdigit() for letter in inner)]
    if rated:
        found = _RATING.fullmatch(rated[-1])
        return _within(found[1]) if found else None
    announced = _ANNOUNCED.findall(text)
    if not announced and not _BRACKETS.search(text):
        alone = _SINGLE.findall(text)
        announced = alone if len(set(alone)) == 1 else []  # several may be references
    return _within(announced[-1]) if announced else None


def label(verdict: str, labels: Sequence[str]) -> str | None:
    """The last of `labels` that a verdict gives in double brackets, whatever its case; None where
    it gives none, or hedges: [[not grounded]]."""
    by_name = {name.casefold(): name for name in labels}
    named = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in by_name))
    given = [inner.casefold() for inner in _own(_plain(verdict))]
    given = [inner for inner in given if named.search(inner)]
    return by_name.get(given[-1]) if given else None


def pair_scores(verdict: str) -> tuple[float, float] | None:
    """The scores of two answers, from 0 to 10: two numbers on the first line, else what comes last
    of "Assistant 1: 8 … Assistant 2: 9" and a tuple in the last line."""
    text = _plain(verdict)
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return None
    if found := _TWO.fullmatch(lines[0].strip()):
        return _both(found[1], found[2])
    one, two = (list(named.finditer(text)) for named in _NAMED)
    start = text.rindex(lines[-1])
    tuples = list(_TUPLE.finditer(text, start))
    named_end = max(one[-1].end(), two[-1].end()) if one and two else -1
    if tuples and tuples[-1].end() > named_end:
        return _both(tuples[-1][1], tuples[-1][2])
    return _both(one[-1][1], two[-1][1]) if one and two else None


def _plain(verdict: str) -> str:
    """What was said, with plain digits and brackets and without marks of emphasis."""
    text = unicodedata.normalize("NFKC", said(verdict))
    return re.sub(r"\\(?=[\[\]])|[*_]{1,3}", "", text)


def _own(text: str) -> Iterator[str]:
    """What stands in double brackets, without what is quoted and lists of what may be said."""
    passed = [found.span() for found in _CHOICES.finditer(text)]
    for found in _QUOTED.finditer(text):
        before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        behind = text[found.end() :].partition("\n")[0]
        if not _OWN_LINE.fullmatch(before) or re.search(r"\w", behind):
            passed.append(found.span())
    for found in _BRACKETS.finditer(text):
        if not any(start <= found.start() < end for start, end in passed):
            yield found[1].strip()


def _within(number: str) -> float | None:
    rating = float(number)
    return rating if LOWEST <= rating <= HIGHEST else None


def _both(first: str, second: str) -> tuple[float, float] | None:
    scores = float(first), float(second)
    return scores if max(scores) <= HIGHEST else None
