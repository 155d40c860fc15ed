"""The rules for choices, from the strongest commitment to the weakest."""

from __future__ import annotations

import re
from functools import partial

from orca_eval.extract.choice import exact
from orca_eval.extract.choice.announced import announced
from orca_eval.extract.choice.concluded import by_value, concluded, left_over, only_named
from orca_eval.extract.choice.mentions import Mention
from orca_eval.extract.choice.options import make_options
from orca_eval.extract.choice.reply import ChoiceReply
from orca_eval.extract.choice.standalone import introduced, standalone
from orca_eval.extract.reply.cues import CORRECT_IS
from orca_eval.extract.reply.marks import hash_places
from orca_eval.extract.reply.text import sentence_end
from orca_eval.extract.rule import Claim, Example, Kind, Rule, last_claim

_CODE = re.compile(r"\b(?:print\s?\(\s?|return\s|(?:answer|result)\s?=\s?)(?=[\"'(\[a-z1-9])")
_A_LINE = re.compile(r"\na:[ \t]{1,3}")
_AFTER_HASHES = re.compile(r"\s{0,3}(?=[(\[\"']{0,2}[A-Z1-9][)\]\"'.]{0,2}\s*(?:\n|$))")
_AFFIRMING = frozenset((
    "accurate", "answer", "appropriate", "best", "better", "bonne", "choice", "chosen", "closer",
    "closest", "correct", "correcta", "correcte", "it", "korrekt", "most", "my", "one", "only",
    "preferred", "respuesta", "richtig", "right", "then", "true", "valid", "yes",
))  # fmt: skip


def _final_marker(reply: ChoiceReply) -> Claim | None:
    places = reply.final_places(reply.cues) + hash_places(reply.raw, _AFTER_HASHES, reply.start)
    if reply.low.lstrip().startswith(("q:", "question")):
        places += [(m.start(), m.end(), None) for m in _A_LINE.finditer(reply.low, reply.start)]
    return last_claim(places, partial(announced, reply))


def _answer_is(reply: ChoiceReply) -> Claim | None:
    return last_claim(reply.cues, partial(announced, reply, loose=True))


def _correct_is(reply: ChoiceReply) -> Claim | None:
    return last_claim(reply.cue_places(CORRECT_IS), partial(announced, reply))


def _code(reply: ChoiceReply) -> Claim | None:
    return last_claim(reply.code_places(_CODE), partial(announced, reply))


def _affirmed(reply: ChoiceReply) -> Claim | None:
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


RULES: tuple[Rule[ChoiceReply], ...] = (
    Rule(
        "final_marker",
        "A mark for the final answer (###Final answer:, a box, an answer tag) is what was asked"
        " for.",
        _final_marker,
        (Example("###Final answer: {B}", "B"), Example("Hence $\\boxed{\\text{(B)}}$.", "B")),
        stated=True,
        final=True,
        verbatim=exact.last_line,
    ),
    Rule(
        "answer_is",
        "A statement of the answer. The last one counts; questions, suppositions and denials"
        " don't.",
        _answer_is,
        (
            Example("The answer is not A but B.", "B"),
            Example("One might think the answer is A. The answer is Lisbon.", "B"),
        ),
        stated=True,
    ),
    Rule(
        "correct_is",
        "A choice in other words: the correct option is, I choose, I'd go with.",
        _correct_is,
        (Example("The best option is (B).", "B"), Example("I'd go with B.", "B")),
        stated=True,
    ),
    Rule(
        "code",
        "What code prints, returns or assigns to its answer.",
        _code,
        (Example("print('B')", "B"),),
        stated=True,
    ),
    Rule(
        "affirmed",
        "An option that the reply calls correct.",
        _affirmed,
        (
            Example("(A) is not correct. (B) is correct.", "B"),
            Example("A: no. B: yes. C: no.", "B"),
        ),
        stated=True,
    ),
    Rule(
        "standalone",
        "A label or an option's text that opens the reply, or has a line or last sentence to"
        " itself. A list of the options is no choice.",
        standalone,
        (Example("B. Lisbon", "B"), Example("Let me see.\n\n(B)", "B")),
        stated=True,
        verbatim=exact.whole_reply,
    ),
    Rule(
        "introduced",
        'A label right behind a colon or a form of "be".',
        introduced,
        (Example("The city on the Tagus is (B), a port.", "B"),),
    ),
    Rule(
        "concluded",
        "The last option named behind a word of conclusion or belief.",
        concluded,
        (Example("Oslo is in Norway, so it must be Lisbon.", "B"),),
    ),
    Rule(
        "by_value",
        "All options are numbers, and the reply concludes with the value of one.",
        by_value,
        (Example("3 + 4 = 7, so x = 7.", "B", "A: 5, B: 7"),),
        weak=True,
    ),
    Rule(
        "left_over",
        "Every option but one is ruled out.",
        left_over,
        (Example("A, C and D are wrong.", "B"),),
        weak=True,
    ),
    Rule(
        "only_named",
        "Only one option is named at all, in a finished reply that neither declines nor asks.",
        only_named,
        (Example("Fado comes from Lisbon.", "B"),),
        weak=True,
    ),
)

CHOICE = Kind(
    "choice",
    RULES,
    lambda part, options: ChoiceReply.of(part, wrappers=True, options=make_options(options)),
)
