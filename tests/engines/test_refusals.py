"""What a server refuses: one item, a field, the system turn, or the whole run."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from fault_server import Reply, Script, answer, serve
from hypothesis import given, strategies as st
from test_openai import ask, engine, generate, short_waits

from orca_eval.engines.chat_wire import Dialect, request_body
from orca_eval.engines.refusal import EMPTY_SYSTEM, Rejected, read_refusal
from orca_eval.errors import FailedItemError, InputError, RunError
from orca_eval.types import Message, Request
from tests.waiting import HANG_SECONDS

__all__ = ["short_waits"]  # the fixture serves these tests too


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


def refused(status: int, content: Any, system: str = "", **sampling: Any) -> Rejected:
    """What a refusal of a request with every field means."""
    request = ask("Which of them, if any, is the right one?", **sampling)
    messages = (Message(role="system", content=system), *request.messages[1:])
    body = request_body(Dialect("m", {"enable_thinking": False}), with_messages(request, messages))
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return read_refusal(status, raw, body, None, str)


def with_messages(request: Request, messages: tuple[Message, ...]) -> Request:
    return request._replace(messages=messages)


# --- whose fault it is ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, error("The prompt violates our usage policies", code="content_policy_violation")),
        (400, error("Your request was rejected by our safety system.")),
        (400, error("Input may hold inappropriate content", code="data_inspection_failed")),
        (400, error("Content Exists Risk")),
        (400, error("Invalid prompt: it was flagged by moderation")),
        (403, b"<html><h1>Sorry, you have been blocked</h1></html>"),
        (403, error("x/y requires moderation. Your input was flagged for violence")),
        (422, {"detail": "Prompt blocked by guardrail"}),
        (451, b""),
        (500, error("Responsible AI checks: the output is filtered")),
        (200, {"choices": [], "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
        (200, error("The input is considered unsafe", code=403)),
        (400, error("系统检测到输入内容可能包含敏感内容")),
    ],
)
def test_a_filters_word_concerns_one_item_and_is_not_tried_again(status: int, body: Any) -> None:
    assert refused(status, body).whose == "filtered"
    with serve(Reply(status, body)) as script, pytest.raises(FailedItemError) as caught:
        generate(engine(script), ask())
    assert caught.value.refused
    assert len(script.bodies) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b""),
        (402, error("Insufficient credits")),
        (407, b"<html>Proxy Authentication Required</html>"),
        (403, error("API key not valid. Please pass a valid one.")),
        (403, error("You don't have permission for this project")),
        (400, error("API key expired")),
        (404, error("The model `tiny` does not exist or you have no access to it.")),
        (404, b"404 page not found"),
        (400, error("Unknown model: tiny")),
        (400, error("model 'tiny' not found, try pulling it first")),
        (405, b"Method Not Allowed"),
        (429, error("You exceeded your plan", code="insufficient_quota")),
    ],
)
def test_what_concerns_every_request_ends_the_run(status: int, body: Any) -> None:
    with serve(Reply(status, body)) as script, pytest.raises(RunError) as caught:
        generate(engine(script), ask())
    assert not isinstance(caught.value, FailedItemError)
    assert len(script.bodies) == 1


def test_a_setting_with_which_others_were_answered_is_not_at_fault() -> None:
    lost = Reply(404, error("no model found for this request"))
    with serve(Reply(body=answer("4")), lost) as script:
        tested = engine(script)
        assert generate(tested, ask("a"))[0].text == "4"
        with pytest.raises(FailedItemError):
            generate(tested, ask("b"))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(403, b"<html><title>Access denied</title></html>"),
        Reply(400, b"Bad Request"),
        Reply(418, error("I'm a teapot")),
        Reply(500, error("Internal error")),
        Reply(502, b"<html>bad gateway</html>"),
        Reply(200, error("upstream failed", code=502)),
    ],
)
def test_what_nobody_knows_is_the_items_until_others_tell(reply: Reply) -> None:
    with serve(*[reply] * 2) as script, pytest.raises(FailedItemError) as caught:
        generate(engine(script, max_retries=1), ask())
    assert not caught.value.refused
    assert "\n" not in str(caught.value)


def test_a_reply_that_the_filter_emptied_is_drawn_again_only_twice() -> None:
    with serve(*[Reply(body=answer("", "content_filter"))] * 4) as script:
        with pytest.raises(FailedItemError, match="after 3 tries"):
            generate(engine(script), ask())
        assert len(script.bodies) == 3


# --- fields ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "gone"),
    [
        (400, error("Model g knows no parameter frequencyPenalty."), {"frequency_penalty"}),
        (400, error("presence-penalty is not supported"), {"presence_penalty"}),
        (400, error("'n' is not a valid parameter"), {"n"}),
        (400, error("Argument not supported on this model: top_p"), {"top_p"}),
        (400, error("`seed`: unknown field"), {"seed"}),
        (400, error("Only one of temperature and topP may be given"), {"top_p"}),
        (422, {"detail": [{"loc": ["body", "stream"], "msg": "extra_forbidden"}]}, {"stream"}),
        (422, {"errors": {"n": ["unknown"], "seed": ["unknown"]}}, {"n", "seed"}),
        (501, error("parameter n is not implemented"), {"n"}),
        (
            200,
            error("Unsupported parameter(s): `presence_penalty`", code=400),
            {"presence_penalty"},
        ),
        (
            500,
            error("chat() got an unexpected keyword argument 'top_k'"),
            {"top_k", "min_p", "repetition_penalty"},
        ),
        (422, error("Extra inputs are not permitted"), {"top_k", "min_p", "repetition_penalty"}),
        (
            422,
            {"detail": [{"loc": ["body", "n"], "msg": "Extra inputs", "input": {"seed": 0}}]},
            {"n"},
        ),
    ],
)
def test_a_field_at_its_neutral_value_is_left_out(status: int, body: Any, gone: set[str]) -> None:
    with serve(Reply(status, body)) as script:
        tested = engine(script)
        generate(tested, ask())
        generate(tested, ask())
    first, *rest = script.bodies
    assert [set(first) - set(body) for body in rest] == [gone, gone]
    assert any(all(name in note for name in gone) for note in tested.notes)


def test_a_server_that_names_no_field_gets_fewer_and_fewer() -> None:
    faults = [Reply(422, error("Unrecognized request arguments"))] * 2
    with serve(*faults) as script:
        generate(engine(script), ask())
    assert set(script.bodies[2]) == {"model", "messages", "max_tokens", "temperature", "seed"}


@pytest.mark.parametrize(
    ("sampling", "message", "says"),
    [
        ({}, "temperature: only 1 is allowed", "sampling.temperature=null leaves it out"),
        ({}, "Unsupported value: 'temperature' may not be 0", "sampling.temperature=null"),
        ({"temperature": 0.5, "top_p": 0.9}, "top_p is not supported", "refuses top_p=0.9"),
        ({"repetition_penalty": 1.2}, "Unknown repetition_penalty", "refuses repetition_penalty=1"),
        ({"stop": ("Q:",)}, "'stop' is not supported", "takes no stop strings"),
        ({}, "max_tokens: 64 is above the highest, 32", "refuses max_tokens=64"),
    ],
)
def test_what_was_asked_for_is_never_left_out(
    sampling: dict[str, Any], message: str, says: str
) -> None:
    with serve(Reply(400, error(message))) as script, pytest.raises(RunError, match=says) as caught:
        generate(engine(script), ask(**sampling))
    assert not isinstance(caught.value, FailedItemError)
    assert len(script.bodies) == 1


def test_a_temperature_of_none_is_not_sent() -> None:
    with serve() as script:
        generate(engine(script), ask(temperature=None))
    assert "temperature" not in script.bodies[0]


def test_a_neutral_temperature_may_go() -> None:
    with serve(Reply(400, error("temperature is deprecated for this model"))) as script:
        generate(engine(script), ask(temperature=1.0))
    assert "temperature" not in script.bodies[1]


@pytest.mark.parametrize("owner", ["llamacpp", "library", "organization_owner"])
def test_the_penalty_goes_under_its_other_name_where_that_is_known(owner: str) -> None:
    with serve() as script:
        script.models = Reply(body={"data": [{"id": "tiny", "owned_by": owner}]})
        tested = engine(script)
        tested.check()
        generate(tested, ask(repetition_penalty=1.3))
    assert script.bodies[0]["repeat_penalty"] == 1.3


# --- the system turn ------------------------------------------------------------------------------

NO_SYSTEM = [
    (400, "System role not supported"),
    (400, "Only user and assistant roles are supported!"),
    (400, "Unsupported value: 'messages[0].role' does not support 'system' with this model."),
    (500, "Jinja Exception: Conversation roles must alternate user/assistant/…"),
    (400, "Developer instruction is not enabled for models/g"),
    (422, "A conversation must start with a user message"),
]
EMPTY = [
    (400, "messages: a content must not be empty"),
    (400, "messages.0.content: field is empty"),
    (422, "String should have at least 1 character"),
    (400, "The text field in the ContentBlock object is blank."),
    (400, "Message content cannot be empty"),
]


@pytest.mark.parametrize(("status", "message"), NO_SYSTEM + EMPTY)
def test_an_empty_system_turn_is_left_out_where_it_is_refused(status: int, message: str) -> None:
    def reply(body: dict[str, Any]) -> Reply:
        first = body["messages"][0]["role"] == "system"
        return Reply(status, error(message)) if first else Reply(body=answer("4"))

    with serve() as script:
        script.otherwise = reply
        tested = engine(script)
        assert [c.text for c in generate(tested, ask("a"), ask("b"))] == ["4", "4"]
    assert any(EMPTY_SYSTEM in note for note in tested.notes)


@pytest.mark.parametrize(("status", "message"), NO_SYSTEM)
def test_a_system_message_that_is_refused_names_the_way_out(status: int, message: str) -> None:
    found = refused(status, error(message), system="Be brief.")
    assert found.whose == "setting"
    assert "prompt=none" in found.message


# --- further fields, headers and a query ----------------------------------------------------------


def test_further_fields_headers_and_a_query_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE", "canary-4711-canary")
    further: dict[str, Any] = {
        "extra_body": {"enable_thinking": False},
        "headers": {"api-key": "env:AZURE", "X-Org": 7},
        "query": {"api-version": "2024-10-21"},
    }
    echo = Reply(body=answer("it is canary-4711-canary"))
    with serve(echo) as script:
        tested = engine(script, **further)
        tested.check()
        (found,) = generate(tested, ask())
    assert script.paths == [
        "/v1/models?api-version=2024-10-21",
        "/v1/chat/completions?api-version=2024-10-21",
    ]
    assert script.bodies[0]["enable_thinking"] is False
    assert [(h["api-key"], h["X-Org"]) for h in script.headers] == [("canary-4711-canary", "7")] * 2
    assert found.text == "it is [key]"
    assert tested.identity()["headers"] == {"api-key": "env:AZURE", "X-Org": 7}
    assert engine(script).identity().keys() == tested.identity().keys() - further.keys()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"headers": {"api-key": "canary-4711"}}, "engine.headers.api-key=env:NAME"),
        ({"query": {"key": "canary-4711"}}, "engine.query.key=env:NAME"),
        ({"headers": {"Authorization": "Basic canary-4711"}}, "env:NAME"),
        ({"headers": {"X-A": "x\ny"}}, "characters that a request can't carry"),
        ({"headers": {"X A": "x"}}, "no header of that name"),
        ({"headers": {"Host": "x"}}, "no header of that name"),
        ({"headers": {"X-A": [1]}}, "a text or a number is wanted"),
        ({"headers": {"X-A": "env:ORCA_EVAL_NO_SUCH"}}, "ORCA_EVAL_NO_SUCH: this environment"),
        ({"extra_body": {"temperature": 1}}, "temperature follows from the run's own settings"),
        ({"extra_body": {"stream": True}}, "stream follows"),
        ({"extra_body": "x"}, "engine.extra_body='x' must be"),
    ],
)
def test_a_wrong_one_is_one_line(args: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        engine(Script(url="http://127.0.0.1:9/v1"), **args).check()
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "models", [Reply(403, b""), Reply(401, b""), Reply(body={"data": [{"id": "other"}]})]
)
def test_the_list_of_models_need_not_be_believed(models: Reply) -> None:
    with serve() as script:
        script.models = models
        with pytest.raises(InputError, match=r"engine\.check_model=false"):
            engine(script).check()
        tested = engine(script, check_model=False)
        tested.check()
        assert generate(tested, ask())[0].text == "4"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(
    st.integers(100, 599),
    JSON
    | st.fixed_dictionaries({"error": JSON})
    | st.fixed_dictionaries({"message": JSON, "detail": JSON}),
)
def test_any_refusal_is_read(status: int, body: Any) -> None:
    found = refused(status, body)
    assert "\n" not in found.message
    assert EMPTY_SYSTEM not in found.fields or status in (200, 400, 404, 415, 422, 500, 501)


@given(st.binary(max_size=200))
def test_any_bytes_are_read(raw: bytes) -> None:
    assert "\n" not in refused(400, raw).message


@pytest.mark.parametrize(
    "part",
    [
        "prompt ",
        "prompt exceeds ",
        "input tokens ",
        "prompt too long token",
        "system role ",
        "n: ",
        "model ",
    ],
)
def test_a_long_refusal_is_read_in_no_time(part: str) -> None:
    began = time.process_time()
    refused(400, error(part * (1 << 16)))
    assert time.process_time() - began < HANG_SECONDS
