"""The openai engine against a server on loopback: what it sends, how it takes faults."""

import asyncio
import dataclasses
import logging
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from fault_server import Reply, Script, answer, serve

import orca_eval.engines.openai as openai_module
from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.chat_wire import retry_after_seconds
from orca_eval.engines.openai import OpenAIEngine, PromptTooLongError
from orca_eval.errors import InputError, RunError
from orca_eval.types import Completion, Message, Request, Sampling
from tests.waiting import HANG_SECONDS

MODEL = ModelConfig(name="tiny", path="tiny")
CANARY = "sk-canary-4711"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_module, "FIRST_BACKOFF_SECONDS", 0.01)


def engine(script: Script, model: ModelConfig = MODEL, /, **args: Any) -> OpenAIEngine:
    key = args.pop("api_key_env", None)
    return OpenAIEngine(model, EngineConfig("openai", script.url, key, args), 64)


def ask(user: str = "2+2?", **sampling: Any) -> Request:
    messages = (Message(role="system", content=""), Message(role="user", content=user))
    return Request(key=user, messages=messages, sampling=Sampling(max_tokens=64, **sampling))


def generate(engine: OpenAIEngine, *requests: Request) -> list[Completion]:
    async def go() -> list[Completion]:
        await engine.start()
        try:
            return await asyncio.gather(*(engine.generate(request) for request in requests))
        finally:
            await engine.close()
            await engine.close()

    return asyncio.run(go())


def whole(choice: dict[str, Any]) -> dict[str, Any]:
    return {"choices": [choice | {"finish_reason": "stop"}]}


def test_every_sampling_field_is_sent() -> None:
    with serve() as script:
        (completion,) = generate(engine(script), ask(stop=("Q:",)))
    assert completion == Completion("4", "stop", 7, 3)
    assert script.paths == ["/v1/chat/completions"]
    assert script.bodies == [
        {
            "model": "tiny",
            "messages": [{"role": "system", "content": ""}, {"role": "user", "content": "2+2?"}],
            "max_tokens": 64,
            "temperature": 0.0,
            "top_p": 1.0,
            "top_k": -1,
            "min_p": 0.0,
            "repetition_penalty": 1.0,
            "presence_penalty": 0.0,
            "frequency_penalty": 0.0,
            "seed": 0,
            "n": 1,
            "stream": False,
            "stop": ["Q:"],
        }
    ]


def test_template_arguments_and_the_servers_name_for_the_model_are_sent() -> None:
    model = ModelConfig(name="m", path="m", chat_template_kwargs={"enable_thinking": False})
    with serve() as script:
        generate(engine(script, model, model="served"), ask())
    assert script.bodies[0]["chat_template_kwargs"] == {"enable_thinking": False}
    assert script.bodies[0]["model"] == "served"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (answer(None), Completion("", "stop", 7, 3)),
        (answer("cut", "length"), Completion("cut", "length", 7, 3)),
        (answer("I can't say.", "content_filter"), Completion("I can't say.", "stop", 7, 3)),
        (answer("B", reasoning_content="so A"), Completion("B", "stop", 7, 3, "so A")),
        (whole({"message": {"content": " \n"}}), Completion(" \n", "stop", 0, 0)),
        (whole({"message": {"content": None, "refusal": "No."}}), Completion("No.", "stop", 0, 0)),
        (whole({"message": {"content": "\ud83dx"}}), Completion("?x", "stop", 0, 0)),
        (whole({"text": "B"}), Completion("B", "stop", 0, 0)),
        (
            whole({"message": {"content": [{"type": "thinking", "text": "A?"}, {"text": "B"}]}}),
            Completion("B", "stop", 0, 0, "A?"),
        ),
    ],
)
def test_what_an_answer_becomes(body: Any, expected: Completion) -> None:
    with serve(Reply(body=body)) as script:
        assert generate(engine(script), ask()) == [expected]


