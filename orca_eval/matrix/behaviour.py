"""What a model did when nobody told it how to think: it answered at once, in steps, or recalled.

A handful of named rules on the reply's text, in the order in which they are asked. How far they
agree with a person is measured by bench/behaviour.py (docs/strategies.md).
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Literal, NamedTuple

Behaviour = Literal["direct", "steps", "recall", "none"]
SHOWN: dict[Behaviour, str] = {
    "direct": "answers directly",
    "steps": "reasons in steps",
    "recall": "recalls first",
    "none": "says nothing",
}

READ = 4000  # signs from a reply's beginning: how it goes about it shows there
SHORT = 12  # words in which nobody reasons


class Found(NamedTuple):
    """What a reply does, and the rule that says so."""

    behaviour: Behaviour
    rule: str


_FLAGS = re.IGNORECASE | re.MULTILINE
_PATTERNS: tuple[tuple[Behaviour, str, str], ...] = (
    # What comes behind an answer is a reason given for it, and led to nothing.
    ("direct", "answer first", r"\A\W{0,6}(?:sure\b[^\n]{0,160}\s+)?\(?[A-J]\s?[).:,]"),
    (
        "direct",
        "answer announced",
        r"\A(?:[^.\n]{0,160}[.!:]\s+)?[^.\n]{0,160}\b(?:answer|option|statement|argument)\b"
        r"[^.\n]{0,60}\bis\b",
    ),
    (
        "recall",
        "heading",
        r"\A\W{0,4}(?:recall|facts?|known facts|background|relevant \w+"
        r"|key (?:facts|concepts|points)|definitions?|what we know|notes?)\b[^\n]{0,30}[:\n]",
    ),
    ("recall", "announced", r"\A[^.\n]{0,60}\b(?:recall|remember|we refer to|by definition)\b"),
    ("recall", "law", r"\A[^.\n]{0,160}\b(?:is given by|the formula|is defined as|law states)\b"),
    ("steps", "numbered", r"(?:^\W{0,4}(?:step\s*)?\d{1,2}\s*[.):][^\n]*\n[\s\S]*?){2}"),
    (
        "steps",
        "step by step",
        r"\bstep[ -]by[ -]step\b|^\W{0,4}step 1\b|\bbreak (?:it|this) down\b",
    ),
    (
        "steps",
        "by turns",
        r"\b(?:first|firstly)\b[\s\S]{5,600}?\b(?:then|next|second(?:ly)?|finally)\b",
    ),
    (
        "steps",
        "calculation",
        r"\d\)?[^\S\n]?[-+*/\u00d7\u2212%][^=\n]{0,40}=[^\S\n]*[$\u20ac\u00a3]?[\d(-]",
    ),
    (
        "steps",
        "concluded",
        r"[.\n,;][^\S\n]*(?:therefore|thus|hence|so|consequently|as a result|this means"
        r"|which means|that means|it follows)\b",
    ),
    ("steps", "reasons", r"\b(?:because|since|given that|we (?:can|need to|have to|must))\b"),
)
RULES = [(behaviour, name, re.compile(pattern, _FLAGS)) for behaviour, name, pattern in _PATTERNS]


def behaviour_of(reply: str) -> Found:
    """What a reply does, by the first rule that fits."""
    text = reply[:READ].strip()
    words = len(text.split())
    if not words:
        return Found("none", "empty")
    if words <= SHORT:
        return Found("direct", "short")
    for behaviour, name, pattern in RULES:
        if pattern.search(text):
            return Found(behaviour, name)
    return Found("direct", "otherwise")


def shares(replies: Iterable[str]) -> dict[Behaviour, float]:
    """How often each stands among the replies."""
    counted = Counter(behaviour_of(reply).behaviour for reply in replies)
    total = counted.total()
    return {name: counted[name] / total for name in SHOWN} if total else {}
