"""Rules for what a reply concludes without announcing it, and for what it leaves unsaid."""

from __future__ import annotations

import re
from fractions import Fraction

from orca_eval.extract.choice.reply import ChoiceReply
from orca_eval.extract.choice.standalone import assertive
from orca_eval.extract.number.concluded import concluded as concluded_number
from orca_eval.extract.number.reply import NumberReply
from orca_eval.extract.rule import Claim

_ALTERNATIVES = re.compile(r"\d\D{0,8}\bor\b.{0,8}\d")


def concluded(reply: ChoiceReply) -> Claim | None:
    """The last option named behind "so", "therefore", "it must be", "I think"."""
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


def by_value(reply: ChoiceReply) -> Claim | None:
    """The option with the value that the reply concludes with, where all options are numbers."""
    values, length = reply.options.numeric, len(reply.text)
    if not values or reply.refused or reply.start or reply.cut:
        return None
    if length > 120 and not reply.finished(length - 1):
        return None
    found = concluded_number(NumberReply(reply.raw, reply.text, reply.low, reply.words))
    if not found or not found.answer:
        return None
    if _ALTERNATIVES.search(reply.low[found.start : found.end + 12]):
        return None
    label = values.get(Fraction(found.answer))
    return Claim(label, found.start, found.end) if label else None


def left_over(reply: ChoiceReply) -> Claim | None:
    """All options but one are ruled out."""
    if reply.refused or reply.cut or not reply.finished(len(reply.text) - 1):
        return None
    out, options = reply.ruled_out, reply.options
    left = [label for label, _ in options.pairs if all(m.label != label for m in out)]
    excluding = len(options.pairs) > 2 or (len(options.pairs) == 2 and not options.letters)
    return Claim(left[0], out[0].start, out[-1].end) if len(left) == 1 and excluding else None


def only_named(reply: ChoiceReply) -> Claim | None:
    """One option alone is named in a finished reply that neither refuses nor asks."""
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
