"""Lists and sentences in all the ways of writing them: the form changes no answer."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from orca_eval.extract import extract_answer
from orca_eval.scoring import score_answer

WORDS = st.lists(
    st.sampled_from(
        [
            "alder",
            "ash",
            "birch",
            "cedar",
            "elm",
            "fir",
            "hazel",
            "larch",
            "maple",
            "o'neill",
            "pine",
            "well-known",
        ]
    ),
    min_size=3,
    max_size=6,
    unique=True,
)
BRACKETS = st.lists(st.sampled_from(")]}>"), min_size=2, max_size=6)
NAMES = st.lists(
    st.sampled_from(["Ravn", "Orrin", "Lake Dunmore", "Petra Holm", "the Comets", "Old Harbor"]),
    min_size=2,
    max_size=4,
    unique=True,
)
MARKS = st.sampled_from(
    [
        "###Final answer: {}",
        "Final answer: {}.",
        "So the final answer is: {}",
        "<answer>{}</answer>",
    ]
)
JOINTS = (", ", "; ", " -> ", " → ", " | ", "|", ",", " ; ", " => ", ",  ")
LISTS = (
    "[{}]",
    "({})",
    "{{{}}}",
    "{}",
    "**{}**",
    "`{}`",
)
EACH = ("'{}'", '"{}"', "{{{}}}", "**{}**", "{}")


def numbered(items: list[str], form: str, joint: str) -> str:
    return joint.join(form.format(i) + item for i, item in enumerate(items, start=1))


@given(WORDS, MARKS, st.sampled_from(JOINTS), st.sampled_from(LISTS), st.sampled_from(EACH))
def test_words_are_the_words(
    words: list[str], mark: str, joint: str, whole: str, each: str
) -> None:
    value = whole.format(joint.join(each.format(word) for word in words))
    assert extract_answer(mark.format(value), "text").answer == " ".join(words)


@given(WORDS, st.sampled_from(["{}. ", "{}) ", "({}) "]), st.sampled_from([" ", "\n", ", "]))
def test_numbers_are_no_words(words: list[str], form: str, joint: str) -> None:
    for mark in ("###Final answer: {}", "###Final answer:\n{}", "{}"):
        reply = mark.format(numbered(words, form, joint))
        assert extract_answer(reply, "text").answer == " ".join(words), reply


@given(BRACKETS, st.sampled_from([" ", ", ", "; ", "\n"]), st.sampled_from(["{}", '"{}"', "`{}`"]))
def test_brackets_are_the_brackets(brackets: list[str], joint: str, each: str) -> None:
    reply = "###Final answer:\n" + joint.join(each.format(bracket) for bracket in brackets)
    assert extract_answer(reply, "text").answer == " ".join(brackets)


@given(NAMES, MARKS, st.sampled_from([*JOINTS, " and ", " & ", "/", ", and "]), st.data())
def test_spans_are_the_spans(names: list[str], mark: str, joint: str, data: st.DataObject) -> None:
    each, whole = data.draw(st.sampled_from(EACH)), data.draw(st.sampled_from(LISTS))
    reply = mark.format(whole.format(joint.join(each.format(name) for name in names)))
    answer = extract_answer(reply, "span").answer
    golds = [data.draw(st.permutations(names))]
    assert score_answer("span", answer, golds).exact_match == 1, (reply, answer)
    fewer = [names[:-1]]
    assert score_answer("span", answer, fewer).exact_match == 0, (reply, answer)


@pytest.mark.parametrize(
    ("form", "of_person"),
    [
        ("the last goal was scored by {}", True),
        ("the player who caught the last pass was {}", True),
        ("{} scored first", True),
        ("{} threw the longest pass of the game", True),
        ("it was {} who crossed the river", True),
        ("{} was the first to cross the river", True),
        ("the longest kick was {} yards", False),
        ("there were {} punts in the second quarter", False),
        ("the Comets scored {} points in the first half", False),
        ("the siege lasted {} weeks", False),
        ("{} goals were scored in the game", False),
    ],
)
@pytest.mark.parametrize(
    "lead", ["{}.", "So, {}.", "According to the passage, {}.", "**{}**", "{}"]
)
def test_a_sentence_gives_its_phrase(form: str, of_person: bool, lead: str) -> None:
    for filled in ("Ray Mercer", "Ilse Vang") if of_person else ("7", "12", "45"):
        said = form.format(filled)
        reply = lead.format(said if lead.index("{") > 2 else said[0].upper() + said[1:])
        answer = extract_answer(reply, "span").answer
        assert score_answer("span", answer, [[filled]]).exact_match == 1, (reply, answer)
        marked = extract_answer(f"###Final answer: {{{said}}}", "span").answer
        assert score_answer("span", marked, [[filled]]).exact_match == 1, marked
