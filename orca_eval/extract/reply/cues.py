"""The phrases of cues.yaml and languages.yaml, and how they are looked for: fast where they are
not, exactly where they may be.
"""

import re
from collections.abc import Iterator, Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

Words = AbstractSet[str]


def _read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(
        Path(__file__).with_name(name).read_bytes(), yaml.CSafeLoader
    )
    return loaded


_TEXTS, _LANGUAGES = _read("cues.yaml"), _read("languages.yaml")
_PARTS: dict[str, str] = _LANGUAGES.pop("parts") | _TEXTS["parts"]
_JOINED: dict[str, str] = _LANGUAGES.pop("joined")
_LATIN = frozenset(("en", "es", "fr", "de", "pt", "it"))
_PARTICLES = frozenset(("with", "for", "on", "in", "towards", "is"))


def _pattern(text: str) -> str:
    """The text on one line, with the parts in place of their names."""
    for name, part in _PARTS.items():
        text = text.replace(f"<{name}>", part)
    return text.replace("\n", "")


def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(_pattern(text))


@dataclass(frozen=True)
class Cue:
    """`anchor` starts every match of `pattern`; one of `words` is a word of every reply with one
    (empty for languages of other scripts than Latin, where the anchor itself is looked for).
    """

    language: str
    anchor: str
    behind: str
    example: str
    words: frozenset[str]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when a reply first holds the anchor: most languages never come."""
        return _compiled(f"{self.anchor}{self.behind}<tail>")


class Cues:
    """The cues of that name, by the words that tell that they may be there."""

    def __init__(self, name: str) -> None:
        self.all = tuple(_cues(name))
        self._unspaced = tuple(cue for cue in self.all if not cue.words)
        self._by_word: dict[str, list[Cue]] = {}
        for cue in self.all:
            for word in cue.words:
                self._by_word.setdefault(word, []).append(cue)
        self._words = frozenset(self._by_word)

    def possible(self, words: Words, *, ascii_only: bool) -> list[Cue]:
        """The cues that a text with these words may hold."""
        found = [cue for word in self._words & words for cue in self._by_word[word]]
        return found if ascii_only else [*found, *self._unspaced]


def _cues(name: str) -> Iterator[Cue]:
    every = _TEXTS[name] | {language: cues[name] for language, cues in _LANGUAGES.items()}
    for language, cues in every.items():
        for cue in cues:
            behind, example = cue.get("behind", ""), cue["example"]
            for anchor in _pattern(cue["anchors"]).split("|"):
                *_, last = (word for word in anchor.split() if word not in _PARTICLES)
                words = cue.get("words", last).split() if language in _LATIN else ()
                yield Cue(language, anchor, behind, example.format(anchor), frozenset(words))


class Phrases:
    """A pattern too slow to try everywhere, tried only where one of `words` stands in the text."""

    def __init__(self, name: str) -> None:
        self.words = frozenset(_TEXTS[name]["words"].split())
        self.pattern = _compiled(_TEXTS[name]["pattern"])

    def search(self, low: str, words: Words, start: int = 0) -> re.Match[str] | None:
        if self.words.isdisjoint(words) and low.isascii():
            return None
        return self.pattern.search(low, start)


ANSWER_IS, CORRECT_IS = Cues("answer_is"), Cues("correct_is")
SUPPOSED, REFUSAL, WITHDRAWN = Phrases("supposed"), Phrases("refusal"), Phrases("withdrawn")
DENIAL, AFFIRMATION, VERB, LABEL_NOUN, BEFORE_LABEL, BEHIND_LABEL = (
    _pattern(_TEXTS[name])
    for name in ("denial", "affirmation", "verb", "label_noun", "before_label", "behind_label")
)
JOINED = {name: _pattern(text) for name, text in _JOINED.items()}
AFFIRMING = frozenset(_TEXTS["affirming"].split())
DENIED_LEFT = _compiled(_TEXTS["denied_left"])
TURN = _compiled(_TEXTS["turn"])
NO_ANSWER = _compiled(_TEXTS["no_answer"])
NOT_GIVEN = tuple(map(_compiled, _TEXTS["not_given"]))
CONCLUSION = _compiled(_TEXTS["conclusion"])

CORRECTING = tuple(_TEXTS["correction"]["phrases"])
_CORRECTION_LEFT = _compiled(_TEXTS["correction"]["left"])
_CORRECTIONS: dict[str, list[str]] = {}
for _phrase in _TEXTS["correction"]["phrases"]:
    # "let me re" goes on within a word: known by the word before
    *_, _before, _last = ["", *re.findall("[a-z]+", _phrase)]
    _CORRECTIONS.setdefault(_before if _last == "re" else _last, []).append(_phrase)


def behind_correction(low: str, words: Words, most: int = 20) -> int | None:
    """Where the text goes on behind its last self-correction, None if there is none.

    One counts where a sentence or clause begins.
    """
    best: int | None = None
    for phrase in (p for word in _CORRECTIONS.keys() & words for p in _CORRECTIONS[word]):
        at = low.rfind(phrase) if phrase in low else -1  # "in" is faster, and mostly says no
        for _ in range(most):
            if at < 0 or at + len(phrase) <= (best or 0):
                break
            if _CORRECTION_LEFT.search(low[max(0, at - 24) : at]):
                best = at + len(phrase)
                break
            at = low.rfind(phrase, 0, at)
    return best
