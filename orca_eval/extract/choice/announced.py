"""Which option stands where an answer is announced: one, several, none, or no option at all."""

import re
from functools import lru_cache, partial
from typing import NamedTuple

from orca_eval.extract.choice.exact import announced_text, exact_option
from orca_eval.extract.choice.options import TextMatch
from orca_eval.extract.choice.reply import ChoiceReply
from orca_eval.extract.reply import Place
from orca_eval.extract.reply.cues import BEHIND_LABEL, JOINED, LABEL_NOUN, NO_ANSWER, VERB
from orca_eval.extract.reply.numbers import find_numbers, whole_number, word_number
from orca_eval.extract.reply.text import ALPHANUMERIC, behind, line_end, sentence_end
from orca_eval.extract.rule import Claim, last_claim

_NEGATED = re.compile(
    r"[\s\"'(]{0,4}(?:definitely |certainly |clearly |probably |obviously )?(?:not|n't|never|"
    r"neither|nicht)\b(?! sure)"
)
_INSTEAD = re.compile(
    r"\b(?:but|rather|instead|it is|it's|sondern|sino|mais)\b(?: rather|"
    r" instead)?(?: it is| it's| is)?[\s,:\"'(]{1,3}"
)
_NOT_LISTED = re.compile(
    r"[\s\"':]{0,6}(?:option |choice |letter )?[(\[]?([A-Z])[)\].:](?![\w(])|"
    r"[\s\"':]{0,6}(?:option |choice |letter )?([A-Z])(?=\s*(?:$|[.,;\n]))"
)

# The text in another script is denied, one of several, or but the beginning of a row of items.
_JOINED_BEHIND = re.compile(
    rf"\s?{JOINED['between']}{JOINED['denial']}|\s?{JOINED['join']}|[①-⑳]|以外|之外|除外"
)
_RUN = re.compile(r"[\s\"'(\[]{0,4}([A-J]{2,10})(?![\w+-])")  # "ACD": labels with nothing between


@lru_cache(maxsize=256)
def _label_pattern(letters: str) -> re.Pattern[str]:
    """A label where a value is expected, with what may stand before it and brackets around it."""
    both = re.escape(letters + letters.lower())
    return re.compile(
        rf"[\s\"':=>#,~-]{{0,16}}(?i:(?P<noun>{LABEL_NOUN})\s?[:#]?\s?){{0,2}}[\s\"']{{0,4}}(?i:(?:b"
        rf"oth|either)\s)?(?P<open>[(\[<]?)\s{{0,6}}[\"']?"
        rf"(?P<label>[{both}])[\"']?\s{{0,6}}(?P<close>[)\]>]?)(?![A-Za-z0-9À-ɏ+&]|-[a-z0-9]|"
        rf"'[a-z]|\.\d|\.[A-Z]\.)"
    )


@lru_cache(maxsize=256)
def _another_pattern(letters: str) -> re.Pattern[str]:
    """A second label joined to the first: "A and B", "(A)/(C)", "A, B". Not "B, and A is wrong"."""
    some = re.escape(letters)
    return re.compile(
        rf"[)\]\"'.\s]{{0,4}}(?:,?\s?(?:and|or|&|/|und|oder|y|o|e|et|ou|{JOINED['join']}|"
        rf"as well as|and/or|along with)(?:,\s[^,\n]{{0,30}},)?|,)\s?(?:(?:also|both|option|choice|"
        rf"possibly|maybe|perhaps|answer)s?\s|{JOINED['noun']}\s?)?"
        rf"[(\[\"']{{0,2}}(?P<label>[{some}])(?P<close>[)\]\"']{{0,2}})(?![A-Za-z0-9À-ɏ'])(?!\s"
        rf"{{1,2}}(?!and\b|or\b)[a-z]+|[)\]\"']{{1,2}}\s{VERB}\b)|"
        rf"[)\]\"'.\s]{{0,4}}(?:,?\s?(?:and|or|&|/|und|oder|{JOINED['join']})|,)\s?(?:(?:option|"
        rf"choice)s?\s)?[(\[\"']{{0,2}}(?P<label2>[{some}])[)\]\"']{{0,2}}\s(?:both|together|"
        rf"depending|because|since|as)\b|\s(?:and|or)\s(?:(?:option|"
        rf"choice)s?\s)?[(\[]?(?P<label3>[{some}])[)\]]?\s(?:are|seem|could|might|may)\b"
    )


