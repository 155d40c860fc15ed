"""Every shape in which servers give reasoning × every kind of answer: the right text is the answer,
and the store holds every character."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fault_server import Reply, serve
from hypothesis import given, settings, strategies as st
from test_openai import ask, engine, generate

from orca_eval.engines.reply_text import find_text
from orca_eval.extract import extract_answer
from orca_eval.extract.reply.parts import reasoning_in
from orca_eval.store import ResponseStore

KEY = b"k" * 32
OPTIONS = {"A": "Oslo", "B": "Lisbon", "C": "Rome"}
# kind: what is thought, what is said, the answer, and what reading the thought would give
KINDS = {
    "choice": ("So the answer is C.", "The answer is B.", "B", "C"),
    "number": ("So the answer is 41.", "The answer is 42.", "42", "41"),
    "span": ("###Final answer: {Rome}", "###Final answer: {Lisbon}", "Lisbon", "Rome"),
    "text": ("###Final answer: {no}", "###Final answer: {yes}", "yes", "no"),
}


def whole(**message: Any) -> dict[str, Any]:
    return {"choices": [{"message": message, "finish_reason": "stop"}]}


def streamed(*deltas: Mapping[str, Any]) -> bytes:
    pieces = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return b"".join(b"data: " + json.dumps(p).encode() + b"\n\n" for p in [*pieces, last])


SHAPES = {
    "reasoning_content": lambda thought, said: whole(content=said, reasoning_content=thought),
    "reasoning": lambda thought, said: whole(content=said, reasoning=thought),
    "details": lambda thought, said: whole(
        content=said, reasoning_details=[{"type": "reasoning.text", "text": thought}]
    ),
    "parts": lambda thought, said: whole(
        content=[{"type": "thinking", "thinking": thought}, {"type": "text", "text": said}]
    ),
    "reasoning after content": lambda thought, said: whole(
        content=[{"type": "text", "text": said}, {"type": "reasoning", "text": thought}]
    ),
    "tags inside content": lambda thought, said: whole(content=f"<think>{thought}</think>{said}"),
    "tags opened by the template": lambda thought, said: whole(content=f"{thought}</think>{said}"),
    "streaming only": lambda thought, said: streamed(
        {"reasoning_content": thought[:5]}, {"reasoning_content": thought[5:]}, {"content": said}
    ),
    "streamed, reasoning after content": lambda thought, said: streamed(
        {"content": said[:5]}, {"content": said[5:]}, {"reasoning": thought}
    ),
    "both fields equal": lambda _, said: whole(content=said, reasoning_content=said),
    "all text in reasoning": lambda _, said: whole(content=None, reasoning_content=said),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_right_text_is_the_answer_and_nothing_is_lost(
    shape: str, kind: str, tmp_path: Path
) -> None:
    thought, said, answer, wrong = KINDS[kind]
    with serve(Reply(body=SHAPES[shape](thought, said))) as script:
        (found,) = generate(engine(script), ask())
    with ResponseStore(tmp_path) as store:
        store.put(KEY, found)
        store.flush()
        assert store.get_many([KEY]) == {KEY: found}
    options = OPTIONS if kind == "choice" else None
    read = extract_answer(found.text, kind, options)
    if shape == "all text in reasoning":
        assert (read.answer, found.text, found.reasoning) == (None, "", said)
        read = extract_answer(found.read("as_answer").text, kind, options)
    else:
        assert said in found.text
        kept = said if shape == "both fields equal" else thought
        assert (found.reasoning or reasoning_in(found.text)) == kept
    assert read.answer == answer
    assert extract_answer(thought, kind, options).answer == wrong  # it is no empty trap


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
PARTS = st.lists(st.tuples(st.sampled_from(["thinking", "text"]), TEXT), max_size=6)


@settings(max_examples=200)
@given(st.one_of(st.none(), TEXT, PARTS), st.dictionaries(st.sampled_from(
    ["reasoning_content", "reasoning", "thinking"]), TEXT))  # fmt: skip
def test_no_character_of_a_message_is_lost(content: Any, fields: dict[str, str]) -> None:
    parts = [("text", content)] if isinstance(content, str) else content or []
    given_parts = [{"type": kind, kind: text} for kind, text in parts]
    message = {"content": content if isinstance(content, str) else given_parts, **fields}
    found = find_text({"message": message})
    assert found is not None
    assert found.text == "".join(text for kind, text in parts if kind == "text")
    thoughts = "".join(text for kind, text in parts if kind == "thinking")
    for text in (*fields.values(), thoughts):
        assert text in found.reasoning
