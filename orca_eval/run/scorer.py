"""Completions → scored samples, beside the event loop while the engine generates."""

import queue
import threading
from collections.abc import Iterator, Sequence

from orca_eval.errors import OrcaEvalError, RunError
from orca_eval.run.plan import Waiting
from orca_eval.run.progress import Counts
from orca_eval.run.scored import ScoredSample, ScoredSamples
from orca_eval.run.scoring_process import Job, ScoringProcess
from orca_eval.types import CUT_OFF, Completion, Conflict, ReadReasoning, Scored

BATCH = 256
MOST_WAITING = 4096
ABANDON_SECONDS = 5.0  # a task from outside may hang in its own scoring

Finished = tuple[Waiting, bytes, Completion]


class Scorer:
    """Scores every sample that waits for a completion.

    Our own docs are scored by a process beside us, a task from outside scores itself here. One
    thread sends batches, another collects their scores. `finish` ends them all.

    Attributes:
        samples: scored so far, in no order that matters.

    Raises:
        RunError: the process can't be started.
    """

    def __init__(
        self, counts: Counts, conflict: Conflict = "none", reasoning: ReadReasoning = "apart"
    ) -> None:
        self.samples = ScoredSamples()
        self._counts, self._conflict, self._reasoning = counts, conflict, reasoning
        self._finished: queue.SimpleQueue[Finished | None] = queue.SimpleQueue()
        self._sent: queue.Queue[list[Finished] | None] = queue.Queue(MOST_WAITING // BATCH)
        self._process = ScoringProcess()
        self._failure: BaseException | None = None
        loops = {"scorer-send": self._send, "scorer-collect": self._collect}
        self._threads = [
            threading.Thread(target=loop, name=name, daemon=True) for name, loop in loops.items()
        ]
        for thread in self._threads:
            thread.start()

    @property
    def behind(self) -> bool:
        """Whether more than MOST_WAITING replies wait to be scored."""
        return self._finished.qsize() > MOST_WAITING

    def put(self, waiting: Waiting, key: bytes, completion: Completion) -> None:
        """Queues a sample with its last answer; never blocks. Raises what scoring an earlier one
        raised."""
        if self._failure is not None:
            raise self._failure
        self._finished.put((waiting, key, completion))

    def finish(self) -> ScoredSamples:
        """Waits for all that was queued; the samples."""
        self._finished.put(None)
        for thread in self._threads:
            thread.join()
        self._process.close()
        if self._failure is not None:
            raise self._failure
        return self.samples

    def abandon(self) -> None:
        """Ends the process and the threads, also where they hang; nobody wants the scores."""
        self._failure = self._failure or RunError("the scores were not wanted any more")
        self._process.kill()
        self._finished.put(None)
        for thread in self._threads:
            thread.join(ABANDON_SECONDS)
        self._process.close()

    def _send(self) -> None:
        while batch := self._next_batch():
            jobs = [self._job(item) for item in batch if _is_ours(item)]
            try:
                if jobs and self._failure is None:
                    self._process.send(jobs)
            except Exception as error:
                self._fail(error)
            self._sent.put(batch)
        self._sent.put(None)

    def _job(self, item: Finished) -> Job:
        waiting, _, completion = item
        doc, cut = waiting.doc, completion.finish_reason == CUT_OFF
        text = completion.read(self._reasoning).text
        return doc.kind, doc.golds, doc.options, text, cut, self._conflict

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

    def _collect(self) -> None:
        while (batch := self._sent.get()) is not None:
            try:
                if self._failure is None:
                    for item, scored in zip(batch, self._scores(batch), strict=True):
                        self._add(*item, scored)
            except Exception as error:
                self._fail(error)

    def _scores(self, batch: Sequence[Finished]) -> Iterator[Scored]:
        ours = iter(self._process.receive() if any(map(_is_ours, batch)) else ())
        for item in batch:
            waiting, _, completion = item
            if _is_ours(item):
                yield next(ours)
            else:
                done = (*waiting.done, completion.read(self._reasoning))
                yield waiting.task.score(waiting.doc, done)

    def _add(self, waiting: Waiting, key: bytes, completion: Completion, scored: Scored) -> None:
        self.samples.append(scored_sample(waiting, key, completion, scored))
        self._counts.scored += 1
        self._counts.answered += scored.answer is not None

    def _fail(self, error: Exception) -> None:
        """The first failure is shown by the thread that asks. Nobody collects scores any more, so
        the process, which might wait for that, and the sender with it, is ended."""
        if self._failure is None:
            named = f"scoring failed: {type(error).__name__}: {error}"
            self._failure = error if isinstance(error, OrcaEvalError) else RunError(named)
        self._process.kill()


def scored_sample(
    waiting: Waiting, key: bytes, completion: Completion, scored: Scored
) -> ScoredSample:
    """What remains of a completion once it is scored. Of several steps, the model's count."""
    shown, tokens = completion, (completion.prompt_tokens, completion.completion_tokens)
    if waiting.done:
        answers = model_answers(waiting, completion)
        shown = answers[-1]
        tokens = sum(a.prompt_tokens for a in answers), sum(a.completion_tokens for a in answers)
    return ScoredSample(
        waiting=waiting,
        key=key,
        scored=scored,
        empty=not shown.text.strip() and not shown.reasoning.strip(),
        only_reasoning=shown.only_reasoning,
        finish_reason=shown.finish_reason,
        prompt_tokens=tokens[0],
        completion_tokens=tokens[1],
        last_reason=completion.finish_reason,
        text_hash=text_hash(completion),
    )


def text_hash(completion: Completion) -> int:
    """Python's hash of all that a completion says."""
    return hash((completion.text, completion.reasoning))


def model_answers(waiting: Waiting, last: Completion) -> list[Completion]:
    """What the model answered, the judge's verdicts left out."""
    steps = waiting.task.conversation(waiting.doc, (*waiting.done, last))
    return [answer for step, answer in steps if step.who == "model"]


def _is_ours(item: Finished) -> bool:
    return item[0].task.own_score is None
