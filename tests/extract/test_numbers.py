"""A number is read whole in every notation, whatever marks it; what is no number has no answer."""

from __future__ import annotations

import itertools
import json

import pytest

from orca_eval.extract import extract_answer

MARKS = (
    "###Final answer: {{{}}}",
    "### Final Answer: {}",
    "#### {}",
    "3 + 4 = 7\n#### {}",
    "\\boxed{{{}}}",
    "So we get $\\boxed{{{}}}$.",
    "<answer>{}</answer>",
    "**Final Answer:** {}",
    "Final answer:\n\n{}",
    '{{"reasoning": "3 + 4 = 7.", "answer": "{}"}}',
)
STATED = ("The answer is {}.", "Answer: {}", "So the answer is {}")
WHOLE = {
    "1,00,000": "100000",
    "₹4,50,000": "450000",
    "36 lakh": "3600000",
    "1.5 crore": "15000000",
    "6 dozen": "72",
    "9 hundred": "900",
    "1.2M": "1200000",
    "45k": "45000",
    "2.5bn": "2500000000",
    "2^{10}": "1024",
    "10^6": "1000000",
    "3 × 10^5": "300000",
    "7.5e4": "75000",
    "negative 36": "-36",
    "minus 36": "-36",
    "two and a half": "2.5",
    "4 and a half": "4.5",
    "half a million": "500000",
    "ninety-nine": "99",
    "one hundred and five": "105",
    "zero": "0",
    "⅜": "0.375",
    "2 ½": "2.5",
    "2\\frac{1}{2}": "2.5",
    "\\dfrac34": "0.75",
    "{3 \\over 4}": "0.75",
    "1.250,50 €": "1250.5",
    "1.234.567": "1234567",
    "36\u202f000": "36000",
    "36_000": "36000",
    "36万": "360000",
    "1.2億": "120000000",
    "36 km": "36",
    "-3 °C": "-3",
    "25%": "25",
    "18 dollars per day": "18",
    "√16": "4",
}
NO_NUMBER = (
    "6√2",
    "25π",
    "\\frac{\\sqrt{3}}{2}",
    "x - 10",
    "2x + 3",
    "±3",
    "3 to 5",
    "3-5",
    "between 3 and 5",
    "36, 40",
    "36 or 40",
    "(36, 40)",
    "4 blue, 6 red",
    "3 6",
    "unknown",
    "not enough information",
)


def _marked(mark: str, value: str) -> str:
    return mark.format(json.dumps(value)[1:-1] if mark.startswith("{{") else value)


@pytest.mark.parametrize(("value", "number"), WHOLE.items())
def test_a_number_is_read_whole(value: str, number: str) -> None:
    for mark in (*MARKS, *STATED):
        reply = _marked(mark, value)
        assert extract_answer(reply, "number").answer == number, reply


@pytest.mark.parametrize("value", NO_NUMBER)
def test_a_mark_without_a_number_ends_the_search(value: str) -> None:
    for mark, before in itertools.product(MARKS, ("", "She has 3 + 4 = 7, so the total is 7.\n\n")):
        reply = before + _marked(mark, value)
        assert extract_answer(reply, "number").answer is None, reply


@pytest.mark.parametrize(
    "wrapper", ["{{{}}}", "\\boxed{{{}}}", "$\\boxed{{{}}}$", "**{}**", "`{}`"]
)
@pytest.mark.parametrize("joint", [" or ", " and ", ", ", "; ", " / "])
def test_two_wrapped_numbers_are_two_answers_unless_equal(wrapper: str, joint: str) -> None:
    start = "" if "boxed" in wrapper else "###Final answer: "
    for first, second in ((36, 40), (1, 100), (7, 7)):
        reply = start + wrapper.format(first) + joint + wrapper.format(second)
        expected = str(first) if first == second else None
        assert extract_answer(reply, "number").answer == expected, reply
