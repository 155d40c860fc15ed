"""The rules for choices, the strongest first in `RULES`."""

from __future__ import annotations

import re
from fractions import Fraction

from orca_eval.extract.choice import exact
from orca_eval.extract.choice.announced import last_announced
from orca_eval.extract.choice.options import make_options
from orca_eval.extract.choice.reply import ChoiceReply, Mention
from orca_eval.extract.choice.standalone import assertive, introduced, standalone
from orca_eval.extract.number.result import NumberReply
from orca_eval.extract.number.rules import concluded as concluded_number
from orca_eval.extract.reply.cues import CORRECT_IS
from orca_eval.extract.reply.text import sentence_end
from orca_eval.extract.rule import Claim, Example, Kind, rule

_ALTERNATIVES = re.compile(r"\d\D{0,8}\bor\b.{0,8}\d")
_CODE = re.compile(r"\b(?:print\s?\(\s?|return\s|(?:answer|result)\s?=\s?)(?=[\"'(\[a-z1-9])")
_A_LINE = re.compile(r"\na:[ \t]{1,3}")
_HASHES = re.compile(r"(?<!#)#{3,}+\s{0,3}(?=[(\[\"']{0,2}[A-Z1-9][)\]\"'.]{0,2}\s*(?:\n|$))")
_AFFIRMING = frozenset((
    "accurate", "answer", "appropriate", "best", "better", "bonne", "choice", "chosen", "closer",
    "closest", "correct", "correcta", "correcte", "it", "korrekt", "most", "my", "one", "only",
    "preferred", "respuesta", "richtig", "right", "then", "true", "valid", "yes",
))  # fmt: skip


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
    if _AFFIRMING.isdisjoint(reply.words) and reply.low.isascii():
        return None
    groups: dict[int, list[Mention]] = {}
    for m in reply.mentions:
        if m.verdict == "affirmed":
            groups.setdefault(m.group, []).append(m)
    for group in reversed(list(groups.values())):
        first, last = group[0], group[-1]
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


@rule(Example("Oslo is in Norway, so it must be Lisbon.", "B"))
def concluded(reply: ChoiceReply) -> Claim | None:
    """The last option named behind a word of conclusion or belief."""
    for m in reversed(reply.mentions):
        if not m.concluded or m.verdict == "denied" or reply.declined_near(m.start):
            continue
        if reply.asked(m.end) or reply.hypothetical(m.start):
            continue
        sure = not reply.declined and assertive(reply, [m]) and reply.finished(m.end)
        if m.form == "text" and not sure:
            continue
        if len(reply.in_row_with(m)) > 1:
            return Claim(None, m.start, m.end, "several_options")
        return Claim(m.label, m.start, m.end)
    return None


@rule(Example("3 + 4 = 7, so x = 7.", "B", "A: 5, B: 7"), weak=True)
def by_value(reply: ChoiceReply) -> Claim | None:
    """All options are numbers, and the reply concludes with the value of one."""
    values, length = reply.options.numeric, len(reply.text)
    if not values or reply.refused or reply.start or reply.cut:
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
    if reply.refused or reply.cut or not reply.finished(len(reply.text) - 1):
        return None
    out, options = reply.ruled_out, reply.options
    left = [label for label, _ in options.pairs if all(m.label != label for m in out)]
    excluding = len(options.pairs) > 2 or (len(options.pairs) == 2 and not options.letters)
    return Claim(left[0], out[0].start, out[-1].end) if len(left) == 1 and excluding else None


@rule(Example("Fado comes from Lisbon.", "B"), weak=True)
def only_named(reply: ChoiceReply) -> Claim | None:
    """Only one option is named at all, in a finished reply that neither declines nor asks."""
    if reply.refused or reply.cut:
        return None
    out = {m.label for m in reply.ruled_out}
    named = [m for m in reply.mentions if m.label not in out]
    if len({m.label for m in named}) != 1:
        return None
    last = named[-1]
    if reply.asked(last.end) or reply.hypothetical(last.start) or not reply.finished(last.end):
        return None
    if last.form == "bare" and len(reply.text) > 200 and reply.text.rstrip()[-1] not in ".!?":
        return None
    if last.form == "text" and not assertive(reply, named):
        return None
    return Claim(last.label, last.start, last.end)


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
