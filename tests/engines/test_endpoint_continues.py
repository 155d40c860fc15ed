"""A cut reply goes on at a server that takes a text to go on from, and is asked again elsewhere."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from fault_server import Reply, Script, answer, serve
from test_openai import ask, engine, generate

from orca_eval.cli import main
from orca_eval.types import Completion

CUT = Completion("One two", "length", 5, 2)


def said(text: str, tokens: int, reason: str = "stop", prompt_tokens: int = 7) -> Reply:
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": tokens}
    return Reply(body=answer(text, reason) | {"usage": usage})


def owned(script: Script, owner: str) -> None:
    script.models = Reply(body={"data": [{"id": "tiny", "owned_by": owner}]})


def test_the_text_is_sent_as_the_last_turn_to_go_on_from() -> None:
    with serve(said(" three", 1)) as script:
        owned(script, "vllm")
        tested = engine(script)
        tested.check()
        assert tested.can_continue(CUT)
        whole = generate(tested, ask()._replace(cut=CUT))
    (body,) = script.bodies
    assert body["messages"][-1] == {"role": "assistant", "content": "One two"}
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert body["max_tokens"] == 62
    assert whole == [Completion("One two three", "stop", 5, 3, kept_tokens=2)]


@pytest.mark.parametrize("owner", ["openai", "someone"])
def test_others_are_not_asked_to(owner: str) -> None:
    with serve() as script:
        owned(script, owner)
        tested = engine(script)
        tested.check()
        assert not tested.can_continue(CUT)
        generate(tested, ask())
    assert not [name for name in script.bodies[0] if "continue" in name or "add_gen" in name]


@pytest.mark.parametrize(
    "cut",
    [
        CUT._replace(text=""),
        CUT._replace(text="", reasoning="One two"),
        CUT._replace(reasoning="Let me see."),
        CUT._replace(text="<think>Let me see.</think>One"),
        CUT._replace(text="<think>Let me"),
        CUT._replace(text="It is \ufffd"),
        CUT._replace(completion_tokens=0),
    ],
)
def test_what_the_server_would_not_see_whole_is_asked_again(cut: Completion) -> None:
    with serve() as script:
        owned(script, "vllm")
        tested = engine(script)
        tested.check()
        assert not tested.can_continue(cut)


@pytest.mark.parametrize("owner", ["vllm", "someone"])
def test_a_longer_run_reuses_whole_replies_and_asks_for_the_rest(
    owner: str, tmp_path: Path
) -> None:
    command = [
        *("run", "suite=quickstart", "limit=1", "preflight=0", f"results_dir={tmp_path}"),
        *("engine=openai", "model.path=tiny", "model.revision=1"),
    ]
    most = 10_000  # prompt tokens, more than any of these prompts has words
    with serve() as script:
        owned(script, owner)
        script.otherwise = lambda body: (
            said("One two", 2, "length", most)
            if len(body["messages"][-1]["content"]) % 2
            else said("###Final answer: 3", 2, prompt_tokens=most)
        )
        address = f"engine.base_url={script.url}"
        assert main([*command, "max_tokens=2", address]) == 0
        cut = [body for body in script.bodies if len(body["messages"][-1]["content"]) % 2]
        whole = len(script.bodies) - len(cut)
        assert cut
        assert whole
        script.bodies.clear()
        script.otherwise = lambda _: said(" three. ###Final answer: 3", 5, prompt_tokens=most)
        assert main([*command, "max_tokens=20", address]) == 0
    assert len(script.bodies) == len(cut)
    goes_on = [body for body in script.bodies if "continue_final_message" in body]
    assert len(goes_on) == (len(cut) if owner == "vllm" else 0)
    manifests = [orjson.loads(path.read_bytes()) for path in tmp_path.glob("*/*/manifest.json")]
    samples = max((each["samples"] for each in manifests), key=lambda each: each["from_shorter"])
    assert samples["from_shorter"] == whole
    assert samples["continued"] == len(goes_on)