# A letter of another script ends a label as a pause does: it makes a bare A no article.
_PAUSE = re.compile(
    r"\s*(?:$|[.,;:!?)\]\n\"'/&。，；、]|-\s)|\s?[\u0400-\u1fff\u3040-\u30ff\u3400-\ud7ff]"
)
_ARGUED = re.compile(rf"\s+{BEHIND_LABEL}")
_AFTER_LABEL = re.compile(r"[\s\"'):.,\]>]{0,8}(?:-{1,2}\s{1,3})?(?:\n\s{0,3})?")
_LABEL_FOLLOWS = re.compile(
    r"[\s\"']{0,4}(?:,\s?)?(?:which is\s|that is,?\s|i\.e\.,?\s)?(?:[(\[]\s?(?i:(?:option|"
    r"choice|answer|letter)\s?)?|(?i:(?:option|choice|answer|letter)\s))"
)
_JOINED = re.compile(r"[\s\"']{0,3}(?:,?\s?(?:and|or|/)\s)(?:the\s|both\s|either\s)?")
_LISTED = re.compile(r"[\s\"']{0,3}(?:,?\s?(?:and|or|/)\s|,\s)")
_LEAD = re.compile(r"[\s\"':]{0,4}(?:the\s)?(?:option|choice|answer)\s?[:\"']{0,2}\s")
_GATHERS = re.compile(r"[\s\"'(]{0,4}(?:both|all|none|neither|either)\b")
_DEPENDS = re.compile(
    r"[)\]\"']{0,2}\s(?:if|unless)\s[^.\n]{1,120}\b(?:otherwise|or else|if not)\b"
)
_THROUGH = re.compile(
    r"[)\]\"']{0,2}\s?(?:through|thru|to|-|–|until|"
    r"bis)\s?[(\[\"']{0,2}[A-Z1-9][)\]\"']{0,2}(?![A-Za-z])"
)
_DENYING = re.compile(
    r"(?:incorrect|wrong|other|another|\bnot (?:the|a|an)|n't (?:the|a|an)|cannot|can't|"
    r"\bnot|never|n't|\bto|\bnor)\s(?:be\s)?(?:the\s)?$"
)


class Label(NamedTuple):
    """A label where a value stands; `shown` by brackets or a noun to be one."""

    name: str
    start: int
    end: int
    shown: bool


def last_announced(reply: ChoiceReply, places: list[Place], *, loose: bool = False) -> Claim | None:
    """The last option announced at these places. With `loose` the rest of the sentence is searched
    too, for "the answer is a city ..., option B".
    """
    return last_claim(places, partial(_announced, reply, loose=loose))


def _announced(
    reply: ChoiceReply, at: int, value: int, end: int | None, *, loose: bool
) -> Claim | None:
    """What the cue at `at` announces at `value`: an option word for word, or what is read there."""
    exact = announced_text(reply.raw, reply.low, at, value, end)
    label = exact_option(exact, reply.options.pairs)
    if label is None and "\\" in exact and reply.options.numeric:
        number = whole_number(exact)
        label = None if number is None else reply.options.numeric.get(number)
    if label:
        stop = line_end(reply.text, value, 2000) if end is None else end
        return None if _denied(reply, at) else Claim(label, at, stop)
    claim = value_at(reply, value, end, loose=loose)
    if claim is None or _denied(reply, at) or reply.asked(claim.end, 30):
        return None
    return claim._replace(start=at)


