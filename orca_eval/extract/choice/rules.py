"""The rules for choices, the strongest first in `RULES` at the end."""

import re
from fractions import Fraction
from itertools import groupby

from orca_eval.extract.choice import exact
from orca_eval.extract.choice.announced import conflict, last_announced, value_at
from orca_eval.extract.choice.judged import each_judged
from orca_eval.extract.choice.options import make_options
from orca_eval.extract.choice.reply import ChoiceReply, Mention
from orca_eval.extract.choice.standing import (
    STOPS,
    enumerated,
    is_line,
    is_list,
    opening,
    own_line,
)
from orca_eval.extract.choice.values import option_alone, option_equalled
from orca_eval.extract.choice.verdict import PARTIAL
from orca_eval.extract.number.reply import NumberReply
from orca_eval.extract.number.rules import concluded as concluded_number
from orca_eval.extract.reply.cues import AFFIRMING, CORRECT_IS
from orca_eval.extract.reply.text import sentence_end, sentence_start
from orca_eval.extract.rule import Claim, Example, Kind, rule

_ALTERNATIVES = re.compile(r"\d\D{0,8}\bor\b.{0,8}\d")
_CLOSING = " .!\n\"')*"
_CODE = re.compile(r"\b(?:print\s?\(\s?|return\s|(?:answer|result)\s?=\s?)(?=[\"'(\[a-z1-9])")
_VARIABLE = re.compile(r"(?:print\s?\(\s?|return\s)[a-z]\b")
_A_LINE = re.compile(r"\na:[ \t]{1,3}")
_HASHES = re.compile(r"###(?<!####)#*+\s{0,3}(?=[(\[\"']{0,2}[A-Z1-9][)\]\"'.]{0,2}\s*(?:\n|$))")
_VALUE_BETWEEN = re.compile(r"[)\]]?\s?[:=]\s?-?[\d.]{1,9}\s?[%°\w]{0,4}[,;]\s(?:and\s)?[(\[]?")
_ITEMS_BETWEEN = re.compile(r"[\s()\[\].,;|\"'-]{0,12}(?:[a-j1-9][).:\]]\s{0,4})?")
# Behind a letter that names a thing of the question, not an option: "so B is an alcohol".
_SUBJECT = re.compile(
    r"\s(?:is|was|must be|would be|has|contains?|reacts?|undergoes|forms?|gives?|becomes?)\s"
    r"(?:an?|the|with|to|(?:treated|converted|formed|oxidi[sz]ed|reduced|added|heated|obtained|produced|"
    r"dissolved|hydroly[sz]ed)\b)\s"
)
_LABEL_LONGEST = 3
_CAPITAL = re.compile(r"(?<![\w'.-])[A-Z](?![\w'.-])")
_AND = re.compile(r"[\s,;]{1,3}(?:and |but )?(?:option )?$")
_SHORT = 40
# An option's own text or what is said of it, up to the next: "A: heat; B:", "A is long, B is".
_TOLD_BETWEEN = re.compile(r"(?P<sign>[.:)]| is| was)\s?[^.;,\n]{1,40}?[;,。]\s?(?:and\s)?[(\[]?")
_SAID = re.compile(
    r"(?:^|[\n.!?:,]\s*|\b(?:so|a|is|say|answer|hence|thus|therefore)[\s,:]{1,3})[\"'(]?$"
)
_ANSWERED = re.compile(r"[^?\n]{0,40}\?\s{0,3}(?:yes|correct|right|true|it is|that's it|[✓✔✅])")
_COPULA_LEFT = re.compile(
    r"(?:\b(?:is|are|was|be|as|equals|namely|answer|is called|called|say)|"
    r"[:=])\s{0,3}(?:probably |likely |most likely |therefore |thus |clearly |definitely |"
    r"simply )?(?:the )?(?:option |choice |answer |letter )?[\s\"'(\[]{0,3}$"
)
_WORD = re.compile(r"\w+")
_LITTLE = ("a", "i", "none", "all", "both")


