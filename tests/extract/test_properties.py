"""What must hold for any reply, whatever the rules are."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings, strategies as st

from orca_eval.errors import InputError
from orca_eval.extract import KINDS, extract_answer

STATED_RULES = {rule.name for kind in KINDS.values() for rule in kind.rules if rule.stated}

CITIES = ("Oslo", "Lisbon", "Vienna", "Prague", "Tallinn", "Dublin", "Zagreb", "Madrid")
WORD_PAIRS = (
    {"Yes": "Yes", "No": "No"},
    {"valid": "valid", "invalid": "invalid"},
    {"True": "True", "False": "False"},
)

# Text made of what replies are made of, so that rules do fire on it.
PIECES = st.sampled_from(
    [
        "The answer is ",
        "Answer: ",
        "###Final answer: ",
        "\\boxed{",
        "}",
        "(",
        ")",
        "A",
        "B",
        "C",
        "D",
        "a",
        "I",
        "1",
        "3",
        "12",
        "Oslo",
        "Lisbon",
        "Vienna",
        "not ",
        "is correct",
        "is wrong",
        " and ",
        " or ",
        ". ",
        "\n",
        "\n\n",
        "**",
        "$",
        "<think>",
        "</think>",
        "Question: ",
        "Q: ",
        "[INST]",
        "Wait, ",
        "so ",
        "therefore ",
        "I cannot answer",
        "none of the above",
        "Yes",
        "No",
        "valid",
        "invalid",
        "=",
        "+",
        "x",
        "1/2",
        "####",
        "{",
        "}",
        "\\boxed{",
        "\\text{",
        "</answer>",
        "答案是",
        "选",
        "…",
        "é",
        "İ",
        "\u2212",
        "𝐂",
        "\x00",
        "Ａ",
    ]
)
REPLIES = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join))
KINDS = st.sampled_from(["choice", "number", "span", "text", "word"])
OPTIONS = st.one_of(
    st.integers(2, 8).map(lambda n: dict(zip("ABCDEFGH", CITIES[:n], strict=False))),
    st.integers(2, 5).map(lambda n: dict(zip("12345", CITIES[:n], strict=False))),
    st.sampled_from(WORD_PAIRS),
    st.dictionaries(st.sampled_from("ABCDEFGHIJ"), st.text(max_size=20), min_size=1, max_size=10),
)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?|-?\d+/\d+")


@given(REPLIES, KINDS, OPTIONS)
@settings(max_examples=500)
def test_never_raises_and_answers_are_well_formed(
    reply: str, kind: str, options: dict[str, str]
) -> None:
    found = extract_answer(reply, kind, options)
    assert found.rule
    if found.answer is not None:
        assert found.answer.strip()
        if kind == "word":
            assert any(map(str.isalnum, found.answer))
        if kind == "choice":
            assert found.answer in options
        if kind == "number":
            assert NUMBER.fullmatch(found.answer)
    if found.evidence is not None:
        start, end = found.evidence
        assert 0 <= start < end <= len(reply)


@given(REPLIES, OPTIONS, st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_order_of_options_changes_nothing(reply: str, options: dict[str, str], random) -> None:
    shuffled = list(options.items())
    random.shuffle(shuffled)
    assert extract_answer(reply, "choice", options) == extract_answer(
        reply, "choice", dict(shuffled)
    )


TEXT_ONLY = st.sampled_from(
    [
        "The answer is {}.",
        "{}",
        "{}.",
        "It must be {}.",
        "**{}**",
        "The capital in question is {}.",
        "###Final answer: {{{}}}",
        "So it is {}.",
        "\\boxed{{\\text{{{}}}}}",
        "The answer isn't {other}. It's {}.",
        "Not {other}, but {}.",
    ]
)
LABEL_ONLY = st.sampled_from(
    [
        "The answer is {}.",
        "{}",
        "({})",
        "Answer: {}",
        "**{}**",
        "I choose {}.",
        "Option {} is correct.",
        "So it is {}.",
        "\\boxed{{{}}}",
        "###Final answer: {{{}}}",
        "The answer is not {other}. It is {}.",
    ]
)


@given(TEXT_ONLY, st.permutations(CITIES[:4]), st.integers(0, 3), st.integers(1, 3))
def test_text_alone_follows_the_text(form: str, texts: list[str], which: int, step: int) -> None:
    options = dict(zip("ABCD", texts, strict=True))
    reply = form.format(CITIES[which], other=CITIES[(which + step) % 4])
    assert extract_answer(reply, "choice", options).answer == "ABCD"[texts.index(CITIES[which])]


@given(LABEL_ONLY, st.permutations(CITIES[:4]), st.sampled_from("ABCD"), st.integers(1, 3))
def test_label_alone_ignores_the_texts(form: str, texts: list[str], label: str, step: int) -> None:
    options = dict(zip("ABCD", texts, strict=True))
    reply = form.format(label, other="ABCD"[("ABCD".index(label) + step) % 4])
    assert extract_answer(reply, "choice", options).answer == label


RUN_ONS = st.sampled_from(
    [
        "\n\nQuestion: {}",
        "\nQ: {}",
        "\n\nHuman: {}",
        " [INST] {}",
        "</s>{}",
        "<|im_end|>\n<|im_start|>user\n{}",
        "<|eot_id|>{}",
        "\n\n### Instruction:\n{}",
        "\nProblem: {}",
        "\nUser: {}",
    ]
)


@given(REPLIES, RUN_ONS, REPLIES, KINDS)
@settings(max_examples=300)
def test_run_on_changes_no_committed_answer(reply: str, run_on: str, more: str, kind: str) -> None:
    options = dict(zip("ABCD", CITIES, strict=False))
    before = extract_answer(reply, kind, options)
    tail = run_on.format(more.replace("think", ""))
    if before.rule not in ("no_commitment", "empty") and "think" not in reply:
        after = extract_answer(reply + tail, kind, options)
        open_end = run_on.lstrip().startswith(("Question", "Q:", "Problem", "### Instruction"))
        weak = before.answer is not None and before.rule not in STATED_RULES
        marked = open_end and weak and after.rule == "final_marker"
        assert after.answer == before.answer or marked


WRAPPERS = (
    "**{}**",
    "*{}*",
    "`{}`",
    "__{}__",
    "${}$",
    "\\boxed{{{}}}",
    "$\\boxed{{{}}}$",
    "\\text{{{}}}",
    "$\\mathbf{{{}}}$",
    "({})",
    "[{}]",
    "{{{}}}",
    '"{}"',
    "\\boxed{{\\text{{{}}}}}",
)


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize(
    "frame", ["{}", "The answer is {}.", "Answer: {}", "###Final answer: {}", "Final answer:\n{}"]
)
def test_wrapping_changes_nothing(wrapper: str, frame: str) -> None:
    options = dict(zip("ABCD", CITIES, strict=False))
    for label in options:
        assert (
            extract_answer(frame.format(wrapper.format(label)), "choice", options).answer == label
        )
    for number in ("7", "42", "1234", "3.5", "-8", "1,250"):
        reply = frame.format(wrapper.format(number))
        assert extract_answer(reply, "number").answer == number.replace(",", ""), reply


@given(REPLIES, KINDS)
def test_deterministic(reply: str, kind: str) -> None:
    options = {"A": "Oslo", "B": "Lisbon"}
    assert extract_answer(reply, kind, options) == extract_answer(reply, kind, options)


def test_unknown_kind_and_missing_options_are_refused() -> None:
    with pytest.raises(InputError, match="kind='letter': valid: choice, number, span, text"):
        extract_answer("B", "letter")
    with pytest.raises(InputError, match="options"):
        extract_answer("B", "choice")


@pytest.mark.parametrize(
    ("start", "run"),
    [
        ("Answer:", "\n"),
        ("The answer is", " "),
        ("best answer for the most likely choice is", " "),
        ("ok\nx", " "),
        ("###Final answer:\n", "- a" + " " * 1990 + "b\n"),
    ],
)
@pytest.mark.parametrize("kind", ["choice", "number", "span", "text"])
def test_a_long_run_behind_a_cue_takes_no_seconds(start: str, run: str, kind: str) -> None:
    reply = (start + run * 11_900)[:11_900] + "y"
    began = time.process_time()
    extract_answer(reply, kind, dict(zip("ABCD", CITIES, strict=False)))
    assert time.process_time() - began < 0.5
