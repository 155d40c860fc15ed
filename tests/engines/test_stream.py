"""An answer that comes in pieces is the one that would have come whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fault_server import Reply, answer, serve
from test_openai import ask, engine, generate

from orca_eval.engines.stream import put_together


def events(*pieces: Any, end: bytes = b"data: [DONE]\n\n") -> bytes:
    return b"".join(b"data: " + json.dumps(piece).encode() + b"\n\n" for piece in pieces) + end


def piece(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


USAGE = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}
CALL = {"index": 0, "function": {"name": "answer", "arguments": '{"x": '}}
THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "C?"}]}
STREAMED = [
    (
        [piece(role="assistant", content=""), piece(content="The "), piece("stop", content="end.")],
        ("The end.", ""),
    ),
    (
        [piece(reasoning_content="So "), piece(reasoning_content="C?"), piece("stop", content="B")],
        ("B", "So C?"),
    ),
    (
        [
            piece(reasoning_details=[{"type": "reasoning.text", "index": 0, "text": "So "}]),
            piece(reasoning_details=[{"type": "reasoning.text", "index": 0, "text": "C?"}]),
            piece("stop", content="B"),
        ],
        ("B", "So C?"),
    ),
    ([piece(content=[THINKING]), piece("stop", content=[{"text": "B"}])], ("B", "C?")),
    ([piece(content="B"), piece("stop", reasoning="C?")], ("B", "C?")),
    (
        [
            piece(tool_calls=[CALL]),
            piece("stop", tool_calls=[{"index": 0, "function": {"arguments": "1}"}}]),
        ],
        ('answer({"x": 1})', ""),
    ),
    ([{"choices": [{"text": "B", "finish_reason": "stop"}]}], ("B", "")),
]


@pytest.mark.parametrize(("pieces", "said"), STREAMED)
def test_pieces_are_put_together(pieces: list[Any], said: tuple[str, str]) -> None:
    with serve(Reply(body=events(*pieces, USAGE))) as script:
        (found,) = generate(engine(script), ask())
    assert (found.text, found.reasoning) == said
    assert (found.finish_reason, found.prompt_tokens, found.completion_tokens) == ("stop", 7, 3)


@pytest.mark.parametrize(
    "refusal",
    [
        "This model only supports streaming, set stream=true",
        "stream must be true",
        "enable_thinking must be set to false for non-streaming calls: they are not supported",
        "Only stream mode is supported",
    ],
)
def test_a_server_that_only_streams_is_asked_to(refusal: str) -> None:
    refused = Reply(400, {"error": {"message": refusal}})
    with serve(refused, Reply(body=events(piece("stop", content="B"), USAGE))) as script:
        tested = engine(script)
        (found,) = generate(tested, ask())
    assert found.text == "B"
    assert [body["stream"] for body in script.bodies] == [False, True]
    assert script.bodies[1]["stream_options"] == {"include_usage": True}
    assert tested.notes == ("the server applied the chat template",)


def test_a_stream_that_breaks_off_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orca_eval.engines.openai.FIRST_BACKOFF_SECONDS", 0.0)
    torn = events(piece(content="half of"), end=b'data: {"choi')
    with serve(Reply(body=torn), Reply(body=answer("whole"))) as script:
        (found,) = generate(engine(script), ask())
    assert found.text == "whole"


@pytest.mark.parametrize("body", [b"", b"<html>", b"data: {}\n\n", b"data: [DONE]", b"\xff\xfe"])
def test_what_is_no_stream_is_nothing(body: bytes) -> None:
    assert put_together(body) is None


def test_a_hostile_stream_takes_no_more_than_its_length() -> None:
    """Some 100,000 pieces, each an entry of its own: quadratic work would take minutes."""
    pieces = [piece(tool_calls=[{"index": n, "id": "x"}]) for n in range(20_000)]
    found = put_together(events(*pieces * 5))
    assert found is not None
    assert len(found["choices"][0]["message"]["tool_calls"]) == 20_000


@pytest.mark.parametrize("depth", [5, 900, 100_000])
def test_deep_parts_are_no_recursion(depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    found = put_together(b'data: {"choices": [{"delta": {"content": ' + deep + b"}}]}")
    assert (found is None) == (depth > 5)
