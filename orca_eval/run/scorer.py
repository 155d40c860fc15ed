"""Completions → scored samples, beside the event loop while the engine generates."""

import queue
import threading
from collections.abc import Sequence
from typing import NamedTuple

from orca_eval.errors import OrcaEvalError, RunError
from orca_eval.run.plan import Waiting, Work
from orca_eval.run.progress import Counts
from orca_eval.run.scoring_process import ScoringProcess
from orca_eval.types import Completion, FinishReason, Scored

BATCH = 512  # the process and this thread take turns: seldom
MOST_WAITING = 4096
ABANDON_SECONDS = 5.0  # a task from outside may hang in its own scoring

Finished = tuple[Waiting, Work, Completion]


class ScoredSample(NamedTuple):
    """A sample without its texts: the response stays in the store, under `key`."""

    waiting: Waiting
    key: bytes
    scored: Scored
    empty: bool
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    text_hash: int
    """Python's hash of the response, good within this process."""


class Scorer:
    """Scores every sample that waits for a completion, in batches, on a thread.

    Our own docs are scored by a process beside us, a task from outside scores itself here.

    Attributes:
        samples: scored so far, in no order that matters.

    Raises:
        RunError: the process can't be started.
    """

    def __init__(self, counts: Counts) -> None:
        self.samples: list[ScoredSample] = []
        self._counts = counts
        self._finished: queue.SimpleQueue[Finished | None] = queue.SimpleQueue()
        self._process = ScoringProcess()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="scorer", daemon=True)
        self._thread.start()

    @property
    def behind(self) -> bool:
        """Whether more than MOST_WAITING replies wait to be scored."""
        return self._failure is None and self._finished.qsize() > MOST_WAITING

    def put(self, work: Work, completion: Completion) -> None:
        """Queues the samples that wait for a completion; never blocks. Raises what scoring an
        earlier one raised."""
        if self._failure is not None:
            raise self._failure
        for waiting in work.waiting:
            self._finished.put((waiting, work, completion))

    def finish(self) -> Sequence[ScoredSample]:
        """Waits for all that was queued; the samples."""
        self._end()
        if self._failure is not None:
            raise self._failure
        return self.samples

    def abandon(self) -> None:
        """Ends the process and the thread, also where they hang; nobody wants the scores."""
        self._failure = self._failure or RunError("the scores were not wanted any more")
        self._process.kill()
        self._end(ABANDON_SECONDS)

    def _end(self, timeout: float | None = None) -> None:
        self._finished.put(None)
        self._thread.join(timeout)
        self._process.close()

    def _run(self) -> None:
        """The first failure ends it, and is shown by the thread that asks."""
        try:
            while self._failure is None and (batch := self._next_batch()):
                self._score(batch)
        except Exception as error:
            named = RunError(f"scoring failed: {type(error).__name__}: {error}")
            found = error if isinstance(error, OrcaEvalError) else named
            self._failure = self._failure or found

    def _next_batch(self) -> list[Finished]:
        """What is queued, at least one and at most BATCH; empty at the end."""
        batch: list[Finished] = []
        while not batch or (len(batch) < BATCH and not self._finished.empty()):
            item = self._finished.get()
            if item is None:
                self._finished.put(None)  # found again by the next call
                break
            batch.append(item)
        return batch

    def _score(self, batch: Sequence[Finished]) -> None:
        jobs = [
            (waiting.doc.kind, waiting.doc.golds, waiting.doc.options, completion.text)
            for waiting, _, completion in batch
            if waiting.task.scorer is None
        ]
        if jobs:
            self._process.send(jobs)
        ours = iter(self._process.receive() if jobs else ())
        for waiting, work, completion in batch:
            scorer = waiting.task.scorer
            scored = scorer(waiting.doc, completion.text) if scorer else next(ours)
            self.samples.append(scored_sample(waiting, work.key, completion, scored))
            self._counts.scored += 1
            self._counts.answered += scored.answer is not None


def scored_sample(
    waiting: Waiting, key: bytes, completion: Completion, scored: Scored
) -> ScoredSample:
    """What remains of a completion once it is scored."""
    return ScoredSample(
        waiting=waiting,
        key=key,
        scored=scored,
        empty=not completion.text.strip(),
        finish_reason=completion.finish_reason,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        text_hash=hash(completion.text),
    )