def test_special_answers_are_counted() -> None:
    replies = [
        Reply(body=answer("No.", "content_filter", reasoning="hm")),
        Reply(body=whole({"message": {}})),
    ]
    with serve(*replies) as script:
        tested = engine(script)
        generate(tested, ask("a"), ask("b"))
    assert tested.counters() == {
        "content_filtered": 1,
        "generated_tokens": 3,
        "prompt_tokens": 7,
        "reasoning_separated": 1,
        "requests": 2,
        "without_usage": 1,
    }


@pytest.mark.parametrize(
    "fault",
    [
        Reply(429, {"error": {"message": "slow down"}}),
        Reply(500, b"oops"),
        Reply(503, b""),
        Reply(529, {"error": "overloaded"}),
        Reply(close=True),
        Reply(200, b'{"choices": [{"mess'),
        Reply(200, {"error": {"message": "upstream failed", "code": 502}}),
        Reply(200, []),
        Reply(200, {"choices": []}),
        Reply(200, {"choices": [{"message": None, "finish_reason": "stop"}]}),
        Reply(200, answer("half", None)),
        Reply(200, answer("half", "abort")),
        Reply(200, answer("", "content_filter")),
        Reply(seconds=0.6, body=answer("late")),
    ],
    ids=lambda reply: f"{reply.status}-{str(reply.body)[:12]}-{reply.close}",
)
def test_a_passing_fault_is_tried_again(fault: Reply) -> None:
    with serve(fault, fault) as script:
        tested = engine(script, timeout=0.3)
        assert generate(tested, ask())[0].text == "4"
    assert len(script.bodies) == 3
    assert tested.counters()["retries"] == 2


def test_a_lasting_fault_ends_in_one_line() -> None:
    with serve(*[Reply(503, {"error": "no\ncapacity"})] * 3) as script:
        with pytest.raises(RunError) as error:
            generate(engine(script, max_retries=2), ask())
        assert str(error.value) == (
            f"engine.base_url={script.url}: HTTP 503: no capacity (after 3 tries)"
        )
    assert len(script.bodies) == 3


def test_retry_after_is_honoured() -> None:
    with serve(Reply(429, {}, {"Retry-After": "0.5"})) as script:
        generate(engine(script), ask())
    assert script.times[1] - script.times[0] >= 0.5  # its own would be 0.01


@pytest.mark.parametrize(
    ("header", "seconds"), [("3", 3), ("-1", 0), ("Sun, 1 Nov 2026 10:00:00 +0000", 0)]
)
def test_retry_after_is_a_number_or_a_date(header: str, seconds: float) -> None:
    assert retry_after_seconds(header) == seconds


def test_a_date_to_come_is_waited_for() -> None:
    before = datetime.now(UTC)
    seconds = retry_after_seconds(format_datetime(before + timedelta(hours=1)))
    assert seconds is not None
    gone = (datetime.now(UTC) - before).total_seconds()
    assert 3598 - gone <= seconds <= 3600  # a date has whole seconds


@pytest.mark.parametrize(
    "header", [None, "soon", "", "Mon, 1 Jan 99999999999999999999 00:00:00 +0000"]
)
def test_an_unreadable_retry_after_is_none(header: str | None) -> None:
    assert retry_after_seconds(header) is None


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (400, {"error": {"message": "temperature must be 1"}}, "HTTP 400: temperature must be 1"),
        (404, {"detail": "Not Found"}, "HTTP 404: Not Found"),
        (401, {}, "the server wants a key"),
        (429, {"error": {"message": "pay", "code": "insufficient_quota"}}, "HTTP 429: pay"),
        (307, b"", "HTTP 307: (empty body)"),
    ],
)
def test_what_waiting_can_not_mend_is_not_tried_again(status: int, body: Any, says: str) -> None:
    with serve(Reply(status, body)) as script, pytest.raises(RunError) as error:
        generate(engine(script), ask())
    assert says in str(error.value)
    assert len(script.bodies) == 1


def test_a_prompt_that_does_not_fit_has_an_error_of_its_own() -> None:
    body = {"error": {"message": "This model's maximum context length is 512; max_tokens …"}}
    with serve(Reply(400, body)) as script, pytest.raises(PromptTooLongError):
        generate(engine(script), ask())


