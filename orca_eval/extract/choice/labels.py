"""The label that stands where a value is expected."""

import re
from functools import lru_cache
from typing import NamedTuple

from orca_eval.extract.choice.reply import NOT_BEHIND, ChoiceReply
from orca_eval.extract.reply.cues import BEHIND_LABEL, LABEL_NOUN
from orca_eval.extract.reply.text import line_end

# A letter of another script ends a label as a pause does: it makes a bare A no article.
_PAUSE = re.compile(
    r"\s*(?:$|[.,;:!?)\]\n\"'/&。，；、✓✔✅☑]|-\s)|\s?[\u0400-\u1fff\u3040-\u30ff\u3400-\ud7ff]"
)
_REMARKED = re.compile(r" ?\([^()\n]{1,40}\)(?=\s*(?:$|[,.;\n]|and\b|or\b))")
_KEY = re.compile(r"[\"']\w[\"']\s?:")  # of a map from labels to what is said of them
_JOINED = re.compile(
    r" {1,8}(?:und|oder|et|ou|y|o|plus|then|as well as|along with|[/&;+|]) {1,8}"
    r"[(\[\"']{0,2}[a-z1-9]\b"
)
_ARGUED = re.compile(rf"\s+{BEHIND_LABEL}")


@lru_cache(maxsize=256)
def label_pattern(letters: str) -> re.Pattern[str]:
    """A label where a value is expected, with what may stand before it and brackets around it."""
    both = re.escape(letters + letters.lower())
    return re.compile(
        rf"[\s\"':=>#,~-]{{0,16}}(?i:(?P<noun>{LABEL_NOUN})\s?[:#]?\s?){{0,2}}[\s\"']{{0,4}}(?i:(?:b"
        rf"oth|either)\s)?(?P<open>[(\[<]?)\s{{0,6}}[\"']?"
        rf"(?P<label>[{both}])[\"']?\s{{0,6}}(?P<close>[)\]>]?)(?![A-Za-z0-9À-ɏ]|[+&](?![{both}](?!\w))|-[a-z0-9]|"
        rf"'[a-z]|\.\d|\.[A-Z]\.|\s?[=≡]\s?[A-Z](?![A-Za-z])|{NOT_BEHIND})"
    )


class Label(NamedTuple):
    """A label where a value stands; `shown` by brackets or a noun to be one."""

    name: str
    start: int
    end: int
    shown: bool


def label_at(reply: ChoiceReply, at: int, end: int) -> Label | None:
    """The label that stands at `at`; a bare A or I only where it is no word."""
    options, letters = reply.options, reply.options.letters
    found = label_pattern(letters).match(reply.text, at, end) if letters else None
    if not found:
        return None
    if _KEY.match(reply.text, found.start("label") - 1):
        return None
    bracketed = bool(found["open"] and found["close"])
    shown = bracketed or bool(found["noun"])
    label, after = found["label"], found.end()
    closed = bool(found["close"]) or bool(_PAUSE.match(reply.text, after, end + 1))
    if label not in letters:
        label = label.upper()
        marked = bracketed or (label != "I" and (closed or found["noun"]))
        if not marked or label not in letters:
            return None
    elif label in "AI" and not (shown or closed or _goes_on(reply.low, after)):
        line = line_end(reply.text, after)
        own = options.at(reply.low, after, line)
        if not (own and own.label == label) and options.begun(reply.low, after, line) != label:
            return None
    return Label(label, found.start("label"), after, shown)


def _goes_on(low: str, at: int) -> bool:
    """Whether a reason, a remark or another label follows: "A because ...", "A (8)", "A / B"."""
    return any(pattern.match(low, at) for pattern in (_ARGUED, _REMARKED, _JOINED))
