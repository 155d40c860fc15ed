"""Options that stand in a row: joined by a word or a mark, side by side, or on the next line."""

import re
from functools import lru_cache
from typing import NamedTuple

from orca_eval.extract.choice.labels import label_at
from orca_eval.extract.choice.reply import ChoiceReply
from orca_eval.extract.reply.cues import JOINED, VERB
from orca_eval.extract.reply.text import behind, line_end

_AND = "and/or|and|or else|or|und|oder|y|o|e|et|ou|as well as|along with|plus|then"
_SPACED_AND, _SPACED_VERB = (words.replace(" ", r"\ ") for words in (_AND, VERB))
_JOIN, _NOUN = (JOINED[name].replace(" ", r"\ ") for name in ("join", "noun"))
_JOINER = re.compile(
    rf"[)\]\"'.]{{0,3}} {{0,8}}(?:[,;]? ?(?:[&/]|\b(?:{_AND})\b)|[,;+|]) {{0,8}}"
    r"(?:(?:the|both|either|also|maybe|perhaps|possibly) ){0,2}"
)
JOINED_END = re.compile(rf"\s*(?:$|[.,;:!?)\]\n\"'/&(]|(?:and|or|und|oder)\b|(?!{VERB}\b)-\s)")
_ARE = re.compile(rf"[)\]\"']{{0,2}}\s(?:both |all )?{VERB}\b")
_REMARK = re.compile(r" ?\([^()\n]{1,60}\)")
_MOST, _LINE = 12, 200


@lru_cache(maxsize=256)
def _another_pattern(letters: str) -> re.Pattern[str]:
    """A second label joined to the first: "A and B", "(A)/(C)", "A, B", "A  B". Not "B, and A is
    wrong".
    """
    some = re.escape(letters)
    beside = rf"""|[)\]"']{{0,2}}[ ]{{1,8}}[(\["']{{0,2}}(?P<label4>[{some}])[)\]"']{{0,2}}
        (?=[ ]{{0,8}}(?:[.,;!\n]|\Z|[(\["']{{0,2}}[{some}](?![\w'])))
        |[ ]{{0,4}}\n?[ ]{{0,4}}(?P<label5>[{some}])(?=[ ]{{0,4}}(?:\n|\Z))
        |(?<=[)\]])[(\[](?P<label6>[{some}])[)\]]"""
    return re.compile(
        rf"""[)\]"'.…\s]{{0,8}}(?:[,;]?\s?(?:{_SPACED_AND}|[&/]|{_JOIN})
        (?:,\s[^,\n]{{0,30}},)?|[,;+|])[ ]{{0,8}}
        (?:(?:also|both|option|choice|possibly|maybe|perhaps|answer|then)s?\s|{_NOUN}\s?){{0,2}}
        [(\["']{{0,2}}(?P<label>[{some}])[)\]"']{{0,2}}(?![A-Za-z0-9À-ɏ'])
        (?!\s{{1,2}}(?!and\b|or\b)[a-z]+|(?<=[)\]"'])\s{_SPACED_VERB}\b)
        |[)\]"'.\s]{{0,4}}(?:,?\s?(?:and|or|&|/|und|oder|{_JOIN})|,)\s?(?:(?:option|choice)s?\s)?
        [(\["']{{0,2}}(?P<label2>[{some}])[)\]"']{{0,2}}\s
        (?:both|together|depending|because|since|as)\b
        |\s(?:and|or)\s(?:(?:option|choice)s?\s)?[(\[]?(?P<label3>[{some}])[)\]]?\s
        (?:are|seem|could|might|may)\b{beside if letters.isalpha() else ""}""",
        re.VERBOSE,
    )


def option_below(reply: ChoiceReply, end: int) -> str | None:
    """The label of the option that the next line is, by its letter or its text alone."""
    begin = end + 1
    stop = line_end(reply.text, begin)
    if not reply.options.letters or not 0 < stop - begin < _LINE:
        return None
    label = label_at(reply, begin, stop)
    own = None if label else reply.options.at(reply.low, begin, stop)
    name, over = (label.name, label.end) if label else (own.label, own.end) if own else (None, 0)
    return None if reply.text[over:stop].strip(" )].\"'") else name


def said_again(reply: ChoiceReply, name: str, at: int, stop: int) -> bool:
    """Whether the label `name` is joined to itself at `at`: "A and A"."""
    joiner = _JOINER.match(reply.low, at, stop)
    again = label_at(reply, joiner.end(), stop) if joiner else None
    return again is not None and again.name == name


def row_of(reply: ChoiceReply, name: str, after: int) -> tuple[set[str], int]:
    """The labels of a row that begins with the label `name`, and the end of the second."""
    pattern = _another_pattern(reply.options.letters)
    names, ends = {name}, [after]
    while found := pattern.match(reply.text, ends[-1]):
        label = next(filter(None, found.groupdict().values()))
        apart = "\n\n" in reply.text[ends[-1] - 2 : found.end()]
        if apart or (len(ends) == 1 and label == name):
            break
        names.add(label)
        ends.append(found.end())
    return names, ends[:2][-1]


def joined_options(reply: ChoiceReply, name: str, at: int, stop: int) -> int | None:
    """Where others end that are joined at `at` to the option `name`, by label or text; None
    without any, and where a verb follows what a comma joins.
    """
    low, names, several = reply.low, {name}, False
    end = settled = behind(_REMARK, low, at, stop)
    while len(names) < _MOST and (joiner := _JOINER.match(low, end, stop)):
        member = _member(reply, joiner.end(), stop)
        if member is None:
            break
        names.add(member.name)
        end = behind(_REMARK, low, member.end, stop)
        if member.over:
            settled, several = end, len(names) > 1
    return settled if several and not _ARE.match(low, settled) else None


class _Member(NamedTuple):
    """One option of a row; `over` if it is named whole, whatever comes behind."""

    name: str
    end: int
    over: bool


def _member(reply: ChoiceReply, at: int, stop: int) -> _Member | None:
    """The option at `at`, by its label, its text, or both."""
    low, label = reply.low, label_at(reply, at, stop)
    text = reply.options.at(low, label.end if label else at, stop)
    unlike = label is not None and text is not None and text.label != label.name
    over = text is not None and (text.whole or text.end == stop)
    if text and not unlike and (over or _JOINER.match(low, text.end, stop)):
        return _Member(label.name if label else str(text.label), text.end, over)
    if label and JOINED_END.match(low, label.end):
        return _Member(label.name, label.end, over=True)
    return None
