"""Which option stands where an answer is announced: one, several, none, or no option at all."""

import re
from functools import partial

from orca_eval.extract.choice.exact import announced_text, exact_option
from orca_eval.extract.choice.judged import judged_at
from orca_eval.extract.choice.labels import Label, label_at, label_pattern
from orca_eval.extract.choice.options import TextMatch
from orca_eval.extract.choice.reply import ChoiceReply
from orca_eval.extract.choice.several import joined_options, option_below, row_of
from orca_eval.extract.choice.values import option_alone, option_valued
from orca_eval.extract.reply import Place
from orca_eval.extract.reply.cues import JOINED, NO_ANSWER
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
_NEAR = 40
_BETWEEN_MARKS = re.compile(
    r"(?:[\s{}$*,;/&|.-]|\\(?:text|quad|[,; ()\[\]])|</\w{1,16}>"
    r"|\b(?:and|or|also|und|oder|et|ou|y|o)\b)*",
    re.IGNORECASE,
)
_WRONG = re.compile(r"wrong|\bout\b|incorrect|false|\bno|n't|invalid|excluded|eliminated|[✗✘❌❎×]")
_ROW = r"(?:[)\]\"']{0,2},?\s(?:and\s|or\s)?[(\[]?[a-z1-9][)\]]?(?![a-z0-9'])){1,8}"
_CALLED_WRONG = re.compile(
    rf"(?:{_ROW}[)\]\"']{{0,2}}\s(?:are|were|seem|look|aren't)|[)\]\"'.]{{0,2}}"
    rf"(?:\s?\([^()\n]{{0,80}}\))?(?: {{1,16}}|\s)"
    rf"(?:is|are|was|were|must be|seems?|looks?|isn't|aren't|wasn't))\s"
    rf"(?:(?:clearly|definitely|also|both|all|therefore|simply|probably|just)\s){{0,2}}"
    rf"(?:(?<!n't )(?:incorrect|wrong|false|invalid|ruled out|eliminated|excluded|out\b)"
    rf"|(?:(?<=n't )|not\s)(?:the\s)?(?:right|correct|true|valid|answer|best)\b)"
)
_MARKED_WRONG = re.compile(
    r"[)\]\"']{0,2} {0,3}[:=(,-]? {0,2}[\"']?(?:(?:no|wrong|incorrect|false|nope|not correct"
    r"|not right)(?=[\"')\s]*(?:$|[,.;!|)\n]))|[✗✘❌❎×])"
)
_OVER = re.compile(r"[)\]\"']{0,2}\s*(?:$|[.;!\n])")
_TOGETHER = re.compile(r"[\s\"'(\[]{0,6}([A-Z]{2,10})(?![\w+-])")
_LINE_ENDS = re.compile(r"[\s\"')\].]{0,16}(?:\n|$)")
_COMMA = re.compile(r"[)\]\"']{0,2} ?[,;] ?")
_ITEM = re.compile(r"\n{1,2} {0,4}[(\[]?([A-Z])[).\]:] ")
_AFTER_LABEL = re.compile(r"[\s\"'):.,\]>]{0,8}(?:-{1,2}\s{1,3})?(?:\n\s{0,3})?")
_LABEL_FOLLOWS = re.compile(
    r"[\s\"']{0,4}(?:,\s?)?(?:which is\s|that is,?\s|i\.e\.,?\s)?(?:[(\[]\s?(?i:(?:option|"
    r"choice|answer|letter)\s?)?|(?i:(?:option|choice|answer|letter)\s))"
)
_LEAD = re.compile(r"[\s\"':]{0,4}(?:the\s)?(?:option|choice|answer)\s?[:\"']{0,2}\s")
_GATHERS = re.compile(r"[\s\"'(]{0,4}(?:both|all|none|neither|either)\b")
_DEPENDS = re.compile(
    r"[)\]\"']{0,2}\s(?:if|unless)\s[^.\n]{1,120}\b(?:otherwise|or else|if not)\b"
)
_THROUGH = re.compile(
    r"[)\]\"']{0,2}\s?(?:\([^()\n]{1,40}\)\s)?(?:through|thru|to|-|–|until|"
    r"bis)\s?[(\[\"']{0,2}(?P<last>[A-Z1-9])[)\]\"']{0,2}(?![A-Za-z])"
)
_DENYING = re.compile(
    r"(?:incorrect|wrong|other|another|\bnot (?:the|a|an)|n't (?:the|a|an)|cannot|can't|"
    r"\bnot|never|n't|\bto|\bnor)\s(?:be\s)?(?:the\s)?$|"
    r"(?:cannot|can't|unable to|not able to|won't)\s(?:\w+\s){0,2}(?:an?|any|this|that|your)\s"
    r"(?:\w+\s)?$"
)