def counted(prompt_tokens: int, text: str = "4") -> Reply:
    return Reply(body=answer(text) | {"usage": {"prompt_tokens": prompt_tokens}})


def test_a_prompt_that_the_server_cuts_is_an_error_not_an_answer() -> None:
    with serve(counted(29), counted(30)) as script, pytest.raises(PromptTooLongError) as error:
        generate(engine(script), ask("word " * 41))
    assert str(error.value) == (
        f"engine.base_url={script.url}: the server cut a prompt: it read 30 tokens where 41 words "
        "were sent; raise its context length"
    )
    first, second = ([m["content"] for m in body["messages"]] for body in script.bodies)
    assert first[0] == ""
    assert len(second[0]) > 8  # what a cache holds of the first no longer counts
    assert first[1:] == second[1:]


def test_a_count_without_cached_tokens_is_no_cut() -> None:
    with serve(counted(5, "mine"), counted(60, "again")) as script:
        tested = engine(script)
        assert generate(tested, ask("word " * 40))[0].text == "mine"
    assert len(script.bodies) == 2
    assert tested.counters()["asked_again"] == 1


@pytest.mark.parametrize("count", [0, 30, 31])
def test_a_count_that_a_prompt_may_have_is_believed(count: int) -> None:
    with serve(counted(count)) as script:
        generate(engine(script), ask("word " * 40))
    assert len(script.bodies) == 1


@pytest.mark.parametrize(
    ("message", "gone"),
    [
        ("Unrecognized request argument supplied: top_k", {"top_k", "min_p", "repetition_penalty"}),
        ("seed: extra inputs are not permitted", {"seed"}),
        ("'max_tokens' is not supported, use 'max_completion_tokens'", {"max_tokens"}),
    ],
)
def test_a_field_that_the_server_refuses_is_left_out_from_then_on(
    message: str, gone: set[str]
) -> None:
    with serve(Reply(400, {"error": {"message": message}})) as script:
        tested = engine(script)
        generate(tested, ask("a"))
        generate(tested, ask("b"))
    first, *rest = script.bodies
    assert len(rest) == 2
    for body in rest:
        assert set(first) - set(body) == gone
    if gone == {"max_tokens"}:
        assert rest[0]["max_completion_tokens"] == 64
        assert len(tested.notes) == 1
    else:
        assert "its own defaults for them act" in tested.notes[-1]
        assert all(name in tested.notes[-1] for name in gone)


def test_a_cancelled_request_is_dropped_and_others_go_on() -> None:
    async def go(tested: OpenAIEngine) -> str:
        await tested.start()
        slow = asyncio.create_task(tested.generate(ask("slow")))
        await asyncio.sleep(0.2)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        other = await tested.generate(ask("quick"))
        await tested.close()
        return other.text

    with serve(Reply(seconds=HANG_SECONDS, body=answer("late"))) as script:
        assert asyncio.run(go(engine(script, max_in_flight=1))) == "4"


# --- check: before anything is sent ---------------------------------------------------------------


def test_check_finds_the_model_and_its_length() -> None:
    with serve() as script:
        tested = engine(script)
        tested.check()
    assert tested.context_length == 512
    assert script.paths == ["/v1/models"]


def test_check_refuses_a_name_that_the_server_does_not_know() -> None:
    with serve() as script, pytest.raises(InputError, match=r"does not serve 'tinny'.*: tiny"):
        engine(script, model="tinny").check()


@pytest.mark.parametrize("reply", [Reply(404, b""), Reply(200, b"x"), Reply(200, {"data": []})])
def test_check_goes_on_where_the_server_lists_no_models(reply: Reply) -> None:
    with serve() as script:
        script.models = reply
        engine(script).check()