@rule(
    Example("###Final answer: {B}", "B"),
    Example("Hence $\\boxed{\\text{(B)}}$.", "B"),
    stated=True,
    final=True,
    verbatim=exact.last_line,
)
def final_marker(reply: ChoiceReply) -> Claim | None:
    """A mark for the final answer (###Final answer:, a box, an answer tag) is what was asked
    for.
    """
    places = reply.final_places(reply.cues) + reply.hash_places(_HASHES, reply.raw)
    if reply.low.lstrip().startswith(("q:", "question")):
        places += [(m.start(), m.end(), None) for m in _A_LINE.finditer(reply.low, reply.start)]
    return last_announced(reply, places)


@rule(
    Example("The answer is not A but B.", "B"),
    Example("One might think the answer is A. The answer is Lisbon.", "B"),
    stated=True,
)
def answer_is(reply: ChoiceReply) -> Claim | None:
    """A statement of the answer. The last one counts; questions, suppositions and denials
    don't.
    """
    return last_announced(reply, reply.cues, loose=True)


@rule(Example("The best option is (B).", "B"), Example("I'd go with B.", "B"), stated=True)
def correct_is(reply: ChoiceReply) -> Claim | None:
    """A choice in other words: the correct option is, I choose, I'd go with."""
    return last_announced(reply, reply.cue_places(CORRECT_IS))


@rule(Example("print('B')", "B"), stated=True)
def code(reply: ChoiceReply) -> Claim | None:
    """What code prints, returns or assigns to its answer."""
    places = reply.code_places(_CODE)
    return last_announced(reply, [p for p in places if not _VARIABLE.match(reply.raw, p[0])])


@rule(
    Example('{"A": "wrong", "B": "correct", "C": "wrong"}', "B"),
    Example("A: 10%, B: 70%, C: 15%, D: 5%", "B"),
    Example("[ ] A [x] B", "B"),
    stated=True,
)
def one_by_one(reply: ChoiceReply) -> Claim | None:
    """A verdict or a probability for each option, or a box to tick: the only one found right, or
    the likeliest.
    """
    return each_judged(reply, reply.start, len(reply.text))


@rule(
    Example("(A) is not correct. (B) is correct.", "B"),
    Example("Is it A? No. Is it B? Yes.", "B"),
    stated=True,
)
def affirmed(reply: ChoiceReply) -> Claim | None:
    """An option that the reply calls correct."""
    if AFFIRMING.isdisjoint(reply.words) and reply.low.isascii():
        return None
    right = [m for m in reply.mentions if m.verdict == "affirmed"]
    for _, row in groupby(reversed(right), key=lambda m: m.group):
        group = list(row)
        first, last = group[-1], group[0]
        stop = sentence_end(reply.text, last.end)
        answered = _ANSWERED.match(reply.low, last.end)  # "B? Yes."
        if (reply.asked(last.end) and not answered) or reply.hypothetical(first.start):
            continue
        if first.form == "text" and reply.declined_near(first.start):
            continue
        if len({m.label for m in group}) > 1 or _said_alike(reply, right, first):
            return Claim(None, first.start, last.end, "several_options")
        return _contradicted(reply, last) or Claim(last.label, last.start, stop)
    return None


@rule(
    Example("B. Lisbon", "B"),
    Example("Let me see.\n\n(B)", "B"),
    stated=True,
    verbatim=exact.whole_reply,
)
def standalone(reply: ChoiceReply) -> Claim | None:
    """A label or an option's text that opens the reply, or has a line or last sentence to
    itself. A list of the options is no choice.
    """
    if is_list(reply):
        return None
    claim = opening(reply)
    if claim:
        return claim
    lines = [m for m in reply.mentions if is_line(reply, m)]
    if not lines:
        return None
    last = lines[-1]
    ends = own_line(reply, last) and not reply.low[last.end :].strip()
    if len({m.label for m in lines}) > 1 and (not ends or enumerated(reply, lines)):
        return None
    return Claim(last.label, last.start, last.end)


