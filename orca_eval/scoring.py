"""From an answer and its golds to a score; the functions that read predictions read golds.

DROP follows the public description of its official evaluation (Dua et al. 2019, allenai drop_eval).
"""

import itertools
import math
import re
import string
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import getitem
from typing import NamedTuple

from orca_eval.errors import InputError
from orca_eval.extract.open.sentence import phrase_of
from orca_eval.extract.open.span import SEPARATOR, listed_spans, plain_span, spans_apart
from orca_eval.extract.reply.numbers import whole_number
from orca_eval.extract.reply.text import clean

Golds = Sequence[Sequence[str]]
"""The accepted variants, each a list of spans; a choice, number, text or word gold is `[["B"]]`."""

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_QUOTES = "\"'`*“” "
_MOST_READ = 50  # an answer of more spans is read as it is written
_MOST_TRIED = 1000  # alignments of spans, one by one: scipy takes half a second to import
_BRACKETS = frozenset("()[]{}<> ")
_STRAIGHT = str.maketrans("‘’“”", "''\"\"")


class GoldError(InputError):
    """A gold that does not parse: it could never be matched, or only by accident."""


class Score(NamedTuple):
    """`exact_match` is 0 or 1. `f1` (0 to 1) and `exact_match_parts` are for kind `span` only."""

    exact_match: float
    f1: float | None = None
    exact_match_parts: float | None = None


def check_golds(kind: str, golds: Golds, options: Mapping[str, str] | None = None) -> None:
    """GoldError unless every gold parses: a label of `options`, a number, text, non-empty spans."""
    if not golds or not all(golds):
        raise GoldError("no gold answer: give at least one variant with one span")
    labels = options or {}
    compared, missing = _COMPARED.get(kind, _COMPARED["span"])
    for variant in golds:
        if kind != "span" and len(variant) != 1:
            raise GoldError(f"{kind} gold {list(variant)!r} has {len(variant)} parts, expected one")
        for gold in variant:
            if kind == "choice" and gold not in labels:
                raise GoldError(f"gold {gold!r} is no label of the options {list(labels)}")
            if compared(gold) is None:
                raise GoldError(f"gold {gold!r} {missing}")


def score_answer(kind: str, answer: str | None, golds: Golds) -> Score:
    """The best score of `answer` over the gold variants; no answer is never right."""
    if kind == "span":
        return _score_spans(answer, golds)
    if answer is None:
        return Score(0.0)
    compared, _ = _COMPARED[kind]
    value = compared(answer)
    right = value is not None and any(value == compared(variant[0]) for variant in golds)
    return Score(float(right))


@lru_cache(maxsize=1024)
def vote(kind: str, answer: str) -> Hashable:
    """What an answer counts as where several are counted: what of it is compared with golds, of
    spans in any order; the answer itself where that is nothing, or where no kind of ours reads it.
    """
    if kind == "span":
        return tuple(sorted(_normal(map(plain_span, answer.split(SEPARATOR))))) or answer
    value = _COMPARED[kind][0](answer) if kind else answer
    return answer if value is None else value


def normalize_text(text: str) -> str:
    """Case, quotes, whitespace and a final stop aside; brackets without the spaces between."""
    folded = " ".join(text.split()).strip(_QUOTES).rstrip(_QUOTES + ".").casefold()
    return folded.replace(" ", "") if set(folded) <= _BRACKETS else folded


def normalize_word(text: str) -> str:
    """The word in NFKC without case and the punctuation around it; curly quotes are straight."""
    plain = unicodedata.normalize("NFKC", text).translate(_STRAIGHT)
    start, end = 0, len(plain)
    while start < end and not plain[start].isalnum():
        start += 1
    while start < end and not plain[end - 1].isalnum():
        end -= 1
    return plain[start:end].casefold()


# --- DROP ----------------------------------------------------------------------------------------


def _is_number(token: str) -> bool:
    try:
        float(token)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)  # the ways to read an answer share most of their spans
def normalize_span(text: str) -> str:
    """DROP's normal form: tokens split at spaces and hyphens, lower-cased, numbers as floats,
    punctuation and articles dropped. Typographic dashes and quotes count as plain ones.
    """
    tokens = []
    for raw in re.split(r"[ -]", clean(text, wrappers=False).lower()):
        token = raw if _is_number(raw) else raw.translate(_PUNCTUATION)
        token = str(float(token)) if _is_number(token) else token
        tokens.extend(_ARTICLES.sub(" ", token).split())
    return " ".join(tokens)


