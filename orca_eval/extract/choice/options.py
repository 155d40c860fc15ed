"""The options of a choice: their labels, and their texts as token sequences to find in a reply.

Texts are compared token by token (case, punctuation, LaTeX and articles aside), so nothing is
compiled per question: almost every question has options of its own.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import islice
from typing import NamedTuple

from orca_eval.extract.reply.numbers import whole_number
from orca_eval.extract.reply.text import behind, clean, lower

_TOKEN = re.compile(
    r"\d+(?:[.,]\d+)*|\.\d+|[^\W\d_]+|(?<![^\W_)])-(?=\s?[\d.a-z(\\])|[-+](?=\s\d)"
    r"|[/^=<>%√≤≥≠±×÷+∪∩∧∨¬→⊃•~]"
)
_GROUPS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_PAUSE = re.compile(
    r"[\s\"')\]]*(?:[.,;:!?\n。，；]|$|\s-\s|because\b|since\b|\(|as\b|which\b|for\b|due\b)"
)
_PHRASE_OVER = re.compile(r"[\s\"')]{0,4}(?:[.!\n]|$)")
_LINE_OVER = re.compile(r"[.\s]{0,3}(?:\n|$)")
_MARKS = re.compile(r"[\s\"'(\[]{0,4}")
_ARTICLES = frozenset(("the", "a", "an"))
_JOINS_NUMBERS = frozenset("/^×÷=+-")
_VERDICT = re.compile(r"\W{0,3}(?:true|false|yes|no|correct|incorrect|right|wrong)\b")
_MAX_FINDS = 60
# Pairs in which denying the one says the other.
_OPPOSITES = {"valid": "invalid", "true": "false", "yes": "no", "plausible": "implausible",
              "correct": "incorrect"}  # fmt: skip
_OPPOSITES |= {other: word for word, other in _OPPOSITES.items()}

Token = tuple[str, int, int]


class TextMatch(NamedTuple):
    """Option text found at `start`..`end`, in `length` tokens; `whole` if nothing but an end or a
    pause follows it. `label` is None where two options share the text.
    """

    label: str | None
    start: int
    end: int
    length: int
    whole: bool


def tokens_of(low: str, start: int, end: int) -> Iterator[Token]:
    """Tokens of lower-case cleaned text, numbers without their thousands separators."""
    for found in _TOKEN.finditer(low, start, end):
        word = found[0]
        if "," in word and _GROUPS.fullmatch(word):
            word = word.replace(",", "")
        elif not word.isascii():
            word = unicodedata.normalize("NFKC", word).lower()
        yield word, found.start(), found.end()


class _Tokens:
    """Tokens read on demand: most comparisons end at the first."""

    def __init__(self, low: str, start: int, end: int) -> None:
        self._source = tokens_of(low, start, end)
        self._read: list[Token] = []

    def __getitem__(self, i: int) -> Token:
        """The i-th token, an empty one behind the last."""
        while len(self._read) <= i:
            token = next(self._source, None)
            if token is None:
                return "", 0, 0
            self._read.append(token)
        return self._read[i]


class Option:
    """One text of an option; a word label is a text of its own."""

    def __init__(self, label: str, text: str) -> None:
        self.label, self.text, self.folded = label, text, text.lower()

    @cached_property
    def low(self) -> str:
        return lower(clean(self.text)).strip().removeprefix(f"({self.label.lower()})").strip()

    @cached_property
    def first(self) -> str:
        """The first of `words`, found without the others: most comparisons need no more."""
        words = [word for word, _, _ in islice(tokens_of(self.low, 0, len(self.low)), 2)]
        return words[len(words) > 1 and words[0] in _ARTICLES] if words else ""

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The tokens, without an article that more stand behind."""
        words = [word for word, _, _ in tokens_of(self.low, 0, len(self.low))]
        return tuple(words[1:] if len(words) > 1 and words[0] in _ARTICLES else words)

    def begins(self, word: str) -> bool:
        """Whether the text's first token is `word`; tokens are made only where it may be.

        Of a text that is nothing but the one-letter label the label alone counts.
        """
        if not word or (word.isascii() and word.isalpha() and word not in self.folded):
            return False
        return self.first == word and (len(self.label) > 1 or self.words != (self.label.lower(),))