def last_announced(reply: ChoiceReply, places: list[Place], *, loose: bool = False) -> Claim | None:
    """The last option announced at these places. With `loose` the rest of the sentence is searched
    too, for "the answer is a city ..., option B".
    """
    if not places:
        return None
    announced = partial(_announced, reply, loose=loose)
    last = last_claim(places, announced)
    beside = _beside(reply, places, last) if last and last.answer and len(places) > 1 else None
    other = announced(*beside) if beside else None
    if last and other and other.answer != last.answer:
        return Claim(None, other.start, last.end, "several_options")
    return last


def _beside(reply: ChoiceReply, places: list[Place], claim: Claim) -> Place | None:
    """The place of a closed mark that nothing but a joining word sets apart from the claim's."""
    for place in places:
        end = place[2] or claim.end
        if end <= claim.start <= end + _NEAR and _BETWEEN_MARKS.fullmatch(
            reply.raw, end, claim.start
        ):
            return place
    return None


def _announced(
    reply: ChoiceReply, at: int, value: int, end: int | None, *, loose: bool
) -> Claim | None:
    """What the cue at `at` announces at `value`: an option word for word, or what is read there."""
    exact = announced_text(reply.raw, reply.low, at, value, end)
    label = None if exact.startswith("..") else exact_option(exact, reply.options.pairs)
    if label is None and "\\" in exact and reply.options.numeric:
        valued = option_alone(reply, value, line_end(reply.text, value) if end is None else end)
        label = valued.answer if valued else None
    if label:
        stop = line_end(reply.text, value, 2000) if end is None else end
        if _denied(reply, at):
            return None
        below = option_below(reply, stop) if end is None else None
        if below and below != label:
            return Claim(None, at, line_end(reply.text, stop + 1), "several_options")
        return Claim(label, at, stop)
    claim = value_at(reply, value, end, loose=loose)
    if claim is None or _denied(reply, at) or reply.asked(claim.end, 30):
        return None
    return claim._replace(start=at)


def _denied(reply: ChoiceReply, at: int) -> bool:
    """Whether the statement at `at` is supposed, someone else's, or about a wrong answer."""
    left = reply.low[max(reply.start, at - 40) : at]
    return reply.hypothetical(at) or bool(_DENYING.search(left))


def value_at(  # noqa: PLR0911 - a list of decisions
    reply: ChoiceReply, at: int, end: int | None = None, *, loose: bool = False
) -> Claim | None:
    """The claim made by the value that begins at `at` and ends with its line, or at `end`.

    None where nothing is claimed: the words are no answer, or they only deny one.
    """
    low, options = reply.low, reply.options
    stop = line_end(reply.text, at) if end is None else end
    judged = judged_at(reply, at, end)
    if judged:
        return judged
    found = options.at(low, at, stop) if _GATHERS.match(low, at) else None
    label = None if found else label_at(reply, at, stop)
    if label:
        if _lists_others(reply, label, stop):
            return None
        if called_wrong(reply, label.end, stop):
            return _left_standing(reply, label.start, stop)
        return _labelled(reply, label, stop)
    at = behind(_LEAD, low, at, stop)
    found = found or options.at(low, at, stop)
    if found:
        if found.label and called_wrong(reply, found.end, stop):
            return _left_standing(reply, found.start, stop)
        return _texted(reply, found, stop)
    together = _run_together(reply, at, stop)
    return together or _unnamed(reply, at, stop, end, loose=loose)


def _unnamed(
    reply: ChoiceReply, at: int, stop: int, end: int | None, *, loose: bool
) -> Claim | None:
    """The claim of a value that begins with no label and with no whole text of an option."""
    low, options = reply.low, reply.options
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
    return option_valued(reply, at, stop) or (_within(reply, at) if loose else None)


def _run_together(reply: ChoiceReply, at: int, stop: int) -> Claim | None:
    """Labels with nothing between them: in their order, or alone on the line."""
    run = _TOGETHER.match(reply.text, at, stop)
    letters = sorted(set(run[1]) & set(reply.options.letters)) if run else []
    if not run or len(letters) < len(run[1]):
        return None
    alone = "".join(letters) == run[1] or _LINE_ENDS.match(reply.text, run.end())
    return Claim(None, at, run.end(), "several_options") if alone else None


