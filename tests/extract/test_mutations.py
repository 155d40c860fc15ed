"""What a value says does not depend on the mark around it, on case, on blank space or on the words
before it."""

import pytest
from hypothesis import given, settings, strategies as st

from orca_eval.extract import answer
from orca_eval.scoring import score_answer

MARKS = {
    "number": (
        *("###Final answer: {{{}}}", "**Final Answer:** {}", "Final answer: **{}**"),
        *(r"\boxed{{{}}}", "<answer>{}</answer>", "#### {}", "The answer is {}", "Answer: {}"),
        '{{"reasoning": "as above", "answer": "{}"}}',
    ),
    "choice": (
        *("###Final answer: {{{}}}", "**Final Answer:** {}", "Final answer: **{}**"),
        *(r"\boxed{{{}}}", "<answer>{}</answer>", "The answer is {}", "Answer: {}"),
        '{{"reasoning": "as above", "answer": "{}"}}',
    ),
    "text": (
        *("###Final answer: {{{}}}", "**Final Answer:** {}", "The answer is {}", "Answer: {}"),
        "<answer>{}</answer>",
    ),
}
VALUES: dict[str, dict[str, str | None]] = {
    "number": {
        "1,00,000": "100000",
        "2,50,75,000": "25075000",
        "36 lakh": "3600000",
        "4 dozen": "48",
        "1.2M": "1200000",
        "7 hundred": "700",
        "2^{10}": "1024",
        "10^6": "1000000",
        "negative 36": "-36",
        "minus 8": "-8",
        "two and a half": "5/2",
        "forty-two": "42",
        "1.234.567": "1234567",
        "36_000": "36000",
        "⅜": "3/8",
        "18 dollars": "18",
        "36 or 40": None,
        "between 3 and 5": None,
        "25π": None,
        "6√2": None,
        "3x + 2": None,
    },
    "choice": {
        "B": "B",
        "(B)": "B",
        "B. Lisbon": "B",
        "Lisbon": "B",
        "option B": "B",
        "B and C": None,
        "B or C": None,
        "Lisbon, Vienna": None,
        "A, B, C": None,
    },
    "text": {
        "apple banana cherry": "apple banana cherry",
        "apple, banana, cherry": "apple banana cherry",
        "apple; banana; cherry": "apple banana cherry",
        "['apple', 'banana', 'cherry']": "apple banana cherry",
        "apple < banana < cherry": "apple banana cherry",
        "apple -> banana -> cherry": "apple banana cherry",
        "apple | banana | cherry": "apple banana cherry",
        "1. apple 2. banana 3. cherry": "apple banana cherry",
    },
}
OPTIONS = {"A": "Oslo", "B": "Lisbon", "C": "Vienna", "D": "Prague"}
BEFORE = st.sampled_from(("", "Let me think step by step.\n\n", "First, 3 + 4 = 7.\n", "Sure!\n"))
BEHIND = st.sampled_from(("", "\n", "  \n\n", "\r\n"))
CASES = [
    (kind, mark, value, expected)
    for kind, values in VALUES.items()
    for mark in MARKS[kind]
    for value, expected in values.items()
]


@pytest.mark.parametrize(("kind", "mark", "value", "expected"), CASES)
@settings(max_examples=12)  # of 48
@given(before=BEFORE, behind=BEHIND, mutation=st.sampled_from((str, str.upper, str.title)))
def test_a_marked_value_is_read_alike(
    kind: str, mark: str, value: str, expected: str | None, before: str, behind: str, mutation: type
) -> None:
    head, _, tail = mark.partition("{}")
    tagged = "<" in head or "\\" in head or '"' in head  # whose own letters are fixed
    head = (head if tagged else mutation(head)).replace("{{", "{")
    reply = before + head + value + tail.replace("}}", "}") + behind
    found = answer(reply, kind, OPTIONS if kind == "choice" else None)
    if expected is None:
        assert found is None, reply
    else:
        assert score_answer(kind, found, [[expected]]).exact_match == 1, (reply, found)
