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


_RECALL = (
    (
        "heading",
        r"^\W{0,4}(?:recall|facts?|known facts|background|relevant \w+"
        r"|key (?:facts|concepts|points)|definitions?|what we know|given(?: information)?)\b"
        r"[^\n]{0,30}[:\n]",
    ),
    (
        "announced",
        r"\b(?:(?:let(?:'|\u2019)?s|let us|let me|to answer this|first,? we)[^.\n]{0,30} "
        r"(?:recall|remember)|recall that|remember that|we (?:know|recall) that"
        r"|by definition|is defined as)\b",
    ),
)
_STEPS = (
    ("numbered", r"(?:^\W{0,4}(?:step\s*)?\d{1,2}\s*[.):][^\n]*\n[\s\S]*?){2}"),
    ("step by step", r"\bstep[ -]by[ -]step\b|^\W{0,4}step 1\b"),
    ("by turns", r"\b(?:first|firstly)\b[\s\S]{5,600}?\b(?:then|next|second(?:ly)?|finally)\b"),
    ("equations", r"(?:[\d)%][^\S\n]*=[^\S\n]*[$\u20ac\u00a3]?[\d(-][\s\S]*?){2}"),
    (
        "concluded",
        r"[.\n,;][^\S\n]*(?:therefore|thus|hence|so|consequently|as a result|this means"
        r"|which means|that means|it follows)\b",
    ),
    ("reasons", r"\b(?:because|since|given that|we (?:can|need to|have to|must|subtract|add))\b"),
)
_LOWER = re.IGNORECASE | re.MULTILINE
RULES = [
    *(("recall", name, re.compile(pattern, _LOWER)) for name, pattern in _RECALL),
    *(("steps", name, re.compile(pattern, _LOWER)) for name, pattern in _STEPS),
]


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
            return Found(behaviour, name)  # type: ignore[arg-type]  # a behaviour, by its table
    return Found("direct", "otherwise")


def shares(replies: Iterable[str]) -> dict[Behaviour, float]:
    """How often each stands among the replies."""
    counted = Counter(behaviour_of(reply).behaviour for reply in replies)
    total = counted.total()
    return {name: counted[name] / total for name in SHOWN} if total else {}