def _denied(reply: ChoiceReply, at: int) -> bool:
    """Whether the statement at `at` is supposed, someone else's, or about a wrong answer."""
    left = reply.low[max(reply.start, at - 24) : at]
    return reply.hypothetical(at) or bool(_DENYING.search(left))


def value_at(  # noqa: PLR0911 - a list of decisions
    reply: ChoiceReply, at: int, end: int | None = None, *, loose: bool = False
) -> Claim | None:
    """The claim made by the value that begins at `at` and ends with its line, or at `end`.

    None where nothing is claimed: the words are no answer, or they only deny one.
    """
    low, options = reply.low, reply.options
    stop = line_end(reply.text, at) if end is None else end
    found = options.at(low, at, stop) if _GATHERS.match(low, at) else None
    label = None if found else label_at(reply, at, stop)
    if label:
        return _labelled(reply, label, stop)
    at = behind(_LEAD, low, at, stop)
    found = found or options.at(low, at, stop)
    if found:
        return _texted(reply, found, stop)
    run = _RUN.match(reply.text, at, stop)
    if run and "".join(sorted(set(run[1]) & set(options.letters))) == run[1]:
        return Claim(None, at, run.end(), "several_options")
    nothing = NO_ANSWER.match(low, at, stop)
    if nothing:
        return Claim(None, at, nothing.end(), "none_of_the_options")
    negated = _NEGATED.match(low, at, stop)
    if negated:
        return _negated(reply, negated.end(), stop, end)
    foreign = _NOT_LISTED.match(reply.text, at, stop)
    letters = options.letters
    if foreign and letters.isalpha() and (foreign[1] or foreign[2]) not in letters + "I":
        return Claim(None, at, foreign.end(), "not_an_option")
    begun = options.begun(low, at, stop)
    if begun:
        return Claim(begun, at, stop)
    joined = options.joined(low, at)
    if joined and not _JOINED_BEHIND.match(low, joined.end):
        return Claim(joined.label, at, joined.end)
    return _valued(reply, at, stop) or (_within(reply, at) if loose else None)


def label_at(reply: ChoiceReply, at: int, end: int) -> Label | None:
    """The label that stands at `at`; a bare A or I only where it is no word."""
    options, letters = reply.options, reply.options.letters
    found = _label_pattern(letters).match(reply.text, at, end) if letters else None
    if not found:
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
    elif label in "AI" and not (shown or closed or _ARGUED.match(reply.low, after)):
        line = line_end(reply.text, after)
        own = options.at(reply.low, after, line)
        if not (own and own.label == label) and options.begun(reply.low, after, line) != label:
            return None
    return Label(label, found.start("label"), after, shown)


def _negated(reply: ChoiceReply, at: int, stop: int, end: int | None) -> Claim | None:
    """What stands behind "not": another option instead, or a word whose opposite is claimed."""
    instead = _INSTEAD.search(reply.low, at, sentence_end(reply.text, at))
    if instead:
        return value_at(reply, instead.end(), end)
    found = reply.options.at(reply.low, at, stop)
    other = reply.options.opposite(found.label) if found and found.label else None
    return Claim(other, found.start, found.end) if found and other else None


def _labelled(reply: ChoiceReply, label: Label, stop: int) -> Claim | None:
    """The claim of a label, unless a text begins with it or other labels stand behind it."""
    text, low, options = reply.text, reply.low, reply.options
    name, start, after, shown = label
    if not shown and low[after : after + 1] == " ":  # "C Lewis", "A black dog"
        full = options.at(low, start, stop)
        if full and full.length > 1 and full.whole and full.label:
            return Claim(full.label, full.start, full.end)
    if _THROUGH.match(text, after):
        return None
    if _DEPENDS.match(low, after):
        return Claim(None, start, after, "several_options")
    row, row_end = _row(reply, name, after)
    if len(row) > 1:
        echo = len(row) == len(options.letters) > 2  # "A, B, C or D"
        return None if echo else Claim(None, start, row_end, "several_options")
    return _label_with_text(reply, label, stop)


