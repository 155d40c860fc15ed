"""How phrases are looked for: fast where they are not, exactly where they may be."""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

Words = AbstractSet[str]


@dataclass(frozen=True, slots=True)
class Cue:
    """`anchor` starts every match of `pattern`; one of `words` is a word of every reply with one
    (empty for languages without spaces, where the anchor itself is looked for).
    """

    language: str
    anchor: str
    pattern: re.Pattern[str]
    example: str
    words: frozenset[str]


class Cues:
    """Cues by the words that tell that they may be there."""

    def __init__(self, *cues: Cue) -> None:
        self.all = cues
        self._unspaced = tuple(cue for cue in cues if not cue.words)
        self._by_word: dict[str, list[Cue]] = {}
        for cue in cues:
            for word in cue.words:
                self._by_word.setdefault(word, []).append(cue)
        self._words = frozenset(self._by_word)

    def possible(self, words: Words, *, ascii_only: bool) -> list[Cue]:
        """The cues that a text with these words may hold."""
        found = [cue for word in self._words & words for cue in self._by_word[word]]
        return found if ascii_only else [*found, *self._unspaced]


class Phrases:
    """A pattern too slow to try everywhere, tried only where one of `words` stands in the text."""

    def __init__(self, words: str, pattern: str) -> None:
        self.words = frozenset(words.split())
        self.pattern = re.compile(pattern)

    def may_match(self, words: Words) -> bool:
        return not self.words.isdisjoint(words)

    def search(self, low: str, words: Words, start: int = 0) -> re.Match[str] | None:
        if self.words.isdisjoint(words) and low.isascii():
            return None
        return self.pattern.search(low, start)


class Openings:
    """Phrases that count where a sentence or clause begins, after what `left` allows."""

    def __init__(self, left: str, phrases: tuple[str, ...]) -> None:
        self.left = re.compile(left)
        self.by_word: dict[str, list[str]] = {}
        for phrase in phrases:  # "let me re" goes on within a word: known by the word before
            *_, before, last = ["", *re.findall("[a-z]+", phrase)]
            self.by_word.setdefault(before if last == "re" else last, []).append(phrase)
        self.words = frozenset(self.by_word)

    def last(self, low: str, words: Words, most: int = 20) -> int | None:
        """Where the text goes on behind the last of them, None if there is none."""
        best: int | None = None
        for phrase in (p for word in self.words & words for p in self.by_word[word]):
            at = low.rfind(phrase) if phrase in low else -1  # "in" is faster, and mostly says no
            for _ in range(most):
                if at < 0 or at + len(phrase) <= (best or 0):
                    break
                if self.left.search(low[max(0, at - 24) : at]):
                    best = at + len(phrase)
                    break
                at = low.rfind(phrase, 0, at)
        return best
