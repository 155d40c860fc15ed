"""An answer's text wherever a server puts it; where there is none, that is said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fault_server import Reply, answer, serve
from hypothesis import given, strategies as st
from test_openai import ask, engine, generate

from orca_eval.engines.reply_text import find_text

SAID = "The answer is B."


def message(**fields: Any) -> dict[str, Any]:
    return {"message": fields}


def parts(*content: Any) -> dict[str, Any]:
    return message(content=list(content))


@pytest.mark.parametrize(
    "choice",
    [
        parts({"type": "text", "text": SAID}),
        parts({"type": "text", "text": "The answer "}, {"type": "text", "text": "is B."}),
        parts("The answer ", "is B."),
        parts({"type": "output_text", "text": {"value": SAID}}),
        parts({"type": "text", "content": SAID}),
        parts({"type": "thinking", "thinking": "C?"}, {"type": "text", "text": SAID}),
        parts({"type": "thinking", "thinking": [{"type": "text", "text": "C?"}]}, {"text": SAID}),
        parts({"type": "reasoning", "summary": [{"text": "C?"}]}, SAID),
        parts({"text": "C?", "thought": True}, {"text": SAID}),
        message(content={"parts": [{"text": SAID}]}),
        message(parts=[{"text": SAID}]),
        message(parts=[{"text": "C?", "thought": True}, {"text": SAID}]),
        message(content="", refusal=SAID),
        message(content=None, reasoning_content="C?", text=SAID),
        message(audio={"transcript": SAID}),
        {"message": SAID},
        {"message": {}, "text": SAID},
        {"text": SAID},
        {"content": SAID},
        {"delta": {"content": SAID}},
    ],
)
def test_the_text_is_found(choice: dict[str, Any]) -> None:
    with serve(Reply(body={"choices": [choice | {"finish_reason": "stop"}]})) as script:
        assert generate(engine(script), ask())[0].text == SAID


@pytest.mark.parametrize(
    "first", [message(content=""), message(content=None), message(), {"finish_reason": "stop"}]
)
def test_where_the_first_choice_has_no_text_another_has(first: Any) -> None:
    others = [message(content=SAID), message(content="C")]
    choices = [first, *(choice | {"finish_reason": "stop"} for choice in others)]
    with serve(Reply(body={"choices": choices})) as script:
        assert generate(engine(script), ask())[0].text == SAID


@pytest.mark.parametrize(
    "calls",
    [
        {"tool_calls": [{"function": {"name": "answer", "arguments": '{"x": "B"}'}}]},
        {"tool_calls": [{"name": "answer", "arguments": {"x": "B"}}]},
        {"tool_calls": [{"type": "tool_use", "name": "answer", "input": {"x": "B"}}]},
        {"function_call": {"name": "answer", "arguments": '{"x": "B"}'}},
    ],
)
def test_a_call_is_written_down_and_counted(calls: dict[str, Any]) -> None:
    body = {"choices": [message(content=None, **calls) | {"finish_reason": "tool_calls"}]}
    with serve(Reply(body=body)) as script:
        tested = engine(script)
        assert generate(tested, ask())[0].text == 'answer({"x": "B"})'
    assert any(note.startswith("1 answers were tool calls") for note in tested.notes)


REASONED = [
    message(content=None, reasoning_content=SAID),
    message(content="", reasoning=SAID),
    message(reasoning_details=[{"type": "reasoning.text", "text": SAID}]),
    parts({"type": "thinking", "thinking": SAID}),
]


@pytest.mark.parametrize("finish", ["stop", "length"])
@pytest.mark.parametrize("choice", REASONED)
def test_text_that_is_all_reasoning_is_no_answer_and_kept(
    choice: dict[str, Any], finish: str
) -> None:
    with serve(Reply(body={"choices": [choice | {"finish_reason": finish}]})) as script:
        tested = engine(script)
        (found,) = generate(tested, ask())
    assert (found.text.strip(), found.reasoning, found.finish_reason) == ("", SAID, finish)
    assert found.only_reasoning == (finish == "stop")
    assert found.read("apart") == found
    assert found.read("as_answer").text == (SAID if finish == "stop" else found.text)
    assert tested.counters().get("only_reasoning", 0) == (finish == "stop")


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"completion_tokens_details": {"reasoning_tokens": 5}}, 5),
        ({"reasoning_tokens": 6.0}, 6),
        ({"completion_tokens_details": {"reasoning_tokens": 0}, "reasoning_tokens": 6}, 0),
        ({"completion_tokens_details": None, "reasoning_tokens": "7"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_tokens_of_reasoning_are_the_servers_count(usage: Any, tokens: int | None) -> None:
    with serve(Reply(body=answer(SAID, reasoning="C?") | {"usage": usage})) as script:
        (found,) = generate(engine(script), ask())
    assert (found.reasoning, found.reasoning_tokens) == ("C?", tokens)


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({"content": SAID, "reasoning": "C?", "reasoning_content": "C?"}, "C?"),
        ({"content": SAID, "reasoning_content": SAID}, SAID),
        ({"content": SAID, "reasoning": "C?", "reasoning_details": [{"text": "D?"}]}, "C?\n\nD?"),
        (
            {"content": [{"type": "thinking", "thinking": "D?"}, SAID], "reasoning": "C? D?"},
            "C? D?",
        ),
        ({"content": [SAID, {"type": "thinking", "thinking": "C?"}]}, "C?"),
        ({"content": [{"parts": [{"thought": True, "text": "C?"}]}, {"text": SAID}]}, "C?"),
        ({"content": SAID}, ""),
    ],
)
def test_reasoning_is_kept_once_wherever_it_stands(fields: dict[str, Any], reasoning: str) -> None:
    found = find_text(message(**fields))
    assert found is not None
    assert (found.text, found.reasoning) == (SAID, reasoning)


def test_reasoning_in_one_choice_and_the_answer_in_another_are_one_reply() -> None:
    choices = [message(content=None, reasoning="C?"), message(content=SAID)]
    body = {"choices": [choice | {"finish_reason": "stop"} for choice in choices]}
    with serve(Reply(body=body)) as script:
        (found,) = generate(engine(script), ask())
    assert (found.text, found.reasoning) == (SAID, "C?")


@pytest.mark.parametrize("content", [None, "", " ", [], [{"type": "text", "text": ""}]])
def test_tokens_without_any_text_are_a_note(content: Any) -> None:
    with serve(Reply(body=answer(content)), Reply(body=answer(content))) as script:
        tested = engine(script)
        assert [c.text.strip() for c in generate(tested, ask("a"), ask("b"))] == ["", ""]
    said = "2 answers have no text anywhere, though the server counted 6 generated tokens for them"
    assert said in tested.notes


def test_a_turn_that_ends_at_once_is_no_note() -> None:
    silent = answer("") | {"usage": {"prompt_tokens": 7, "completion_tokens": 1}}
    with serve(Reply(body=silent)) as script:
        tested = engine(script)
        generate(tested, ask())
    assert tested.notes == ("the server applied the chat template",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "content", "thinking", "parts", "function", "name"]),
            inner,
        )
    ),
    max_leaves=20,
)


@given(
    st.dictionaries(
        st.sampled_from(["content", "refusal", "tool_calls", "reasoning", "audio", "text"]), JSON
    )
)
def test_any_message_is_a_text(fields: dict[str, Any]) -> None:
    found = find_text({"message": fields})
    assert found is not None
    assert isinstance(found.text, str)
    assert json.dumps(found.place)


def test_deep_parts_are_no_recursion() -> None:
    deep: Any = SAID
    for _ in range(500):
        deep = [{"content": deep}]
    found = find_text({"message": {"content": deep}})
    assert found is not None
    assert found.place == "nowhere"
