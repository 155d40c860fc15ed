"""The part of a run in which the engine and the store are open: plan, generate, score.

The engine starts at the first answer that is not stored, while others are looked up.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from orca_eval.benchmarks.types import NO_ANSWER, Benchmark
from orca_eval.config.schema import RunConfig, as_judge
from orca_eval.engines.base import Engine
from orca_eval.engines.threads import run_to_end
from orca_eval.errors import RunError
from orca_eval.run import identity
from orca_eval.run.beginning import Beginning
from orca_eval.run.generate import generate_all
from orca_eval.run.plan import (
    Question,
    Waiting,
    Work,
    batches,
    first_steps,
    in_sending_order,
    next_of,
)
from orca_eval.run.preflight import Preflight
from orca_eval.run.progress import Counts, ProgressView, say
from orca_eval.run.scored import ScoredSamples
from orca_eval.run.scorer import Scorer
from orca_eval.run.seat import Seat
from orca_eval.run.shorter import ShorterReplies
from orca_eval.store import Asked, ResponseStore, Stored
from orca_eval.types import Completion, Who

LOOKUP_BATCH = 2048
PLAN_BATCH = 4096  # a tenth of a second, in which no signal is heard
TICK_SECONDS = 0.25
BEHIND_SECONDS = 0.1  # long enough for both to work off what waits, without the event loop


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
        run_to_end(session.run(), session.state)
    except BaseExceptionGroup as group:
        raise _first(group) from group
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error
    finally:
        for line in session.store.warnings:
            say(f"warning: {line}")


def _storable(completion: Completion) -> Completion:
    """Without lone surrogates: neither SQLite nor Parquet takes them."""
    text, reasoning = completion.text, completion.reasoning
    if text.isascii() and reasoning.isascii():
        return completion
    text, reasoning = (each.encode("utf-8", "replace").decode() for each in (text, reasoning))
    return completion._replace(text=text, reasoning=reasoning)


def _benchmarks(work: Work) -> Iterator[str]:
    return (waiting.doc.benchmark for waiting in work.question.waiting)


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@dataclass(eq=False, repr=False)
class Session:
    """One engine a role, one store, all benchmarks of a run.

    Attributes:
        samples: all of them once it ran, scored, in no order that matters.
        stalled: how many requests the watchdog ended.
        failed: how many samples have no answer because a request failed for good.
        counters: what the model's engine counted; empty where nothing was to generate.
    """

    config: RunConfig
    engine: Engine
    benchmarks: Sequence[Benchmark]
    store: ResponseStore
    beginning: Beginning
    phases: Phases
    judge: Engine | None = None
    counts: Counts = field(default_factory=Counts)
    samples: ScoredSamples = field(default_factory=ScoredSamples)
    stalled: int = 0
    failed: int = 0
    counters: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._scorer = Scorer(self.counts, self.config.conflict, self.config.reasoning)
        self._view = ProgressView(self.counts)
        self._seats: dict[Who, Seat] = {"model": self._seat(self.config, self.engine)}
        if self.judge is not None and self.config.judge is not None:
            self._seats["judge"] = self._seat(as_judge(self.config, self.config.judge), self.judge)
        self._next: dict[Who, list[Waiting]] = {who: [] for who in self._seats}
        self.planner = self._seats["model"].planner
        self._preflight = Preflight(self.config, self.engine, say)

    def _seat(self, config: RunConfig, engine: Engine) -> Seat:
        asked = (self.config, self.engine, self.benchmarks, config.engine.base_url)
        # An answer of a prompt that the server made shrink is no other run's.
        shrinks = self.config.over_long == "shrink" and engine.tokenizer is None
        shared = engine.reuse_across_runs and not shrinks
        scope = None if shared else identity.scope(*asked)
        if engine.tokenizer is not None and self.beginning.now is not None:
            engine.tokenizer.now = self.beginning.now
        # What was stored before is not wanted of a run that was begun anew.
        wanted = self.config.continue_cut and self.beginning.mark is None
        shorter = ShorterReplies(self.store, engine, wanted=wanted)
        return Seat(config, engine, scope, shorter, is_judge=config is not self.config)

    @property
    def over_long(self) -> int:
        """How many prompts did not fit, the judge's too."""
        return sum(len(seat.planner.over_long) for seat in self._seats.values())

    @property
    def from_shorter(self) -> int:
        """How many whole replies are a run's with fewer max_tokens, the judge's too."""
        return sum(seat.shorter.whole for seat in self._seats.values())

    def state(self) -> str:
        """What is said when Ctrl-C ends it."""
        return f"stopping; {self.counts.finished} of {self.counts.total} answers are kept"

    async def run(self) -> None:
        """Plans, generates what is not stored, and scores everything, round by round: what follows
        from the answers of one is asked in the next, the model's steps before the judge's.

        Returns nothing: asyncio puts a task's result into a message it may format, which for 51,752
        samples takes gigabytes.
        """
        try:
            with self._view:
                ticker = asyncio.create_task(self._tick())
                try:
                    await self._rounds()
                    self._refuse_incomplete()
                finally:
                    ticker.cancel()
                    for seat in self._seats.values():
                        await seat.close()
                with self.phases.measure("score_rest"):
                    self.samples = await asyncio.to_thread(self._scorer.finish)
        except BaseException:
            self._scorer.abandon()  # it may hang, and a run that ends early has no scores
            raise
        if self._seats["model"].started:
            self.counters = self.engine.counters()

    async def _rounds(self) -> None:
        who: Who | None = "model"
        waiting: Iterable[Waiting] = self._first_steps()
        drawn = self.config.samples_per_doc
        while who is not None:
            missing = await self._plan(self._seats[who], waiting, drawn)
            if missing:
                await self._generate(self._seats[who], missing)
            await asyncio.to_thread(self.store.flush)  # what was answered is looked up again
            who = next((who for who, steps in self._next.items() if steps), None)
            if who is not None:
                waiting, self._next[who], drawn = self._next[who], [], 1

    def _refuse_incomplete(self) -> None:
        """Raises RunError where more samples failed than config.failed_share; one document's may
        always, unless that is 0. Else says of each what it failed of."""
        each, share = self.config.samples_per_doc, self.config.failed_share
        total = each * sum(benchmark.asked for benchmark in self.benchmarks)
        if self.failed <= (max(each, share * total) if share else 0):
            for seat in self._seats.values():
                seat.failures.tell()
            return
        last = next((s.failures.last for s in self._seats.values() if s.failures.last), "")
        raise RunError(
            f"the run is incomplete: {self.failed} of {total} samples failed, more than "
            f"failed_share={share:g} ({last}); what was answered is stored: the same command asks "
            "the others again, and a larger failed_share= counts them wrong"
        )

    def _first_steps(self) -> Iterator[Waiting]:
        """The model's; a judge's wait for its round."""
        drawn = self.config.samples_per_doc
        for waiting in first_steps(self.benchmarks, drawn):
            if waiting.step.who == "model":
                yield waiting
                continue
            first = waiting.sample_index
            for index in range(first, first + drawn):
                self._ask_next(waiting.step.who, waiting._replace(sample_index=index))

    async def _plan(self, seat: Seat, waiting: Iterable[Waiting], drawn: int) -> list[Question]:
        """Renders and looks up every prompt, of which so many samples are `drawn`; returns the
        questions of which some are not stored."""
        self._view.status("building prompts, looking for stored answers")
        planner = seat.planner
        planner.questions.clear()
        missing: list[Question] = []
        samples: list[int] = []
        with self.phases.measure("plan"):
            questions: list[Question] = []
            with seat.named_errors():
                for planned in batches(waiting, PLAN_BATCH):
                    questions += await asyncio.to_thread(planner.add, planned, drawn)
                planner.refuse_over_long()
            self.counts.total += drawn * sum(len(question.waiting) for question in questions)
            self._preflight.choose(questions)
            parts = batches(planner.works(questions), LOOKUP_BATCH)
            while works := await asyncio.to_thread(next_of, parts):
                for work in await self._reuse(seat, works):
                    if missing[-1:] != [work.question]:
                        missing.append(work.question)
                        work.question.samples = samples = []
                    samples.append(work.sample)
                if missing and not seat.begun:
                    await self._make_room(seat)
                    model, engine = seat.config.model.name, seat.config.engine.name
                    self._view.status(f"loading {model} into {engine}")
                    seat.begin(self._start(seat))
            for line in seat.shorter.news():
                say(line)
        return in_sending_order(missing)

    async def _reuse(self, seat: Seat, works: Sequence[Work]) -> list[Work]:
        """Goes on with stored answers; the works that have none."""
        await self._room()
        found = await asyncio.to_thread(self._look_up, seat, works)
        for work in works:
            if work.key in found:
                self.counts.reused += len(work.question.waiting)
                if seat is self._seats["model"] and work.question.skip_tokens is None:
                    self.counts.told(_benchmarks(work), None)
                self._go_on(work, found[work.key])
        if any(stored.completion.finish_reason != "skipped" for stored in found.values()):
            seat.failures.answered()
        return [work for work in works if work.key not in found]

    async def _room(self) -> None:
        """Waits while so much is still to be stored and scored that its texts begin to fill the
        memory. No engine is that fast, but lookups are, and a disk may stall."""
        while self._scorer.behind or self.store.behind:
            await asyncio.sleep(BEHIND_SECONDS)

    def _look_up(self, seat: Seat, works: Sequence[Work]) -> dict[bytes, Stored]:
        """The replies that need not be generated, by the works' keys; those of shorter runs have a
        key of their own."""
        found = {
            work.key: Stored(work.key, Completion("", "skipped", tokens, 0))
            for work in works
            if (tokens := work.question.skip_tokens) is not None
        }
        stored = self.stored([w.key for w in works if w.key not in found])
        found |= {key: Stored(key, completion) for key, completion in stored.items()}
        return found | seat.shorter.serve([w for w in works if w.key not in found])

    def stored(self, keys: Sequence[bytes]) -> dict[bytes, Completion]:
        """The stored completions among `keys` that count for this run."""
        return self.store.get_many(keys, self.beginning.mark)

    async def _start(self, seat: Seat) -> None:
        with self.phases.measure("start"), seat.named_errors():
            await seat.engine.start()

    async def _make_room(self, seat: Seat) -> None:
        """Closes the other engine, whose memory this one may need, unless both are to stay."""
        if self.config.judge is None or not self.config.judge.resident:
            for other in self._seats.values():
                if other is not seat:
                    await other.close()

    async def _generate(self, seat: Seat, missing: Sequence[Question]) -> None:
        await seat.ready()
        self.beginning.record()
        if not self.counts.generated:
            self.counts.started = time.monotonic()
        judging = seat is not self._seats["model"]
        self._view.status("judging" if judging else "generating")
        with self.phases.measure("judge" if judging else "generate"):
            for part in [missing] if judging else self._preflight.parts(missing):
                watch = await generate_all(
                    seat.answer,
                    min(seat.engine.max_in_flight, sum(len(each.samples) for each in part)),
                    partial(seat.shorter.requests, seat.planner.prompter),
                    seat.planner.sent(part),
                    partial(self._on_finish, seat),
                    self._room,
                    self.config.stall_seconds,
                    say,
                )
                self.stalled += watch.stalled

    def _on_finish(self, seat: Seat, work: Work, completion: Completion) -> None:
        del seat.planner.under_way[work.key]
        recalled = seat.recalls
        tokens = completion.completion_tokens - completion.kept_tokens
        if seat is not self._seats["model"]:
            self.counts.judge_tokens += tokens
        elif recalled:
            self.counts.told(_benchmarks(work), None)
        else:
            self.counts.tokens += tokens
            self.counts.prompt_tokens += completion.prompt_tokens
            self.counts.told(_benchmarks(work), tokens)
        completion = _storable(completion)
        if completion.finish_reason == "failed":
            self.failed += len(work.question.waiting)
        if completion.finish_reason not in NO_ANSWER:
            asked = Asked(work.request, work.sampling.max_tokens) if work.request else None
            self.store.put(work.key, completion, self.beginning.mark, asked)
        if recalled:
            self.counts.reused += len(work.question.waiting)
        else:
            self.counts.generated += len(work.question.waiting)
        self._go_on(work, Stored(work.key, completion))

    def _go_on(self, work: Work, stored: Stored) -> None:
        """Hands an answer to the scorer where nothing follows, else asks the next step in the next
        round. Its token ids stay in the store."""
        completion = stored.completion
        if completion.token_ids:
            completion = completion._replace(token_ids=b"")
        self._preflight.hear(work, completion)
        self.counts.continued += len(work.question.waiting) * (completion.kept_tokens > 0)
        for waiting in work.waiting:
            done = (*waiting.done, completion.read(self.config.reasoning))
            step = waiting.task.next_step(waiting.doc, done)
            if step is None:
                self._scorer.put(waiting, stored.key, completion)
            else:
                self._ask_next(step.who, waiting._replace(step=step, done=done))

    def _ask_next(self, who: Who, waiting: Waiting) -> None:
        if who not in self._next:
            name = f"{waiting.doc.benchmark}/{waiting.task.name}"
            raise RunError(f"{name} asks a {who}; name it in its file's metadata.roles")
        self._next[who].append(waiting)

    async def _tick(self) -> None:
        while True:
            self._view.update()
            await asyncio.sleep(TICK_SECONDS)