def called_wrong(reply: ChoiceReply, after: int, stop: int) -> bool:
    """Whether the option that ends at `after`, alone or in a row, is called wrong right there."""
    low, options = reply.low, reply.options
    if not _WRONG.search(low, after, stop + 1):
        return False
    own = options.at(low, after, stop)
    if own and own.start - after < _NEAR // 8:
        after = own.end
    return bool(_CALLED_WRONG.match(low, after)) or (
        not options.verdicts and bool(_MARKED_WRONG.match(low, after))
    )


def _left_standing(reply: ChoiceReply, start: int, stop: int) -> Claim | None:
    """The one option that the text up to `stop` calls right, or else the one not called wrong."""
    named = [m for m in reply.mentions if start <= m.start < stop]
    out = {m.label for m in named if m.verdict == "denied"}
    right = [m for m in named if m.verdict == "affirmed"]
    right = right or [m for m in named if m.label not in out]
    labels = {m.label for m in right}
    if len(labels) > 1:
        return Claim(None, start, right[-1].end, "several_options")
    return Claim(right[-1].label, right[-1].start, right[-1].end) if right else None


def _negated(reply: ChoiceReply, at: int, stop: int, end: int | None) -> Claim | None:
    """What stands behind "not": another option instead, or a word whose opposite is claimed."""
    instead = _INSTEAD.search(reply.low, at, sentence_end(reply.text, at))
    if instead:
        return value_at(reply, instead.end(), end)
    denied = label_at(reply, at, stop)
    comma = _COMMA.match(reply.low, denied.end, stop) if denied else None
    other = label_at(reply, comma.end(), stop) if comma else None
    if other and _OVER.match(reply.low, other.end):  # "not A, B"
        return Claim(other.name, other.start, other.end)
    found = reply.options.at(reply.low, at, stop)
    opposite = reply.options.opposite(found.label) if found and found.label else None
    return Claim(opposite, found.start, found.end) if found and opposite else None


def _lists_others(reply: ChoiceReply, label: Label, stop: int) -> bool:
    """Whether the label heads a list: words that are no option's behind it, and an item below."""
    text, low, options = reply.text, reply.low, reply.options
    if not _ITEM.match(text, stop) or not ALPHANUMERIC.search(text, label.end, stop):
        return False
    return not (options.at(low, label.end, stop) or options.begun(low, label.end, stop))


def _labelled(reply: ChoiceReply, label: Label, stop: int) -> Claim | None:
    """The claim of a label, unless a text begins with it or other labels stand behind it."""
    text, low, options = reply.text, reply.low, reply.options
    name, start, after, shown = label
    if not shown and low[after : after + 1] == " ":  # "C Lewis", "A black dog"
        full = options.at(low, start, stop)
        if full and full.length > 1 and full.whole and full.label:
            return Claim(full.label, full.start, full.end)
    through = _THROUGH.match(text, after)
    if through and through["last"] > name:
        return None
    if _DEPENDS.match(low, after):
        return Claim(None, start, after, "several_options")
    row, row_end = row_of(reply, name, after)
    if len(row) > 1 and not options.stands_alone(name, low, behind(_AFTER_LABEL, text, after)):
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
    own_end = own.end if own and own.label == name else after
    joined = joined_options(reply, name, own_end, stop)
    if joined:
        return Claim(None, start, joined, "several_options")
    if own and own.label == name:
        return Claim(name, start, own.end)
    if own and own.label is not None and own.whole and options.begun(low, rest, stop) != name:
        return conflict(name, own.label, start, own.end)
    return Claim(name, start, after)


def conflict(letter: str, text: str, start: int, end: int) -> Claim:
    """The void claim of a letter beside the text of the other label `text`."""
    return Claim(None, start, end, "letter_text_conflict", (letter, text))


def _texted(reply: ChoiceReply, found: TextMatch, stop: int) -> Claim | None:
    """The claim of an option's text, and of a label or a second text behind it."""
    letters, (label, start, end, _, _) = reply.options.letters, found
    if label is None:
        return Claim(None, start, end, "several_options")
    shown = _LABEL_FOLLOWS.match(reply.text, end, stop) if letters else None
    other = label_pattern(letters).match(reply.text, shown.end(), stop) if shown else None
    if other and other["label"] in letters and other["label"] != label:
        return conflict(other["label"], label, start, other.end())
    joined = joined_options(reply, label, end, stop)
    return Claim(None, start, joined, "several_options") if joined else Claim(label, start, end)


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
