"""Thinking on, off and within a budget, through the real vLLM and a real template of thinking."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.schema import RunConfig
from orca_eval.engines.vllm import VllmEngine
from orca_eval.extract.reply.parts import answer_start
from orca_eval.run.evaluate import checked_engine
from orca_eval.types import Completion, Message, Request, Sampling
from tests.model.tiny_thinker import CONTEXT, write_thinker

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed"),
    pytest.mark.filterwarnings("ignore"),  # vLLM's and torch's own
]
BUDGET, LENGTH = 8, 40
QUESTIONS = ("What is 2 + 2?", "Name a town.", "And?")


@pytest.fixture(scope="module")
def thinker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_thinker(tmp_path_factory.mktemp("thinker"))


def fitted(thinker: Path, **sampling: Any) -> tuple[RunConfig, VllmEngine]:
    settings = ["engine=vllm", f"model.path={thinker}", "engine.gpu_memory_utilization=0.1"]
    settings += [f"sampling.{name}={value}" for name, value in sampling.items()]
    config, engine = checked_engine(run_config(compose_verb("run", settings)))
    assert isinstance(engine, VllmEngine)
    return config, engine


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def running(thinker: Path, loop: asyncio.Runner) -> Iterator[VllmEngine]:
    _, engine = fitted(thinker, thinking_budget=BUDGET)
    loop.run(engine.start())
    yield engine
    loop.run(engine.close())


def answers(loop: asyncio.Runner, engine: VllmEngine, sampling: Sampling) -> list[Completion]:
    """What a started engine answers to the questions, by its template."""

    async def all_of_them() -> list[Completion]:
        return list(await asyncio.gather(*map(engine.generate, requests)))

    requests = []
    for question in QUESTIONS:
        messages = (Message(role="user", content=question),)
        prompt = engine.tokenizer.render(messages)
        (ids,) = engine.tokenizer.encode([prompt])
        requests.append(Request(question, messages, sampling, prompt, ids))
    return loop.run(all_of_them())


def test_a_thinkers_answer_is_as_long_as_its_context_leaves(thinker: Path) -> None:
    config, engine = fitted(thinker)
    assert config.sampling.max_tokens == CONTEXT // 2
    assert engine.context_length == CONTEXT


def test_a_budget_is_respected(thinker: Path, loop: asyncio.Runner, running: VllmEngine) -> None:
    config, _ = fitted(thinker, thinking_budget=BUDGET)
    sampling = replace(config.sampling, max_tokens=LENGTH)
    found = answers(loop, running, sampling)
    for answer in found:
        assert 0 < (answer.reasoning_tokens or 0) <= BUDGET + 1  # and the closing mark
        assert answer.text[: answer_start(answer.text)].endswith("</think>")
        assert answer.completion_tokens == LENGTH
    free = answers(loop, running, replace(sampling, thinking_budget=None))
    for answer in free:  # random weights close nothing: cut off while it thinks
        assert (answer.text, answer.reasoning_tokens) == ("", LENGTH)
        assert answer.reasoning
        assert answer.finish_reason == "length"


def test_a_budget_of_none_is_the_templates_switch(
    thinker: Path, loop: asyncio.Runner, running: VllmEngine
) -> None:
    config, off = fitted(thinker, thinking_budget=0)
    assert config.model.chat_template_kwargs == {"enable_thinking": False}
    assert config.sampling.thinking_budget is None
    assert config.sampling.max_tokens == 256  # quickstart's, as of any model that does not think
    off._llm = running._llm  # the same weights, loaded once
    for answer in answers(loop, off, replace(config.sampling, max_tokens=LENGTH)):
        assert answer.text
        assert (answer.reasoning, answer.reasoning_tokens) == ("", None)


def test_without_a_budget_nothing_is_another(thinker: Path) -> None:
    _, plain = fitted(thinker)
    assert "reasoning_config" not in plain.identity()
    assert "reasoning_config" in fitted(thinker, thinking_budget=BUDGET)[1].identity()
