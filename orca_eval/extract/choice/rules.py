"""The rules for choices, the strongest first in `RULES` at the end."""

import re
from fractions import Fraction
from itertools import groupby, pairwise

from orca_eval.extract.choice import exact
from orca_eval.extract.choice.announced import Label, label_at, last_announced, value_at
from orca_eval.extract.choice.options import TextMatch, make_options
from orca_eval.extract.choice.reply import PARTIAL, ChoiceReply, Mention, judged
from orca_eval.extract.number.reply import NumberReply
from orca_eval.extract.number.rules import concluded as concluded_number
from orca_eval.extract.reply.cues import AFFIRMING, CORRECT_IS
from orca_eval.extract.reply.text import behind, line_end, sentence_end, sentence_start
from orca_eval.extract.rule import Claim, Example, Kind, rule

_ALTERNATIVES = re.compile(r"\d\D{0,8}\bor\b.{0,8}\d")
_CODE = re.compile(r"\b(?:print\s?\(\s?|return\s|(?:answer|result)\s?=\s?)(?=[\"'(\[a-z1-9])")
_A_LINE = re.compile(r"\na:[ \t]{1,3}")
_HASHES = re.compile(r"###(?<!####)#*+\s{0,3}(?=[(\[\"']{0,2}[A-Z1-9][)\]\"'.]{0,2}\s*(?:\n|$))")
_LEADING = re.compile(r"[\s,.:;-]*(?:(?:it's|it is|i meant?|so|then|rather|make that)\s)?\s*")
_STOPS = re.compile(
    r"[\s\"')\]]{0,3}(?:$|[.,;:!\n。，]|-\s|because\b|since\b|as\b|\(|i think\b|i guess\b|"
    r"i believe\b|i'd say\b)"
)
_SAID = re.compile(
    r"(?:^|[\n.!?:,]\s*|\b(?:so|a|is|say|answer|hence|thus|therefore)[\s,:]{1,3})[\"'(]?$"
)
_ROW = re.compile(r"[)\]\"']{0,2}(?:,|\s(?:and|or|nor|&)\s)")
_NEXT_ITEM = re.compile(r"\s[b-j][.)]\s")
_COPULA_LEFT = re.compile(
    r"(?:\b(?:is|are|was|be|as|equals|namely|answer|is called|called|say)|"
    r"[:=])\s{0,3}(?:probably |likely |most likely |therefore |thus |clearly |definitely |"
    r"simply )?(?:the )?(?:option |choice |answer |letter )?[\s\"'(\[]{0,3}$"
)
_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"\w+")
_ITEM_LEFT = re.compile(r"\b[a-z1-9][.)]\s*$")
_LITTLE = ("a", "i", "none", "all", "both")
_LINE_BEGINS = ("", "the", "option", "answer", "choice", "letter")
_LEFT_MARKS, _RIGHT_MARKS = " ([\"'#>-:.→=|", " )]\"'.:,!|#"


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
    return last_announced(reply, reply.code_places(_CODE))