@dataclass(frozen=True)
class Options:
    """Label and text pairs in the labels' order, whatever the order of the mapping's entries."""

    pairs: tuple[tuple[str, str], ...]

    @cached_property
    def letters(self) -> str:
        """The one-character labels, as they are written."""
        return "".join(label for label, _ in self.pairs if len(label) == 1)

    @cached_property
    def entries(self) -> tuple[Option, ...]:
        words = [(a, a) for a, text in self.pairs if len(a) > 1 and a.casefold() != text.casefold()]
        return tuple(Option(label, text) for label, text in (*self.pairs, *words))

    @cached_property
    def verdicts(self) -> bool:
        """Whether a text begins with a word that elsewhere judges an option ("True, False")."""
        return any(_VERDICT.match(entry.folded) for entry in self.entries)

    @cached_property
    def numeric(self) -> dict[Fraction, str | None]:
        """The options by their value where every text is one number; empty otherwise."""
        values: dict[Fraction, str | None] = {}
        for label, text in self.pairs:
            value = whole_number(text)
            if value is None:
                return {}
            values[value] = None if value in values else label
        return values

    @cached_property
    def in_percent(self) -> bool:
        return all("%" in text for _, text in self.pairs)

    def opposite(self, label: str) -> str | None:
        """The label that a denial of `label` says, where two options exclude each other."""
        if len(self.pairs) != 2:
            return None
        words = {entry.words: entry.label for entry in self.entries}
        own = next((key for key, name in words.items() if name == label), ())
        return words.get((_OPPOSITES[own[0]],)) if len(own) == 1 and own[0] in _OPPOSITES else None

    def stands_alone(self, label: str, low: str, start: int) -> bool:
        """Whether the option's own text is all that stands from `start` to the end of the line."""
        text = next(e.low for e in self.entries if e.label == label).rstrip(". ")
        end = start + len(text)
        return bool(text) and low.startswith(text, start) and bool(_LINE_OVER.match(low, end))

    def at(self, low: str, start: int, end: int) -> TextMatch | None:
        """The longest option text that begins at `start` (marks and an article skipped)."""
        tokens = _Tokens(low, start, end)
        found = self._match(low, tokens, 0)
        word, _, stop = tokens[0]
        if found is None and word in _ARTICLES and stop + 1 == tokens[1][1]:
            return self._match(low, tokens, 1)  # not "A." of a list
        return found

    def _match(self, low: str, tokens: _Tokens, i: int) -> TextMatch | None:
        longest, label = 0, None
        first, start, _ = tokens[i]
        for entry in self.entries:
            if not entry.begins(first):
                continue
            n = len(entry.words)
            if n < longest or any(tokens[i + k][0] != word for k, word in enumerate(entry.words)):
                continue
            if entry.words[-1][-1].isdigit() and tokens[i + n][0] in _JOINS_NUMBERS:
                continue
            label = entry.label if n > longest or entry.label == label else None
            longest = n
        if not longest:
            return None
        stop = tokens[i + longest - 1][2]
        return TextMatch(label, start, stop, longest, bool(_PAUSE.match(low, stop)))

    def joined(self, low: str, at: int) -> TextMatch | None:
        """The longest text in another script at `at`, whatever letters stand right behind it."""
        start = behind(_MARKS, low, at)
        if low[start : start + 1].isascii():
            return None
        texts = [e for e in self.entries if len(e.low) > 1 and low.startswith(e.low, start)]
        longest = max(texts, key=lambda e: len(e.low), default=None)
        if longest is None or sum(len(e.low) == len(longest.low) for e in texts) > 1:
            return None
        return TextMatch(longest.label, start, start + len(longest.low), 1, whole=False)

    def opening(self, line: str) -> str | None:
        """The one option that a line of four words or more is the beginning of."""
        if len(line.split()) < 4:
            return None
        labels = {entry.label for entry in self.entries if entry.low.startswith(line)}
        return labels.pop() if len(labels) == 1 else None

    def scan(self, low: str, start: int = 0) -> list[TextMatch]:
        """Every option text from `start` on, the longest at each place, none inside another."""
        places: set[int] = set()
        for first in {entry.first for entry in self.entries} - {""}:
            at = low.find(first, start)
            for _ in range(_MAX_FINDS):
                if at < 0:
                    break
                before = low[at - 1] if at > start else " "
                if not before.isalnum() and not (
                    first[0].isdigit() and before in "./^-×+=" and low[at - 2 : at - 1].strip()
                ):
                    places.add(at)
                at = low.find(first, at + 1)
        found: list[TextMatch] = []
        for at in sorted(places):
            if not found or at >= found[-1].end:
                match = self._match(low, _Tokens(low, at, len(low)), 0)
                if match:
                    found.append(match)
        return found

    def begun(self, low: str, start: int, end: int) -> str | None:
        """The one option whose text the words at `start` begin: four words or more in common,
        most of its words and then a pause, or a phrase of its own that begins no other option.
        """
        tokens = _Tokens(low, start, end)
        i = 1 if tokens[0][0] in _ARTICLES else 0
        shared: dict[str, int] = {}
        for entry in self.entries:
            if entry.begins(tokens[i][0]):
                n = 1
                while n < len(entry.words) and tokens[i + n][0] == entry.words[n]:
                    n += 1
                stop = tokens[i + n - 1][2]
                most = n >= 0.6 * len(entry.words) and _PAUSE.match(low, stop)
                unjoined = n == len(entry.words) or entry.words[n] not in _JOINS_NUMBERS
                if n >= 4 or (n >= 2 and most) or (unjoined and _PHRASE_OVER.match(low, stop)):
                    shared[entry.label] = max(n, shared.get(entry.label, 0))
        ranked = sorted(shared.items(), key=lambda item: -item[1])
        if not ranked or (len(ranked) > 1 and ranked[1][1] == ranked[0][1]):
            return None
        return ranked[0][0]


_made = lru_cache(maxsize=512)(Options)


def make_options(options: Mapping[str, str]) -> Options:
    return _made(tuple(sorted(options.items())))