def _bag_f1(predicted: frozenset[str], gold: frozenset[str]) -> float:
    """Token F1 of one span; 0 if the gold has numbers and the prediction shares none of them."""
    numbers = {token for token in gold if _is_number(token)}
    shared = len(predicted & gold)
    if not shared or (numbers and numbers.isdisjoint(predicted)):
        return 0.0
    precision, recall = shared / len(predicted), shared / len(gold)
    return 2 * precision * recall / (precision + recall)


def _aligned_f1(predicted: list[str], gold: list[str]) -> float:
    """Mean F1 under the best one-to-one alignment, spans left over counting 0, to two places."""
    bags = [[_bag_f1(frozenset(p.split()), frozenset(g.split())) for p in predicted] for g in gold]
    # What shares nothing with the other side adds nothing, and needs no alignment.
    rows = [row for row in bags if any(row)]
    shared = [j for j in range(len(predicted)) if any(row[j] for row in rows)]
    bags = [[row[j] for j in shared] for row in rows]
    total = _best_total(bags) if bags else 0.0
    return round(total / max(len(predicted), len(gold)), 2)


def _best_total(bags: list[list[float]]) -> float:
    """The greatest sum of scores of which no two share a row or a column."""
    wide = [row + [0.0] * (len(bags) - len(row)) for row in bags]  # a column for each row
    columns, count = range(len(wide[0])), len(wide)
    if math.perm(len(columns), count) <= _MOST_TRIED:
        ways = itertools.permutations(columns, count)
        return max(float(sum(map(getitem, wide, way))) for way in ways)
    from scipy.optimize import linear_sum_assignment

    pairs = zip(*linear_sum_assignment(bags, maximize=True), strict=True)
    return float(sum(bags[i][j] for i, j in pairs))


def _normal(spans: Iterable[str]) -> list[str]:
    """Normal forms of the spans that are not empty then."""
    return [span for span in map(normalize_span, spans) if span]


def _readings(spans: list[str]) -> list[list[str]]:
    """What an answer may mean: its spans as they are written, and the phrases that answer where
    they are sentences.
    """
    phrases = [phrase_of(span) or span for span in spans] if len(spans) <= _MOST_READ else spans
    return [spans] if phrases == spans else [spans, phrases]


def _apart(readings: list[list[str]]) -> list[list[str]]:
    """The readings, and each with its spans taken apart at commas, slashes or "and"."""
    found = readings[:]
    for reading in readings:
        if len(reading) <= _MOST_READ:
            ways = zip(*(spans_apart(span) for span in reading), strict=True)
            found += [[part for parts in way for part in parts] for way in ways]
    return found


def _normal_forms(readings: list[list[str]]) -> list[list[str]]:
    """The readings in normal form, with counts that have a unit also without it."""
    written = dict.fromkeys(map(tuple, readings))
    plain = (tuple(map(plain_span, reading)) for reading in written)
    found = map(_normal, dict.fromkeys([*written, *plain]))
    return [list(reading) for reading in dict.fromkeys(map(tuple, found)) if reading]


def _score_spans(answer: str | None, golds: Golds) -> Score:
    """The best reading of the answer against the best variant; golds part at `; ` as answers do.
    One of several spans is compared with the answer taken apart, too.
    """
    spans = [] if answer is None else answer.split(SEPARATOR)
    if not _normal(spans):
        return Score(0.0, 0.0, 0.0)
    written = _readings(spans)
    together = _normal_forms(written)
    variants = [[part for span in variant for part in span.split(SEPARATOR)] for variant in golds]
    normal = [_normal(variant) for variant in variants]
    if any(len(gold) == 1 and gold in together for gold in normal):
        return Score(1.0, 1.0, 1.0)
    apart = _normal_forms(_apart(written))
    taken_apart = [sorted(reading) for reading in apart]
    exact = f1 = parts = 0.0
    for variant, gold in zip(variants, normal, strict=True):
        if not gold:
            continue
        for reading in apart if len(gold) > 1 else together:
            same = len(reading) == len(gold) and set(reading) == set(gold)
            exact = max(exact, float(same))
            f1 = max(f1, _aligned_f1(reading, gold))
        gold_parts = sorted(_normal(part for span in variant for part in listed_spans(span)))
        parts = max(parts, float(gold_parts in taken_apart))
    return Score(exact, f1, max(exact, parts))


_COMPARED: dict[str, tuple[Callable[[str], Hashable], str]] = {
    "choice": (str, ""),
    "number": (whole_number, "is not a number"),
    "text": (lambda text: normalize_text(text) or None, "is empty after normalisation"),
    "word": (lambda text: normalize_word(text) or None, "holds no letter or digit"),
    "span": (lambda text: normalize_span(text) or None, "is empty after DROP's normalisation"),
}
"""By kind: what of an answer and a gold is compared (None if nothing), and how to say so."""