@rule(
    Example("(A) is not correct. (B) is correct.", "B"),
    Example("A: no. B: yes. C: no.", "B"),
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
        answered = reply.low[last.end : last.end + 2].lstrip(")").startswith("?")  # "B? Yes."
        if (reply.asked(last.end) and not answered) or reply.hypothetical(first.start):
            continue
        if first.form == "text" and reply.declined_near(first.start):
            continue
        if len({m.label for m in group}) > 1:
            return Claim(None, first.start, last.end, "several_options")
        return Claim(last.label, last.start, stop)
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
    claim = _opening(reply)
    if claim:
        return claim
    lines = [m for m in reply.mentions if _is_line(reply, m)]
    if not lines:
        return None
    last = lines[-1]
    ends = _own_line(reply, last) and not reply.low[last.end :].strip()
    if len({m.label for m in lines}) > 1 and (not ends or _enumerated(reply, lines)):
        return None
    return Claim(last.label, last.start, last.end)


@rule(Example("The city on the Tagus is (B), a port.", "B"))
def introduced(reply: ChoiceReply) -> Claim | None:
    """A label right behind a colon or a form of "be"."""
    headings = [m for m in reply.mentions if m.form == "heading"]
    listed = len(headings) > 1 and _enumerated(reply, headings)
    opening = [] if listed else headings[:1]  # what follows the first heading explains
    inline = [m for m in reply.mentions if m.form not in ("heading", "text")]
    if not reply.options.letters:
        inline = [m for m in reply.mentions if reply.finished(m.end) and assertive(reply, [m])]
    for m in [*opening, *reversed(inline)]:
        if not _is_introduced(reply, m):
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
    if not reply.meant(last) or not reply.finished(last.end):
        return None
    if last.form == "bare" and len(reply.text) > 200 and reply.text.rstrip()[-1] not in ".!?":
        return None
    if last.form == "text" and not assertive(reply, named):
        return None
    return Claim(last.label, last.start, last.end)


def _is_line(reply: ChoiceReply, m: Mention) -> bool:
    """Whether the mention heads a line or has it to itself, and is neither denied nor an item."""
    low = reply.low
    if m.form == "heading":
        if reply.text[m.start].islower() and not _STOPS.match(low, m.end + 1):
            return False
    elif m.form not in ("bracket", "bare", "text", "named") or not _own_line(reply, m):
        return False
    return m.verdict != "denied" and not _NEXT_ITEM.search(low, m.end, line_end(low, m.end))


def _enumerated(reply: ChoiceReply, lines: list[Mention]) -> bool:
    """Whether the lines go through the options in their order: a list, no choice."""
    letters = reply.options.letters
    order = [letters.find(m.label) for m in lines if m.label in letters]
    rises = all(b > a for a, b in pairwise(order))
    return rises and (len(order) > 2 or (len(order) > 1 and order[1] == order[0] + 1))


def _own_line(reply: ChoiceReply, m: Mention) -> bool:
    """Whether the mention is all of its line, or all of the reply's last sentence."""
    text, low = reply.text, reply.low
    line = max(text.rfind("\n", reply.start, m.start) + 1, reply.start)
    if text[m.end : line_end(text, m.end)].strip(_RIGHT_MARKS):
        return False
    if low[line : m.start].strip(_LEFT_MARKS) in _LINE_BEGINS:
        return True
    marked = [o for o in reply.mentions if o.form in ("bracket", "heading")]
    if len(marked) > 1 and marked[-1] is m and _enumerated(reply, marked):
        return False  # a list that breaks off
    if m.form == "text" and _ITEM_LEFT.search(low[max(0, m.start - 6) : m.start]):
        return False  # the text of a list's item
    last = not text[m.end :].strip(" \n)]\"'.:,!")
    return last and not low[sentence_start(text, m.start) : m.start].strip(_LEFT_MARKS)


def _opening(reply: ChoiceReply) -> Claim | None:
    """The label, the text, or the beginning of the text of an option that opens the reply."""
    low, options = reply.low, reply.options
    begin = behind(_LEADING if reply.start else _SPACE, low, reply.start)
    end = line_end(reply.text, begin)
    found = options.at(low, begin, end)
    label = label_at(reply, begin, end)
    if label and not (found and found.whole and found.length > 1):
        return _opening_label(reply, label, begin, end)
    if found:
        return _opening_text(reply, found, begin)
    begun = options.opening(low[begin:end].strip(" .\"'"))
    return Claim(begun, begin, end) if begun else None


def _opening_label(reply: ChoiceReply, label: Label, begin: int, end: int) -> Claim | None:
    text, low, after = reply.text, reply.low, label.end
    if reply.asked(after, 12) or _ruled_out(reply, label):
        return None
    own = reply.options.at(low, after, end)
    stop = own.end if own and own.label == label.name else after
    if text[label.start].islower() and stop == after and text[after:end].strip(" .)]:"):
        return None  # "a)" numbers a part of the question
    contradicted = own is not None and own.whole and own.label != label.name
    alone = label.shown and stop == after and not own
    if not (contradicted or alone or _STOPS.match(low, stop)) or _begins_list(reply, label):
        return None
    claim = value_at(reply, begin)
    if claim and claim.answer is None and any(m.start < claim.end for m in reply.ruled_out):
        return None
    return claim


def _opening_text(reply: ChoiceReply, found: TextMatch, begin: int) -> Claim | None:
    letters = reply.options.letters
    negates = found.length == 1 and reply.low.startswith("no ", begin)
    if not found.label or negates or reply.asked(found.end):
        return None
    if letters:
        in_row = (len(reply.in_row_with(m)) > 1 for m in reply.mentions if m.start == found.start)
        if not found.whole or any(in_row):  # the first of several
            return None
    claim = value_at(reply, begin)
    return claim if letters or (claim and claim.answer is not None) else None


def _ruled_out(reply: ChoiceReply, label: Label) -> bool:
    """Whether the opening label is denied, by itself or in a row ("A and B contradict it")."""
    found = judged(reply, [Mention(label.name, label.start, label.end, "bare")])
    if _ROW.match(reply.low, label.end):
        found += [m for m in reply.mentions if m.start <= label.start < m.end]
    return any(m.verdict == "denied" for m in found)


def _begins_list(reply: ChoiceReply, label: Label) -> bool:
    """Whether the opening label is the first item of a walk through the options."""
    letters = reply.options.letters
    if label.name != letters[0]:
        return False
    marked = (m for m in reply.mentions if m.form in ("heading", "bracket"))
    later = [m for m in marked if m.start > label.end and m.label != label.name]
    if not later or letters.find(later[0].label) != 1:
        return False
    several = len({m.label for m in later}) >= 2 and later[0].start < 400
    return later[0].form == "heading" or several


def _is_introduced(reply: ChoiceReply, m: Mention) -> bool:
    left = reply.low[max(reply.start, m.start - 40) : m.start]
    if m.verdict == "denied" or not _COPULA_LEFT.search(left):
        return False
    return reply.meant(m) and (m.form != "bare" or bool(_STOPS.match(reply.low, m.end)))


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
        if words == ["no"] and not _STOPS.match(low, m.end):
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
    affirmed,
    standalone,
    introduced,
    concluded,
    by_value,
    left_over,
    only_named,
)

CHOICE = Kind(
    "choice",
    RULES,
    lambda part, options: ChoiceReply.of(part, wrappers=True, options=make_options(options)),
)
