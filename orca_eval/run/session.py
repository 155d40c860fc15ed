"""The part of a run in which the engine and the store are open: plan, generate, score.

The engine starts at the first answer that is not stored, while others are looked up.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orca_eval.benchmarks.types import Benchmark
from orca_eval.config.schema import RunConfig
from orca_eval.engines.base import Engine
from orca_eval.engines.threads import run_to_end
from orca_eval.errors import PromptTooLongError
from orca_eval.run import identity
from orca_eval.run.beginning import Beginning
from orca_eval.run.generate import generate_all
from orca_eval.run.plan import Planner, Work, batches, in_sending_order, samples_of
from orca_eval.run.progress import Counts, ProgressView, say
from orca_eval.run.scorer import ScoredSample, Scorer
from orca_eval.store import ResponseStore
from orca_eval.types import Completion, Request

LOOKUP_BATCH = 2048
PLAN_BATCH = 4096  # a tenth of a second, in which no signal is heard
TICK_SECONDS = 0.25
BEHIND_SECONDS = 0.1  # long enough for both to work off what waits, without the event loop
CLOSE_SECONDS = 30.0


class Phases(dict[str, float]):
    """Seconds of wall time per phase, for the manifest and docs/performance.md."""

    @contextlib.contextmanager
    def measure(self, name: str) -> Iterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            self[name] = self.get(name, 0.0) + time.monotonic() - start


def run_session(session: Session) -> None:
    """Runs a session to its end; Ctrl-C ends it cleanly.

    Raises:
        OrcaEvalError: the first thing that went wrong.
        KeyboardInterrupt: interrupted; what is finished is stored.
    """
    try:
        run_to_end(session.run())
    except BaseExceptionGroup as group:
        raise _first(group) from group
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error
    finally:
        for line in session.store.warnings:
            say(f"warning: {line}")


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@dataclass(eq=False, repr=False)
class Session:
    """One engine, one store, all benchmarks of a run.

    Attributes:
        samples: all of them once it ran, scored, in no order that matters.
        stalled: how many requests the watchdog ended.
        counters: what the engine counted; empty where nothing was to generate.
    """

    config: RunConfig
    engine: Engine
    benchmarks: Sequence[Benchmark]
    store: ResponseStore
    beginning: Beginning
    phases: Phases
    counts: Counts = field(default_factory=Counts)
    samples: Sequence[ScoredSample] = ()
    stalled: int = 0
    counters: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._scorer = Scorer(self.counts)
        self._view = ProgressView(self.counts)
        self._starting: asyncio.Task[None] | None = None
        asked = (self.config, self.engine, self.benchmarks)
        scope = None if self.engine.reuse_across_runs else identity.scope(*asked)
        if self.engine.tokenizer is not None and self.beginning.now is not None:
            self.engine.tokenizer.now = self.beginning.now
        self.planner = Planner(self.config, self.engine, scope)

    async def run(self) -> None:
        """Plans, generates what is not stored, and scores everything.

        Returns nothing: asyncio puts a task's result into a message it may format, which for 51,752
        samples takes gigabytes.
        """
        try:
            with self._view:
                ticker = asyncio.create_task(self._tick())
                try:
                    missing = await self._plan()
                    if missing:
                        await self._generate(missing)
                finally:
                    ticker.cancel()
                    await self._close_engine()
                with self.phases.measure("score_rest"):
                    self.samples = await asyncio.to_thread(self._scorer.finish)
        except BaseException:
            self._scorer.abandon()  # it may hang, and a run that ends early has no scores
            raise
        if missing:
            self.counters = self.engine.counters()

    async def _plan(self) -> list[Work]:
        """Renders and looks up every prompt; returns the works whose answer is not stored."""
        self._view.status("building prompts, looking for stored answers")
        missing: list[Work] = []
        with self.phases.measure("plan"):
            works: list[Work] = []
            samples = samples_of(self.benchmarks, self.config.samples_per_doc)
            while planned := list(itertools.islice(samples, PLAN_BATCH)):
                works += await asyncio.to_thread(self.planner.add, planned)
            self.planner.refuse_over_long()
            self.counts.total = sum(len(work.waiting) for work in works)
            for part in batches(works, LOOKUP_BATCH):
                found = await self._reuse(part)
                missing += [work for work in part if work.key not in found]
                if missing and self._starting is None:
                    self._starting = asyncio.create_task(self._start())
        return in_sending_order(missing)

    async def _reuse(self, works: Sequence[Work]) -> Collection[bytes]:
        """Hands stored answers to the scorer; the keys of those that are stored."""
        await self._room()
        found = await asyncio.to_thread(self._look_up, works)
        for work in works:
            if work.key in found:
                self.counts.reused += len(work.waiting)
                self._scorer.put(work, found[work.key])
        return found.keys()

    async def _room(self) -> None:
        """Waits while so much is still to be stored and scored that its texts begin to fill the
        memory. No engine is that fast, but lookups are, and a disk may stall."""
        while self._scorer.behind or self.store.behind:
            await asyncio.sleep(BEHIND_SECONDS)

    def _look_up(self, works: Sequence[Work]) -> dict[bytes, Completion]:
        found = {
            work.key: Completion("", "skipped", work.skip_tokens, 0)
            for work in works
            if work.skip_tokens is not None
        }
        return found | self.stored([w.key for w in works if w.key not in found])

    def stored(self, keys: Sequence[bytes]) -> dict[bytes, Completion]:
        """The stored completions among `keys` that count for this run."""
        return self.store.get_many(keys, self.beginning.mark)

    async def _start(self) -> None:
        self._view.status(f"loading {self.config.model.name} into {self.config.engine.name}")
        with self.phases.measure("start"):
            await self.engine.start()

    async def _generate(self, missing: Sequence[Work]) -> None:
        if self._starting is not None:
            await self._starting
        self.beginning.record()
        self.counts.started = time.monotonic()
        self._view.status("generating")
        with self.phases.measure("generate"):
            watch = await generate_all(
                self._answer,
                self.engine.max_in_flight,
                self.planner.prompter,
                missing,
                self._on_finish,
                self._room,
                self.config.stall_seconds,
                say,
            )
        self.stalled = watch.stalled

    async def _answer(self, request: Request) -> Completion:
        """The engine's completion; a prompt that only the server knows to be too long is counted
        wrong where the config does not make it an error."""
        try:
            return await self.engine.generate(request)
        except PromptTooLongError as error:
            if self.config.over_long == "error":
                raise
            self.planner.over_long.append((str(error), 0))
            return Completion("", "skipped", 0, 0)

    def _on_finish(self, work: Work, completion: Completion) -> None:
        if not completion.text.isascii():
            text = completion.text.encode("utf-8", "replace").decode()
            if text != completion.text:  # lone surrogates: neither SQLite nor Parquet takes them
                completion = completion._replace(text=text)
        if completion.finish_reason in ("stop", "length"):
            self.store.put(work.key, completion, self.beginning.mark)
        self.counts.tokens += completion.completion_tokens
        self.counts.prompt_tokens += completion.prompt_tokens
        self.counts.generated += len(work.waiting)
        self._scorer.put(work, completion)

    async def _close_engine(self) -> None:
        """Closes what was started; an engine that hangs is left behind, for the process to end."""
        if self._starting is None:
            return
        if not self._starting.done():
            self._starting.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self._starting
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.engine.close()
        except TimeoutError:
            say(f"the engine did not end within {CLOSE_SECONDS:g} s and is left behind")

    async def _tick(self) -> None:
        while True:
            self._view.update()
            await asyncio.sleep(TICK_SECONDS)
