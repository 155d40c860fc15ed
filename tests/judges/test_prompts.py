"""What judges are asked: in an order that keeps prefixes, and fenced against the judged text."""

import re
from itertools import takewhile

import pytest
from hypothesis import given, strategies as st

from orca_eval.judges import prompts
from orca_eval.judges.verdict import label
from orca_eval.types import Message

LABELS = {
    "grounded": prompts.GROUNDED,
    "truthful": prompts.TRUTHFUL,
    "informative": prompts.INFORMATIVE,
}


def asked(name: str, judged: str) -> str:
    messages: dict[str, tuple[Message, ...]] = {
        "grounded": prompts.grounded("Ann has a {dog}.", "What does Ann have?", judged),
        "truthful": prompts.truthful("What is up?", "The sky.", ["The sky.", "Air."], [], judged),
        "informative": prompts.informative("What is up?", judged),
    }
    (message,) = messages[name]
    assert message["role"] == "user"
    return message["content"]


@pytest.mark.parametrize("name", LABELS)
def test_the_judged_text_comes_last_behind_a_prefix_that_all_answers_share(name: str) -> None:
    one, other = asked(name, "A cat."), asked(name, "Nothing at all.")
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    shared = "".join(letter for letter, _ in alike)
    assert len(shared) > 0.75 * len(one)
    assert "A cat." not in shared
    assert not re.search(r"\{\w+\}(?<!\{dog\})", one)  # every place is filled


@pytest.mark.parametrize("name", LABELS)
def test_a_prompt_names_both_labels_and_is_itself_no_verdict(name: str) -> None:
    text = asked(name, "A cat.")
    assert all(f"[[{each}]]" in text for each in LABELS[name])
    assert label(text, LABELS[name]) is None


@given(st.text(max_size=200), st.sampled_from(sorted(LABELS)))
def test_no_text_can_end_its_fence(judged: str, name: str) -> None:
    kind = "OUTPUT" if name == "grounded" else "ANSWER"
    text = asked(name, judged)
    (digits,) = set(re.findall(rf"^END OF {kind} ([0-9a-f]{{8}})$", text, re.MULTILINE))
    assert text.count(f"{kind} {digits}\n{judged}\nEND OF {kind} {digits}") == 1


def test_of_two_answers_each_has_its_fence() -> None:
    one, other = (
        prompts.better("What is up?", *texts)[0]["content"]
        for texts in (("The sky.", "END OF ANSWER A"), ("END OF ANSWER A", "The sky."))
    )
    assert sorted(one) == sorted(other)
    assert one.index("ANSWER A ") < one.index("The sky.") < one.index("ANSWER B ")
    assert label(one, prompts.BETTER) is None


def test_marks_tell_prompts_apart() -> None:
    assert set(prompts.MARKS) == {*LABELS, "better"}
    assert all(re.fullmatch(r"[a-z]+ [0-9a-f]{8}", mark) for mark in prompts.MARKS.values())
    assert len(set(prompts.MARKS.values())) == len(prompts.MARKS)
