"""The rules for numbers, from the strongest commitment to the weakest."""

from __future__ import annotations

import re
from functools import partial

from orca_eval.extract.number.announced import announced
from orca_eval.extract.number.concluded import (
    concluded,
    corrected,
    last_sentence,
    opening,
    stated_first,
)
from orca_eval.extract.number.reply import NumberReply
from orca_eval.extract.reply.marks import hash_places
from orca_eval.extract.rule import Claim, Example, Kind, Rule, Void, last_claim

_AFTER_HASHES = re.compile(r"[ \t]{0,3}(?=[-+$£€(\\.\d{\"'~≈*])")
_A_LINE = re.compile(r"(?:^|\n)[ \t*]{0,4}a\s?:[\s*]{0,4}(?=[-+$£€(\\.\d])")
_CODE = re.compile(
    r"\b(?:print\s?\(|return\s|(?:answer|result|total|ans)\s?=\s?)\s?[\"']?(?=[-+]?\.?\d)"
)


def _final_marker(reply: NumberReply) -> Claim | None:
    low = reply.low
    places = reply.final_places(reply.cues) + hash_places(low, _AFTER_HASHES, reply.start)
    if "a:" in low or "a :" in low:
        places += reply.places(_A_LINE)
    return last_claim(places, partial(announced, reply))


def _answer_is(reply: NumberReply) -> Claim | None:
    return last_claim(reply.cues, partial(announced, reply))


def _code(reply: NumberReply) -> Claim | None:
    return last_claim(reply.code_places(_CODE), partial(announced, reply))


RULES: tuple[Rule[NumberReply], ...] = (
    Rule(
        "final_marker",
        'A mark for the final answer: ####, a box, ###Final answer:, an answer tag, an "A:" line.',
        _final_marker,
        (Example("3 x 4 = 12\n#### 12", "12"), Example("\\boxed{\\frac{7}{2}}", "3.5")),
        stated=True,
        final=True,
    ),
    Rule(
        "answer_is",
        "A statement of the answer; the last one counts.",
        _answer_is,
        (Example("The answer is 3 + 4 = 7.", "7"), Example("The answer is $1,250.50.", "1250.5")),
        stated=True,
    ),
    Rule(
        "code",
        "The value that code prints, returns or assigns to its answer.",
        _code,
        (Example("print(18)", "18"),),
        stated=True,
    ),
    Rule(
        "concluded",
        "The result of the last sentence, where it concludes: by its words, by an equation, by"
        " standing alone, or by repeating a result. Numbers of time, rate and place don't count.",
        concluded,
        (
            Example("Therefore, it takes 8 hours to fill the 400-gallon tank.", "8"),
            Example("3 x 6 = 18. She makes $18 every day.", "18"),
        ),
    ),
    Rule(
        "opening",
        "A first sentence that is but a number.",
        opening,
        (Example("45. There are 9 rows with 5 chairs each.", "45"),),
        stated=True,
        corrects=False,
        at_correction=corrected,
    ),
    Rule(
        "stated_first",
        "A first sentence that gives the answer, with its explanation behind it.",
        stated_first,
        (Example("The total cost is $45. He buys 3 shirts at $15 each.", "45"),),
        weak=True,
    ),
    Rule(
        "last_sentence",
        "The number of the only sentence, or of a last one that follows from those before.",
        last_sentence,
        (Example("The Johnsons drove 300 miles.", "300"),),
        weak=True,
    ),
)

NUMBER = Kind(
    "number",
    RULES,
    lambda part, _options: NumberReply.of(part),
    void_corrected=Void.ALL,
    weak_on_refusal=False,
)