@rule(Example("The city on the Tagus is (B), a port.", "B"))
def introduced(reply: ChoiceReply) -> Claim | None:
    """A label right behind a colon or a form of "be"."""
    headings = [m for m in reply.mentions if m.form == "heading"]
    listed = len(headings) > 1 and enumerated(reply, headings)
    opening = [] if listed else headings[:1]  # what follows the first heading explains
    inline = [m for m in reply.mentions if m.form not in ("heading", "text")]
    if not reply.options.letters:
        inline = [m for m in reply.mentions if reply.finished(m.end) and assertive(reply, [m])]
    for m in [*opening, *reversed(inline)]:
        if not _is_introduced(reply, m) or _heads_list(reply, m):
            continue
        several = len(reply.in_row_with(m)) > 1
        if m.form == "text":
            in_part = PARTIAL.search(reply.low[m.end : m.end + 14])
            return None if several or in_part else Claim(m.label, m.start, m.end)
        if several:
            return Claim(None, m.start, m.end, "several_options")
        claim = value_at(reply, m.start - (reply.text[m.start - 1 : m.start] in ("(", "[")))
        if claim:
            return claim
    return None


@rule(Example("Oslo is in Norway, so it must be Lisbon.", "B"))
def concluded(reply: ChoiceReply) -> Claim | None:
    """The last option named behind a word of conclusion or belief."""
    for m in reversed(reply.mentions):
        if not m.concluded or m.verdict == "denied" or reply.declined_near(m.start):
            continue
        if _is_subject(reply, m) or _heads_list(reply, m):
            continue
        sure = not reply.declined and assertive(reply, [m]) and reply.finished(m.end)
        if not reply.meant(m) or (m.form == "text" and not sure):
            continue
        if len(reply.in_row_with(m)) > 1:
            return Claim(None, m.start, m.end, "several_options")
        return Claim(m.label, m.start, m.end)
    return None


@rule(Example("3 + 4 = 7, so x = 7.", "B", "A: 5, B: 7"), weak=True)
def by_value(reply: ChoiceReply) -> Claim | None:
    """All options are numbers, and the reply concludes with the value of one."""
    values, length = reply.options.numeric, len(reply.text)
    if not values or reply.refusals or reply.start or reply.cut:
        return None
    if length > 120 and not reply.finished(length - 1):
        return None
    found = concluded_number.find(NumberReply(reply.raw, reply.text, reply.low, reply.words))
    if not found or not found.answer:
        return None
    ended = option_equalled(reply, len(reply.raw.rstrip(_CLOSING)))
    if ended and ended.start > found.end:
        return ended
    if _ALTERNATIVES.search(reply.low[found.start : found.end + 12]):
        return None
    label = values.get(Fraction(found.answer))
    return Claim(label, found.start, found.end) if label else None


@rule(Example("A, C and D are wrong.", "B"), weak=True)
def left_over(reply: ChoiceReply) -> Claim | None:
    """Every option but one is ruled out."""
    if reply.refusals or reply.cut or not reply.finished(len(reply.text) - 1):
        return None
    out, options = reply.ruled_out, reply.options
    left = [label for label, _ in options.pairs if all(m.label != label for m in out)]
    excluding = len(options.pairs) > 2 or (len(options.pairs) == 2 and not options.letters)
    return Claim(left[0], out[0].start, out[-1].end) if len(left) == 1 and excluding else None


@rule(Example("Fado comes from Lisbon.", "B"), weak=True)
def only_named(reply: ChoiceReply) -> Claim | None:
    """Only one option is named at all, in a finished reply that neither declines nor asks."""
    if reply.refusals or reply.cut:
        return None
    out = {m.label for m in reply.ruled_out}
    named = [m for m in reply.mentions if m.label not in out]
    if len({m.label for m in named}) != 1:
        return None
    last = named[-1]
    if not reply.meant(last) or not reply.finished(last.end) or _is_symbol(reply, last):
        return None
    if last.form == "bare" and len(reply.text) > 200 and reply.text.rstrip()[-1] not in ".!?":
        return None
    if last.form == "text" and not assertive(reply, named):
        return None
    return Claim(last.label, last.start, last.end)


@rule(
    Example("75 %", "C", "A: 1/4, B: 1/2, C: 3/4"),
    Example("The probability is 0.5.", "B", "A: 1/4, B: 1/2, C: 3/4"),
    weak=True,
)
def by_notation(reply: ChoiceReply) -> Claim | None:
    """All options are numbers, and the reply is, or ends on, the value of one in another
    notation.
    """
    if not reply.options.numeric or reply.refusals or reply.cut:
        return None
    end = len(reply.raw.rstrip(_CLOSING))
    return option_alone(reply, reply.start, end) or option_equalled(reply, end)


