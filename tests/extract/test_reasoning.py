"""What of a response is reasoning, and where the answer begins."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from orca_eval.extract.reply.parts import answer_start, reasoning_in

CASES = [
    ("The answer is B.", "", "The answer is B."),
    ("", "", ""),
    ("<think>So C?</think>B", "So C?", "B"),
    ("<think>\nSo C?\n</think>\n\nB", "So C?", "\n\nB"),
    ("So C?\n</think>\nB", "So C?", "\nB"),  # the template opened it
    ("<THINK>So C?</THINK>B", "So C?", "B"),
    ("<think>a</think>b<think>c</think>B", "a</think>b<think>c", "B"),
    ("[THINK]So C?[/THINK]B", "So C?", "B"),
    ("◁think▷So C?◁/think▷B", "So C?", "B"),
    ("<|channel|>analysis<|message|>So?<|channel|>final<|message|>B", "<|message|>So?", "B"),
    ("<think>So C", "So C", ""),
    ("<think>", "", ""),
    ("<think></think>B", "", "B"),
    ("2 < 3, and [B] it is", "", "2 < 3, and [B] it is"),
]


@pytest.mark.parametrize(("response", "reasoning", "answer"), CASES)
def test_reasoning_and_answer(response: str, reasoning: str, answer: str) -> None:
    assert reasoning_in(response) == reasoning
    assert response[answer_start(response) :] == answer


@given(st.text(), st.text())
def test_what_stands_between_marks_is_kept(thought: str, answer: str) -> None:
    response = f"<think>{thought}</think>{answer}"
    start = answer_start(response)
    if "<" not in thought + answer and "[" not in thought + answer and "◁" not in thought + answer:
        assert (reasoning_in(response), response[start:]) == (thought.strip(), answer)
    assert reasoning_in(response) in response
