"""Options judged one by one: maps from labels to verdicts or probabilities, and checklists."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, zip_longest
from typing import NamedTuple

from orca_eval.extract.choice.labels import label_at
from orca_eval.extract.choice.reply import ChoiceReply
from orca_eval.extract.reply.text import behind, line_end
from orca_eval.extract.rule import Claim

_RIGHT = frozenset(
    (
        "correct",
        "right",
        "true",
        "yes",
        "valid",
        "selected",
        "accepted",
        "likely",
        "t",
        "y",
        "✓",
        "✔",
        "✅",
        "☑",
    )
)
_WRONG = frozenset(
    ("incorrect", "wrong", "false", "no", "invalid", "not correct", "not selected", "none", "null",
     "rejected",     "eliminated", "ruled out", "unlikely", "impossible",
     "f", "n", "✗", "✘", "❌", "❎", "×")
)  # fmt: skip
_MOST = 40
_OWN_KEY = r"[\"']\w{1,20}[\"']\s?:\s{0,3}"
_GAP = 400  # what may be said about an option before the next is judged
_CHECK = re.compile(
    r"(?:\[\s?(?P<box>[xX✓✔✅]?)\s?\]|\(\s?(?P<round>[xX•]?)\s?\)|(?P<sign>[☐⬜☑☒✅✔✓❌❎✗✘◉🔘●○◯]))"
    r"(?=\ufe0f?[\s*_]{0,6}[(\[]?\w)"
)
_SIGNS = frozenset("☐⬜☑☒✅✔✓❌❎✗✘◉🔘●○◯")
_CHECKED = frozenset("xX•✓✔✅☑☒◉🔘●")
_LEAD = re.compile(r"[\s,>#-]{0,8}(?:json\s{1,4})?")
_JUDGES = re.compile(r"[\s\"'*+>-]{0,12}(?:\[\s?[xX✓✔✅]?\s?\]|[☐⬜☑☒◉🔘○◯])")
_BULLETS = " \t-*_+>.:0123456789\"'#"


# One of these is a word of every reply in ASCII that judges options so, but for "%" and keys.
_WORDS = _RIGHT | {"x", "0", "1"}


def _may_judge(reply: ChoiceReply) -> bool:
    """Whether it may hold what calls one right in a map or a checklist."""
    raw = reply.raw
    return not (
        _WORDS.isdisjoint(reply.words)
        and raw.isascii()
        and "%" not in raw
        and '":' not in raw
        and " ." not in raw
    )


class Judged(NamedTuple):
    """An option and how much speaks for it: 1 for right, 0 for wrong, or a probability."""

    label: str
    share: float
    start: int
    end: int
    number: bool = False
    mark: str = ""


_LONG = sorted((word for word in _RIGHT | _WRONG if len(word) > 1 or not word.isalpha()), key=len)
_SAID = (
    rf"(?:(?P<word>(?i:{'|'.join(map(re.escape, reversed(_LONG)))})|[TFYN](?!\w))"
    r"|(?P<number>\d{1,3}(?:\.\d{1,9})?|\.\d{1,9})\s?(?P<percent>%?))"
)
_QUOTED = re.compile(
    rf"[\"'](?P<label>[^\"'\n:]{{2,80}})[\"']\s?:\s{{0,3}}[\"']?{_SAID}(?=[\s\"')\]]{{0,5}}(?:$|[,;.!|)\n]))"
)


@lru_cache(maxsize=256)
def _entry(letters: str) -> re.Pattern[str]:
    """A label, a sign that leads on, at most a key of its own, and a verdict that ends there."""
    some, low = re.escape(letters), re.escape(letters.lower())
    return re.compile(
        rf"(?<![\w'])(?:[Pp]r?\s?\(|[Oo]ption[\s_]|[Cc]hoice[\s_])?[\"'(\[]?"
        rf"(?P<label>[{some}]|(?<=[\"'])[{low}](?=[\"']))"
        rf"[)\].]?(?:\s(?=0?\.\d|\d[\d.]*\s?%)|"
        rf"(?:\s(?:(?![\s(][{some}]\b)[^:=|\n\"(,;]){{1,60}})?[\"')\]]?\s{{0,3}}"
        rf"(?:(?:[:=|(-]|=>|->|→)\s{{0,3}}(?:{_OWN_KEY})?|,\s?{_OWN_KEY}))[\"']?"
        rf"{_SAID}"
        rf"(?=\s{{0,3}}:|[\s\"')\]]{{0,5}}(?:$|[,;.!|)\n]|-\s|(?:because|since|as)\b|"
        rf"[{some}][\s:=]))"
    )


def each_judged(reply: ChoiceReply, start: int, end: int) -> Claim | None:
    """The one option that is found right, or the likeliest, where text[start:end] judges several;
    void where several are. None where it judges none right.
    """
    if not _may_judge(reply):
        return None
    for found in (_ticked(reply, start, end), _mapped(reply, start, end)):
        if found:
            best = max(one.share for one in found)
            first = [one for one in found if one.share == best]
            if best and len({one.label for one in first}) == 1:
                return Claim(first[0].label, first[0].start, first[0].end)
            if best:
                return Claim(None, found[0].start, found[-1].end, "several_options")
    return None


def judged_at(reply: ChoiceReply, at: int, end: int | None) -> Claim | None:
    """What is judged right where a map or a checklist stands at `at`."""
    if not _may_judge(reply):
        return None
    at -= reply.text[at - 1 : at] in ('"', "'")  # a cue ends behind the quote
    lead = behind(_LEAD, reply.text, at)
    letters = reply.options.letters
    maps = (letters and _entry(letters).match(reply.text, lead)) or _QUOTED.match(reply.text, lead)
    if not maps and not _JUDGES.match(reply.text, at):
        return None
    return each_judged(reply, at, len(reply.text) if end is None else end)


def _entries(reply: ChoiceReply, start: int, end: int) -> Iterator[tuple[str, re.Match[str]]]:
    """The labels that a map has as its keys, or whose texts, and where it says what of them."""
    options = reply.options
    if options.letters:
        for m in _entry(options.letters).finditer(reply.text, start, end):
            yield m["label"].upper(), m
    if '":' not in reply.raw:
        return
    names = {entry.folded: entry.label for entry in options.entries}
    for m in _QUOTED.finditer(reply.text, start, end):
        label = names.get(m["label"].lower())
        if label:
            yield label, m


def _mapped(reply: ChoiceReply, start: int, end: int) -> list[Judged]:
    """The entries of a map from labels to verdicts: two at least, of one kind, near each other.

    Where the options are verdicts themselves, or numbers, only the other counts.
    """
    found: list[Judged] = []
    for label, m in _entries(reply, start, end):
        number = m["number"] is not None
        if reply.options.letters.isdigit() if number else reply.options.verdicts:
            continue
        if found and (m.start() > found[-1].end + _GAP or number != found[-1].number):
            found = []
        if number:
            share = float(m["number"]) / (100 if m["percent"] else 1)
        else:
            share = float(m["word"].lower() in _RIGHT)
        found.append(Judged(label, share, m.start("label"), m.end(), number))
        if len(found) > _MOST:
            return []
    if len({one.label for one in found}) < 2 or (found[0].number and not _shares(reply, found)):
        return []
    return found


def _shares(reply: ChoiceReply, found: list[Judged]) -> bool:
    """Whether the numbers are probabilities: a map's, or those of every option that add up to one
    or are but 0 and 1.
    """
    shares = [one.share for one in found]
    whole = any(0.95 * whole <= sum(shares) <= 1.05 * whole for whole in (1, 100))
    if reply.text[found[0].start - 1 : found[0].start] in ('"', "'"):
        return whole or (max(shares) <= 1 and not reply.options.numeric)
    of_all = {one.label for one in found} == set(reply.options.letters)
    return of_all and (whole or set(shares) == {0, 1})


def _ticked(reply: ChoiceReply, start: int, end: int) -> list[Judged]:
    """The options of a checklist. Where each has the same sign before it, that is but a bullet."""
    found = list(_checked(reply, start, end))
    signs = {one.mark for one in found}
    return [] if len(found) > 1 and len(signs) == 1 and signs < _SIGNS else found


def _checked(reply: ChoiceReply, start: int, end: int) -> Iterator[Judged]:
    """The options of a checklist: a box or sign before each, the first of a line at its start."""
    text, low = reply.text, reply.low
    raw = reply.raw
    marks = list(islice(_CHECK.finditer(raw, start, end), _MOST))
    line_of_last = -1
    for m, following in zip_longest(marks, marks[1:]):
        line = max(text.rfind("\n", start, m.start()) + 1, start)
        if line != line_of_last and raw[line : m.start()].strip(_BULLETS):
            continue
        line_of_last = line
        stop = line_end(text, m.end())
        stop = min(stop, following.start() - 1) if following else stop
        label = label_at(reply, m.end(), stop)
        own = None if label else reply.options.at(low, m.end(), stop)
        name = label.name if label else own.label if own else None
        mark = m["box"] or m["round"] or m["sign"]
        if name:
            yield Judged(name, float(mark in _CHECKED), m.start(), stop, mark=mark or "")
