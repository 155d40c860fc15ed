"""A thinking budget reaches a server in its own words, or is refused before anything is asked."""

from __future__ import annotations

import pytest
from fault_server import Reply, serve
from test_openai import ask, engine, generate

from orca_eval.errors import InputError, SettingError
from orca_eval.types import Budget


@pytest.mark.parametrize(
    ("owner", "budget", "field"),
    [
        ("vllm", 64, "thinking_token_budget"),
        ("vllm", 0, "thinking_token_budget"),
        ("vllm", "low", "reasoning_effort"),
        ("llamacpp", 64, "thinking_budget_tokens"),
        ("library", 64, None),  # Ollama, which would ignore it without a word
        ("someone", 64, None),
        ("someone", "high", "reasoning_effort"),
    ],
)
def test_a_server_gets_the_field_that_it_knows(
    owner: str, budget: Budget, field: str | None
) -> None:
    with serve() as script:
        script.models = Reply(body={"data": [{"id": "tiny", "owned_by": owner}]})
        tested = engine(script)
        tested.check()
        assert tested.for_budget(budget) == (None if field is None else {})
        if field is None:
            return
        generate(tested, ask(thinking_budget=budget))
    assert script.bodies[0][field] == budget


def test_without_one_no_field_is_sent() -> None:
    with serve() as script:
        generate(engine(script), ask())
    assert not [name for name in script.bodies[0] if "think" in name or "reason" in name]


def test_a_server_that_refuses_it_is_a_line_with_the_setting() -> None:
    refusal = Reply(400, {"error": {"message": "Unrecognized request argument: reasoning_effort"}})
    with serve(refusal) as script, pytest.raises((InputError, SettingError)) as error:
        generate(engine(script), ask(thinking_budget="low"))
    assert "the server takes no sampling.thinking_budget=low; leave it out" in str(error.value)
    assert "\n" not in str(error.value)