def _label_with_text(reply: ChoiceReply, label: Label, stop: int) -> Claim | None:
    """The claim of a label, which the text behind it may be its own or contradict."""
    text, low, options = reply.text, reply.low, reply.options
    name, start, after, _ = label
    rest = behind(_AFTER_LABEL, text, after)
    stop = max(stop, line_end(text, rest))
    if "\n" in text[after:rest] or not ALPHANUMERIC.search(text, rest, stop):
        return Claim(name, start, after)  # the next line is no part of the value
    if options.stands_alone(name, low, rest):
        return Claim(name, start, stop)
    own = options.at(low, rest, stop)
    if own and own.label == name:
        return Claim(name, start, own.end)
    if own and own.label is not None and own.whole and options.begun(low, rest, stop) != name:
        return _conflict(name, own.label, start, own.end)
    return Claim(name, start, after)


def _conflict(letter: str, text: str, start: int, end: int) -> Claim:
    """The void claim of a letter beside the text of the other label `text`."""
    return Claim(None, start, end, "letter_text_conflict", (letter, text))


def _row(reply: ChoiceReply, name: str, after: int) -> tuple[set[str], int]:
    """The labels of a row that begins with the label `name`, and the end of the second."""
    pattern = _another_pattern(reply.options.letters)
    names, ends = {name}, [after]
    while found := pattern.match(reply.text, ends[-1]):
        label = found["label"] or found["label2"] or found["label3"]
        if len(ends) == 1 and label == name:
            break
        names.add(label)
        ends.append(found.end())
    return names, ends[:2][-1]


def _texted(reply: ChoiceReply, found: TextMatch, stop: int) -> Claim | None:
    """The claim of an option's text, and of a label or a second text behind it."""
    letters, (label, start, end, _, _) = reply.options.letters, found
    if label is None:
        return Claim(None, start, end, "several_options")
    shown = _LABEL_FOLLOWS.match(reply.text, end, stop) if letters else None
    other = _label_pattern(letters).match(reply.text, shown.end(), stop) if shown else None
    if other and other["label"] in letters and other["label"] != label:
        return _conflict(other["label"], label, start, other.end())
    joined = (_JOINED if letters else _LISTED).match(reply.low, end, stop)
    second = reply.options.at(reply.low, joined.end(), stop) if joined else None
    if second and second.label != label and second.whole:
        return Claim(None, start, second.end, "several_options")
    return Claim(label, start, end)


def _valued(reply: ChoiceReply, at: int, stop: int) -> Claim | None:
    """The option of that value, where all options are numbers ("385" for "385.0")."""
    values = reply.options.numeric
    if not values:
        return None
    numbers = find_numbers(reply.text, at, min(stop, sentence_end(reply.text, at)))
    word = None if numbers else word_number(reply.text, at, min(stop, at + 30))
    numbers = [word] if word else numbers
    if len(numbers) == 1 and numbers[0].start - at < 24 and values.get(numbers[0].value):
        return Claim(values[numbers[0].value], numbers[0].start, numbers[0].end)
    return None


def _within(reply: ChoiceReply, at: int) -> Claim | None:
    """The one option that the rest of the sentence names, by text or as "option B"."""
    letters = re.escape(reply.options.letters)
    if not letters:
        return None
    end = sentence_end(reply.text, at)
    pattern = (
        rf"(?i:\b(?:option|choice|answer|letter))\s?[(\"'\[]{{0,2}}([{letters}])(?![\w'])"
        rf"|[(\[]([{letters}])[)\]]"
    )
    named = {m[1] or m[2]: m.span() for m in re.finditer(pattern, reply.text[at:end])}
    if not named:
        texts = reply.options.scan(reply.low[at:end])
        named = {text.label: (text.start, text.end) for text in texts if text.label}
    if len(named) != 1:
        return None
    ((label, (start, stop)),) = named.items()
    return Claim(label, at + start, at + stop)