def test_nobody_at_home_is_one_line_with_the_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        script = Script(url=f"http://127.0.0.1:{free.getsockname()[1]}/v1")
        with pytest.raises(InputError) as error:
            engine(script).check()
        assert str(error.value) == (
            f"engine.base_url={script.url} can't be reached: connection refused; "
            "is the server running?"
        )
        with pytest.raises(RunError, match="connection refused \\(after 2 tries\\)"):
            generate(engine(script, max_retries=1), ask())


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("http://h:1", "http://h:1/v1"),
        ("http://h:1/", "http://h:1/v1"),
        ("http://h/v1/", "http://h/v1"),
        ("https://h/api/v1/chat/completions", "https://h/api/v1"),
    ],
)
def test_the_address_is_brought_into_one_form(url: str, used: str) -> None:
    assert engine(Script(url=url)).identity()["base_url"] == used


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"base_url": None}, "needs engine.base_url"),
        ({"base_url": "127.0.0.1:8000"}, "must be like http"),
        ({"base_url": "ftp://h/v1"}, "must be like http"),
        ({"base_url": f"http://user:{CANARY}@h/v1"}, "no user, password"),
        ({"base_url": f"http://h/v1?key={CANARY}"}, "no user, password"),
        ({"args": {"api_key": CANARY}}, "engine.api_key: a key may not stand in a config"),
        ({"args": {"max_retrys": 1}}, "nearest: engine.max_retries"),
        ({"args": {"timeout": "long"}}, "engine.timeout='long' must be float"),
        ({"args": {"timeout": 0}}, "engine.timeout must be above 0"),
        ({"args": {"max_in_flight": 0}}, "must be at least 1"),
        ({"api_key_env": "ORCA_EVAL_NO_SUCH_KEY"}, "this environment variable is not set"),
    ],
)
def test_wrong_settings_are_one_line_and_show_no_key(config: dict[str, Any], says: str) -> None:
    whole = EngineConfig(**{"name": "openai", "base_url": "http://127.0.0.1:9/v1", **config})
    with pytest.raises(InputError) as error:
        OpenAIEngine(MODEL, whole, 64).check()
    assert says in str(error.value)
    assert CANARY not in str(error.value)
    assert "\n" not in str(error.value)


def test_an_adapter_is_the_servers_business() -> None:
    model = dataclasses.replace(MODEL, adapter="lora")
    with serve() as script, pytest.raises(InputError, match=r"give its name as engine\.model"):
        engine(script, model).check()


# --- the key --------------------------------------------------------------------------------------


def test_the_key_is_sent_and_seen_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("MY_KEY", CANARY)
    echoes = [
        Reply(200, answer(f"your key is {CANARY}")),
        Reply(400, {"error": {"message": f"bad key {CANARY}"}}),
        Reply(403, {"error": CANARY}),
    ]
    with serve(*echoes) as script:
        tested = engine(script, api_key_env="MY_KEY")
        tested.check()
        (completion,) = generate(tested, ask())
        seen = [completion.text]
        for _ in range(2):
            with pytest.raises(RunError) as error:
                generate(tested, ask())
            seen.append(str(error.value))
    assert script.keys == [f"Bearer {CANARY}"] * 4
    seen += [repr(vars(tested)), repr(tested.identity()), repr(tested.notes), caplog.text]
    assert CANARY not in "".join(seen)


def test_a_key_that_no_header_can_carry_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", f"{CANARY}\nX: y")
    with serve() as script, pytest.raises(InputError) as error:
        engine(script, api_key_env="MY_KEY").check()
    assert CANARY not in str(error.value)


def test_answers_are_shared_between_runs_only_where_a_revision_names_the_weights() -> None:
    script = Script(url="http://h/v1")
    assert not engine(script).reuse_across_runs
    assert engine(script, dataclasses.replace(MODEL, revision="abc")).reuse_across_runs


@pytest.mark.parametrize("status", [201, 203])
def test_an_answer_under_another_status_of_success_is_one(status: int) -> None:
    with serve(Reply(status, answer("8"))) as script:
        assert generate(engine(script), ask())[0].text == "8"
        assert len(script.bodies) == 1
