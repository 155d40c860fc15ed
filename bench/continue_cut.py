"""Cut replies that are gone on from, and the curve by budget, against runs in one go: real vLLM.

    python -m bench.continue_cut DATA_ROOT [--suite gsm8k] [--prompts 200] [KEY=VALUE …]

A run cut at 32 tokens is continued to 128, broken off and resumed, and compared token for token
with one run of 128: at least 99 % are to be equal, each other one a near-tie where it leaves (a
logit gap below 0.001), in no more than 1.02 of its tokens. Then the scores at 8, 16, 32, 64 and 96
tokens, read off the long run, against runs of these lengths. Needs the extra `vllm`; float32 on a
CPU.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orca_eval.benchmarks.types import Benchmark
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.schema import RunConfig
from orca_eval.engines.vllm import VllmEngine, sampling_params
from orca_eval.errors import RunError
from orca_eval.results.aggregate import WHOLE, ScoreRow, aggregate
from orca_eval.run.beginning import find_beginning
from orca_eval.run.budgets import BudgetCurve, scored_as_asked
from orca_eval.run.evaluate import load_suite
from orca_eval.run.session import Phases, Session
from orca_eval.store import ResponseStore
from orca_eval.token_ids import unpacked
from orca_eval.types import Completion, Request, Sampling

SHORT, LONG = 32, 128
BUDGETS = (8, 16, 32, 64, 96)
EQUAL, TIE, TOKENS = 0.99, 1e-3, 1.02


class Resident(VllmEngine):
    """Stays loaded between runs; breaks off after so many answers where it is told to."""

    answers_left: int | None = None

    async def start(self) -> None:
        if self._llm is None:
            await super().start()

    async def close(self) -> None:
        """The next run needs it."""

    async def end(self) -> None:
        await super().close()

    async def generate(self, request: Request) -> Completion:
        completion = await super().generate(request)
        if self.answers_left == 0:
            raise RunError("broken off")
        self.answers_left = None if self.answers_left is None else self.answers_left - 1
        return completion


class Bench:
    """One engine, one suite, and a folder with a store for each way of running it."""

    def __init__(self, folder: Path, overrides: Sequence[str], longest: int = LONG) -> None:
        self._folder, self._overrides = folder, overrides
        config = self.config(longest)
        self.engine = Resident(config.model, config.engine, longest)
        self.engine.check()
        self.benchmarks: list[Benchmark] = load_suite(config)

    def config(self, most: int) -> RunConfig:
        return run_config(compose_verb("run", [*self._overrides, f"max_tokens={most}"]))

    async def run(self, store_name: str, most: int) -> tuple[Session, int]:
        """A run, and the tokens that were generated for it."""
        before, began = self.engine.counters()["generated_tokens"], time.monotonic()
        with ResponseStore(self._folder / store_name) as store:
            beginning = find_beginning(self._folder, None, fresh=False)
            parts = self.benchmarks, store, beginning, Phases()
            session = Session(self.config(most), self.engine, *parts)
            await session.run()
        session.samples.sort(self.benchmarks)
        made = int(self.engine.counters()["generated_tokens"] - before)
        seconds = time.monotonic() - began
        print(f"{store_name}, max_tokens={most}: {made} tokens in {seconds:.0f} s", flush=True)
        return session, made

    def copy(self, store_name: str, other: str) -> None:
        shutil.copytree(self._folder / store_name, self._folder / other)

    def replies(self, session: Session, store_name: str) -> list[Completion]:
        """In the documents' order."""
        keys = [sample.key for sample in session.samples]
        with ResponseStore(self._folder / store_name) as store:
            found = store.get_many(keys)
        return [found[key] for key in keys]

    def curve(self, session: Session, store_name: str) -> dict[int, list[ScoreRow]]:
        with ResponseStore(self._folder / store_name) as store:
            score = scored_as_asked("none", "apart")
            curve = BudgetCurve(session.samples, store.get_many, self.engine, score)
            return curve.rows(BUDGETS, self.benchmarks, ())

    def scores(self, session: Session) -> list[ScoreRow]:
        kinds = {b.id: b.aggregate for b in self.benchmarks}
        measures = {b.id: b.measure for b in self.benchmarks}
        rows = aggregate(session.samples.frame, kinds, (), measures)
        return [row for row in rows if row.level in WHOLE]

    async def gap(self, session: Session, at: int, ids: list[int], others: list[int]) -> float:
        """Between the logits of the two tokens where two replies to a sample part."""
        (sample,) = session.samples.between(at, at + 1)
        prompter = session.planner.prompter
        assert prompter.tokenizer is not None
        prompt = prompter.tokenizer.encode([prompter.text(sample.waiting.step)])[0]
        same = next(n for n, pair in enumerate(zip(ids, others, strict=False)) if len({*pair}) > 1)
        params: Any = sampling_params(Sampling(max_tokens=1), (), True).clone()
        params.logprobs = 20
        stream = self.engine._llm.generate(
            {"prompt_token_ids": [*prompt, *ids[:same]]}, params, f"gap-{at}"
        )
        async for output in stream:
            told = output.outputs[0].logprobs[0]
        one, other = (told.get(each[same]) for each in (ids, others))
        return abs(one.logprob - other.logprob) if one and other else float("inf")


