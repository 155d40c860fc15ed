"""Values that are an option word for word: nothing is read into them, so they come first.

Other rules read an option text in the light of what it says: as a question, as a refusal, as two
letters. Where the whole value is the text of one option, it is that option whatever it says.
"""

import re
from collections.abc import Mapping, Sequence

from orca_eval.extract.reply.parts import Part
from orca_eval.extract.reply.text import line_end
from orca_eval.extract.rule import Claim

Pairs = Sequence[tuple[str, str]]
"""Labels and texts."""

_MARKED = re.compile(r"[#*_>\-\s]{0,12}(?:my |the |so,? the )?final answer[\s*_]{0,4}(?:is)?\s?:")
_DRESS = " \t\n*`$\"'“”‘’{}"
_BRACKETED = _DRESS + "()[]<>."
_LAYOUT = re.compile(r"\[(?:header|title|step|substeps)\]")
_WORD = re.compile(r"\w+")
_LONGEST = 2000
_DRESSED = 16  # characters that a value may have around the option's text


def last_line(part: Part, options: Mapping[str, str]) -> Claim | None:
    """The option that the last line marks as final: what comes last, nothing takes back."""
    raw = part.raw
    end = len(raw.rstrip())
    start = raw.rfind("\n", 0, end) + 1
    marked = _MARKED.match(part.low, start, end) if end - start < _LONGEST else None
    if not marked:
        return None
    label = exact_option(raw[marked.end() : end].strip(), tuple(options.items()))
    return None if label is None else Claim(label, start, end)


def whole_reply(part: Part, options: Mapping[str, str]) -> Claim | None:
    """The option whose text is all that the reply says; a label alone is no text, although it may
    be that of another option.
    """
    raw = part.raw
    value = raw.strip() if len(raw) < _LONGEST else ""
    label = None if value in options else option_with_text(value, tuple(options.items()))
    return None if label is None else Claim(label, 0, len(raw))


def exact_option(value: str, pairs: Pairs) -> str | None:
    """The label that `value` is, in brackets or not, or whose text it is."""
    if len(value) < _DRESSED:
        labels = [label for label, _ in pairs]
        inner = value.strip(_BRACKETED)
        if inner in labels and not any(text == value != inner for _, text in pairs):
            return inner
    return option_with_text(value, pairs)


def option_with_text(value: str, pairs: Pairs) -> str | None:
    """The one label whose text `value` is: as it stands, else apart from quotes, stop and case.

    Of an ending with HellaSwag's layout marks, which no prompt prints, the words are compared.
    """
    if "[" in value and len(value) < _LONGEST and _LAYOUT.search(value):
        value, pairs = _words(value), [(label, _words(text)) for label, text in pairs]
    if len(value) > _DRESSED and len(value) > _DRESSED + max([len(text) for _, text in pairs]):
        return None
    bare = _bare(value)
    labelled = not bare or any(bare.upper() == label for label, _ in pairs)
    for fold in (str,) if labelled else (str, _bare, str.lower):
        value, pairs = fold(value), [(label, fold(text)) for label, text in pairs]
        found = [label for label, text in pairs if text == value]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _bare(text: str) -> str:
    return " ".join(text.split()).strip(_DRESS).rstrip(". ")


def _words(text: str) -> str:
    return " ".join(_WORD.findall(_LAYOUT.sub(" ", text)))


def announced_text(raw: str, low: str, at: int, value: int, end: int | None) -> str:
    """What is announced at `value` by the cue at `at`, with the marks and words a cue skips."""
    colon = low.rfind(":", at, value)
    if colon >= 0:
        begin = colon + 1
    else:
        begin = value
        while begin > at and not raw[begin - 1].isalnum() and end is None:
            begin -= 1
    return raw[begin : line_end(raw, value, _LONGEST) if end is None else end].strip()