def _said_alike(reply: ChoiceReply, right: list[Mention], last: Mention) -> bool:
    """Whether the sentence says of another option, in the same words, what it says of the last:
    "A is true, B is true".
    """
    other = next((m for m in reversed(right) if m.end < last.start), None)
    if other is None or other.label == last.label:
        return False
    said = _AND.sub("", reply.low[other.end : last.start])
    return 0 < len(said) < _SHORT and "." not in said and reply.low.startswith(said, last.end)


def _contradicted(reply: ChoiceReply, m: Mention) -> Claim | None:
    """The void claim of an option's text that stands behind another's label ("D) <text of C>")."""
    if m.form != "text":
        return None
    before = (o for o in reversed(reply.mentions) if o.end <= m.start)
    label = next(before, None)
    if label is None or label.form not in ("bracket", "heading") or label.label == m.label:
        return None
    if reply.text[label.end : m.start].strip(" )].:-"):
        return None
    return conflict(label.label, m.label, label.start, m.end)


def _is_symbol(reply: ChoiceReply, m: Mention) -> bool:
    """Whether a bare letter stands among others that name things of the question."""
    if m.form != "bare" or not m.label.isalpha() or reply.ruled_out:
        return False
    named = {one.label for one in reply.mentions} | {"A", "I"}  # these may be words
    return any(c in reply.options.letters and c not in named for c in _CAPITAL.findall(reply.raw))


def _is_introduced(reply: ChoiceReply, m: Mention) -> bool:
    left = reply.low[max(reply.start, m.start - 40) : m.start]
    if m.verdict == "denied" or not _COPULA_LEFT.search(left):
        return False
    return reply.meant(m) and (m.form != "bare" or bool(STOPS.match(reply.low, m.end)))


def _is_subject(reply: ChoiceReply, m: Mention) -> bool:
    """Whether a bare letter names a thing that the reply goes on about."""
    if m.form != "bare" or m.verdict == "affirmed" or not _SUBJECT.match(reply.low, m.end):
        return False
    return reply.cut or bool(reply.low[sentence_end(reply.text, m.end) :].strip(" .!\n\"')"))


def _heads_list(reply: ChoiceReply, m: Mention) -> bool:
    """Whether the mention and the next are options with their texts, side by side."""
    behind_it = (o for o in reply.mentions if o.start >= m.end)
    following = next(behind_it, None)
    if following is None or following.label == m.label or m.form == "text":
        return False
    told = _TOLD_BETWEEN.fullmatch(reply.low, m.end, following.start)
    if told and reply.low.startswith(told["sign"], following.end):
        return not (m.verdict or following.verdict)
    texted = all(o.end - o.start > _LABEL_LONGEST for o in (m, following))
    between = _ITEMS_BETWEEN if texted else _VALUE_BETWEEN
    return bool(between.fullmatch(reply.low, m.end, following.start))


def assertive(reply: ChoiceReply, mentions: list[Mention]) -> bool:
    """Whether a text mention stands in the first or the last sentence, and is no mere number."""
    low = reply.low
    for m in mentions:
        words = _WORD.findall(low[m.start : m.end])
        verdict = words in (["yes"], ["no"])
        word = words[0] if len(words) == 1 else ""
        if word in _LITTLE or (word.isdigit() and not reply.numbers_are_options):
            continue
        if verdict and not _SAID.search(low[max(0, m.start - 12) : m.start]):
            continue
        if words == ["no"] and not STOPS.match(low, m.end):
            continue
        before = low[reply.start : sentence_start(reply.text, m.start, 2000)].strip()
        behind = low[sentence_end(reply.text, m.end, 2000) :].strip(" .!\n\"')")
        if not behind or not (before or verdict):
            return True
    return False


RULES = (
    final_marker,
    answer_is,
    correct_is,
    code,
    one_by_one,
    affirmed,
    standalone,
    introduced,
    concluded,
    by_value,
    left_over,
    only_named,
    by_notation,
)

CHOICE = Kind(
    "choice",
    RULES,
    lambda part, options: ChoiceReply.of(part, options=make_options(options)),
)