async def compare(bench: Bench) -> list[str]:
    """What does not hold."""
    wrong: list[str] = []
    short, first = await bench.run("cut", SHORT)
    bench.copy("cut", "broken off")
    continued, second = await bench.run("cut", LONG)
    at_once, whole = await bench.run("at once", LONG)
    kept = continued.counts.continued
    share = (first + second) / whole
    print(f"{kept} replies continued; tokens {first} + {second} against {whole}: {share:.4f}")
    if share > TOKENS:
        wrong.append(f"{share:.4f} of the tokens of one run")
    replies, due = bench.replies(continued, "cut"), bench.replies(at_once, "at once")
    pairs = [
        (unpacked(a.token_ids), unpacked(b.token_ids)) for a, b in zip(replies, due, strict=True)
    ]
    unequal = [at for at, (one, other) in enumerate(pairs) if one != other]
    gaps = [await bench.gap(at_once, at, *pairs[at]) for at in unequal]
    print(f"{len(pairs) - len(unequal)} of {len(pairs)} equal; gaps where others part: {gaps}")
    if len(unequal) > (1 - EQUAL) * len(pairs) or any(gap >= TIE for gap in gaps):
        wrong.append(f"{len(unequal)} replies are others")
    texts = [at for at, (a, b) in enumerate(zip(replies, due, strict=True)) if a.text != b.text]
    if set(texts) - set(unequal):
        wrong.append("texts of equal tokens are others")

    bench.engine.answers_left = kept // 2
    try:
        await bench.run("broken off", LONG)
    except (RunError, BaseExceptionGroup):
        bench.engine.answers_left = None
    resumed, rest = await bench.run("broken off", LONG)
    same = bench.replies(resumed, "broken off")
    parted = sum(a.token_ids != b.token_ids for a, b in zip(same, replies, strict=True))
    print(f"broken off and resumed: {rest} tokens after it, {parted} replies are others")
    if parted > (1 - EQUAL) * len(pairs):
        wrong.append(f"{parted} replies are others after a break")

    began = time.monotonic()
    curve = bench.curve(at_once, "at once")
    each = 1000 * (time.monotonic() - began) / len(pairs) / len(BUDGETS)
    print(f"the curve: {each:.2f} ms a sample and budget")
    for budget in BUDGETS:
        alone, _ = (short, 0) if budget == SHORT else await bench.run(f"at {budget}", budget)
        scores = bench.scores(alone)
        (row,) = curve[budget]
        print(
            f"max_tokens={budget}: {row.score:.4f} from the long run, {scores[0].score:.4f} alone; "
            f"answered {row.extraction_rate:.4f}, cut off {row.truncation_rate:.4f}"
        )
        if curve[budget] != scores:
            wrong.append(f"the score at {budget} tokens is another: {curve[budget]}, {scores}")
    return wrong


async def run(bench: Bench) -> list[str]:
    try:
        return await compare(bench)
    finally:
        await bench.engine.end()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data_root", type=Path)
    parser.add_argument("--suite", default="gsm8k")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("overrides", nargs="*")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asked = [f"suite={given.suite}", f"limit={given.prompts}", f"data.root={given.data_root}"]
        chosen = ["engine=vllm", "engine.max_model_len=1024", *asked, *given.overrides]
        wrong = asyncio.run(run(Bench(Path(folder), chosen)))
    for line in wrong:
        print(f"WRONG: {line}")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
