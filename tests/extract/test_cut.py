"""Of a reply that was cut, the torn last word or number is not read as whole."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from orca_eval.extract import KINDS, answer, extract_answer, readings

OPTIONS = {"A": "Oslo", "B": "Lisbon", "C": "New York", "D": "Prague"}

CUT = [
    ("number", "The total is 1,2", None),
    ("number", "The answer is 12", None),
    ("number", "The answer is $1", None),
    ("number", "The answer is 12 + 3", None),
    ("number", "The answer is 4 x 3 = 1", None),
    ("number", "The answer is 1.5e1", None),
    ("number", "The answer is 12 mill", None),
    ("number", "The ratio is 1:2", None),
    ("number", "#### 1,", None),
    ("number", "#### 12/1", None),
    ("number", "\\boxed{12", None),
    ("number", "\\boxed{\\frac{3}{4", None),
    ("number", "The answer is $\\frac{3}{4", None),
    ("number", '{"answer": 1', None),
    ("number", "答案是12", None),
    ("number", "18", None),
    ("number", "She has 3 apples and 12 or", None),
    ("number", "The answer is two hundre", None),
    ("number", "The answer is twenty-", None),
    ("number", "The answer is two and a h", None),
    ("number", "The answer is 3/", None),
    ("number", "The answer is 12 x", None),
    ("number", "The answer is 18 o", None),
    ("number", "The answer is 18 appl", "18"),
    ("number", "The answer is two appl", "2"),
    ("number", "**18**", "18"),
    ("number", "#### 18.", None),
    ("number", "#### 18\n", "18"),
    ("number", "So x = 18", None),
    ("number", "18\n", "18"),
    ("number", "The answer is 18.", "18"),
    ("number", "The answer is 18%", "18"),
    ("number", "The answer is 18. 3", "18"),
    ("number", "The answer is 7, since 3 + 4 = 7 and tha", "7"),
    ("number", '{"answer": 18, "reasoning": "Because 3', "18"),
    ("number", '{"reasoning": "3 x 6", "answer": "18"', "18"),
    ("choice", "The answer is Lis", None),
    ("choice", "The answer is (Lis", None),
    ("choice", "The answer is New J", None),
    ("choice", "The answer is B", None),
    ("choice", "The answer is A m", None),
    ("choice", "The answer is New ", None),
    ("choice", "It is a ", None),
    ("choice", "Answer: A, B, C", None),
    ("choice", "Options A and C ar", None),
    ("choice", "The answer is B o", None),
    ("choice", "The answer is B and", None),
    ("choice", "The answer is (B) or (", None),
    ("choice", "Fado comes from Lisbon", None),
    ("choice", "答案是B", None),
    ("choice", "The answer is (B", "B"),
    ("choice", "The answer is **(B", "B"),
    ("choice", "\\boxed{B", "B"),
    ("choice", "\\boxed{\\text{B", "B"),
    ("choice", "\\boxed{\\text{B}", "B"),
    ("choice", '{"answer": "B", "reason": "It lies on', "B"),
    ("choice", '{"reason": "It lies on the Tagus", "answer": "', None),
    ("choice", "###Final answer: {B", "B"),
    ("choice", "答案是（B", "B"),
    ("choice", "B", "B"),
    ("choice", "**B", "B"),
    ("choice", "B. Lisb", "B"),
    ("choice", "The answer is B because it i", "B"),
    ("choice", "答案是B。因为里斯本在葡", "B"),
    ("span", "The answer is New Yor", None),
    ("span", "The answer is Denver,", None),
    ("span", "The answer is New ", None),
    ("span", "###Final answer: {Denver; Dal", None),
    ("span", "July 5, 199", None),
    ("span", "The answer is Denver.", "Denver"),
    ("span", "The answer is Manning because he thr", "Manning"),
    ("span", "###Final answer: {Denver; Dallas}", "Denver; Dallas"),
    ("text", "apple banana cher", None),
    ("text", "So the answer is ) ] }", None),
    ("text", "So the answer is ) ] }.", ") ] }"),
]


@pytest.mark.parametrize(("kind", "reply", "expected"), CUT)
def test_a_torn_end_is_not_read_as_whole(kind: str, reply: str, expected: str | None) -> None:
    assert answer(reply, kind, OPTIONS, cut=True) == expected
    heard = [found for _, found in readings(reply, kind, OPTIONS, cut=True)]
    assert expected is None or expected in heard


@given(
    st.integers(0, 10**9), st.sampled_from(["The answer is {}", "#### {}", "Answer: {}", "**{}"])
)
def test_more_digits_may_follow(number: int, frame: str) -> None:
    assert answer(frame.format(number), "number", cut=True) is None
    assert answer(frame.format(number) + "\n", "number", cut=True) == str(number)


@given(st.text(max_size=60), st.sampled_from(sorted(KINDS)))
def test_evidence_stands_in_the_reply_as_it_came(reply: str, kind: str) -> None:
    found = extract_answer(reply, kind, OPTIONS, cut=True)
    assert found.evidence is None or 0 <= found.evidence[0] < found.evidence[1] <= len(reply)


def test_a_reply_that_goes_on_to_another_turn_is_torn_there() -> None:
    assert answer("The answer is 12\n\nQuestion: How many", "number", cut=True) == "12"
