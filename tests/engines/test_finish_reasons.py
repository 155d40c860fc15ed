"""What ends an answer: whole, cut off, or no answer at all; and numbers that no server may send."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from fault_server import Reply, answer, serve
from hypothesis import given, strategies as st
from test_openai import ask, engine, generate, short_waits

from orca_eval.engines.chat_wire import count, read_completion, retry_after_seconds
from orca_eval.engines.finish import ending
from orca_eval.errors import RunError
from orca_eval.types import Completion

__all__ = ["short_waits"]  # the fixture serves these tests too


@pytest.mark.parametrize(
    ("reasons", "meaning"),
    [
        (("stop", "STOP", "eos", "end_turn", "FinishReason.STOP", "tool_calls"), "stop"),
        (("length", "max_tokens", "MAX_TOKENS", "model_length", "max-tokens"), "length"),
        (("FINISH_REASON_MAX_TOKENS", "maxTokens", "MaxTokens", " length "), "length"),
        (("error", "abort", "ABORT", "cancelled", "canceled", "server_error"), "failed"),
        (("internal_server_error", "user_cancelled", "rate_limit", {"type": "abort"}), "failed"),
        (("max_context_length", "contextLengthReached", {"type": "max_tokens"}), "length"),
        (("content_filter", "SAFETY", "RECITATION", "contentFilter"), "filtered"),
        ((None, "", "null"), "unsaid"),
        (("whatever", 3, True, ["stop"]), "unknown"),
    ],
)
def test_a_word_and_its_spellings_mean_one_thing(reasons: tuple[Any, ...], meaning: str) -> None:
    assert {ending(reason) for reason in reasons} == {meaning}


@pytest.mark.parametrize("reason", ["max_tokens", "model_length", "MAX_TOKENS"])
def test_every_word_for_cut_off_counts_as_cut_off(reason: str) -> None:
    with serve(Reply(body=answer("so far", reason))) as script:
        assert generate(engine(script), ask())[0].finish_reason == "length"


@pytest.mark.parametrize("reason", ["error", "abort", "cancelled"])
def test_a_failure_that_lasts_ends_the_run_and_is_no_answer(reason: str) -> None:
    says = f"finish_reason {reason}, which is no answer"
    replies = [Reply(body=answer("half", reason))] * 3
    with serve(*replies) as script, pytest.raises(RunError, match=says):
        generate(engine(script, max_retries=2), ask())
    assert len(script.bodies) == 3


def test_an_unknown_word_is_a_stop_and_stands_in_a_note() -> None:
    odd = "sunset\x1b[31m"
    with serve(Reply(body=answer("4", odd)), Reply(body=answer("5", odd))) as script:
        tested = engine(script)
        found = generate(tested, ask("a"), ask("b"))
    assert [completion.finish_reason for completion in found] == ["stop", "stop"]
    (note,) = [note for note in tested.notes if "sunset" in note]
    assert note.startswith("2 answers with finish_reason sunset\\x1b[31m, which is not known")


def test_a_server_that_never_says_why_it_ends_is_believed_after_some_tries() -> None:
    with serve(*[Reply(body=answer("4", None))] * 5) as script:
        tested = engine(script)
        first, second = [generate(tested, ask(name))[0] for name in ("a", "b")]
    assert first == second == Completion("4", "stop", 7, 3)
    assert len(script.bodies) == 4  # the first request was asked three times
    assert any("2 answers came without a finish_reason" in note for note in tested.notes)


def test_faults_before_a_torn_reply_are_no_reason_to_believe_it() -> None:
    replies = [Reply(503, b""), Reply(503, b""), Reply(body=answer("ha", None))]
    with serve(*replies) as script:
        assert generate(engine(script), ask())[0].text == "4"
    with serve(Reply(body=answer("ha", None))) as script, pytest.raises(RunError):
        generate(engine(script, max_retries=0), ask())


def test_without_a_reason_an_answer_as_long_as_max_tokens_is_cut_off() -> None:
    long = answer("4", None) | {"usage": {"prompt_tokens": 7, "completion_tokens": 64}}
    with serve(*[Reply(body=long)] * 3) as script:
        assert generate(engine(script), ask())[0].finish_reason == "length"


def test_a_torn_reply_of_a_server_that_gives_reasons_is_asked_again() -> None:
    torn = [Reply(body=answer("ha", None))] * 4
    with serve(Reply(body=answer("4")), *torn) as script:
        tested = engine(script)
        assert generate(tested, ask("a"))[0].text == "4"
        assert generate(tested, ask("b"))[0].text == "4"  # the script's replies have run out
    assert len(script.bodies) == 6


@pytest.mark.parametrize(
    ("value", "tokens"),
    [
        *((7, 7), (0, 0), (12.0, 12), (10**9, 10**9)),
        *((2**63, None), (10**40, None), (-1, None), (1.5, None), (True, None)),
        *(("7", None), (None, None), (float("nan"), None), (float("inf"), None), ([7], None)),
    ],
)
def test_a_count_of_tokens_is_one_or_none(value: Any, tokens: int | None) -> None:
    assert count(value) == tokens


def test_a_count_that_no_database_takes_counts_as_none() -> None:
    huge = answer("4") | {"usage": {"prompt_tokens": 2**63, "completion_tokens": -5}}
    with serve(Reply(body=huge)) as script:
        assert generate(engine(script), ask()) == [Completion("4", "stop", 0, 0)]


@pytest.mark.parametrize("length", [2**63, -1, 0, "512", True, None])
def test_a_context_length_that_is_none_is_not_taken(length: Any) -> None:
    with serve() as script:
        script.models = Reply(body={"data": [{"id": "tiny", "max_model_len": length}]})
        tested = engine(script)
        tested.check()
    assert tested.context_length is None


@given(st.text())
def test_any_retry_after_is_seconds_or_none(header: str) -> None:
    seconds = retry_after_seconds(header)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    "header", ["nan", "inf", "1e308", "-inf", "Fri, 31 Dec 9999 23:59:59 -2359"]
)
def test_a_hostile_retry_after_is_seconds_or_none(header: str) -> None:
    seconds = retry_after_seconds(header)
    assert seconds is None or seconds >= 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
MESSAGE = st.fixed_dictionaries(
    {}, optional={"content": JSON, "refusal": JSON, "reasoning": JSON, "tool_calls": JSON}
)
CHOICE = st.fixed_dictionaries(
    {}, optional={"message": MESSAGE | JSON, "finish_reason": JSON, "text": JSON}
)
BODY = st.fixed_dictionaries({}, optional={"choices": st.lists(CHOICE) | JSON, "usage": JSON})


@given(BODY | JSON)
def test_any_body_is_an_answer_or_a_rejection(body: Any) -> None:
    outcome = read_completion(json.dumps(body).encode(), 64, Counter(), str)
    if isinstance(outcome, Completion):
        assert 0 <= outcome.prompt_tokens <= 10**9
        outcome.text.encode()
    else:
        assert "\n" not in outcome.message
