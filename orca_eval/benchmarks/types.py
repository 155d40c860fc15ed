"""What loading a benchmark yields: its tasks, their docs, and how a response to one is scored."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orca_eval.benchmarks.scorer import score_response
from orca_eval.benchmarks.specs import Presentation
from orca_eval.errors import RunError
from orca_eval.types import (
    CUT_OFF,
    EXACT_MATCH,
    FAILED,
    HIGHEST,
    Aggregate,
    Ask,
    Completion,
    Conflict,
    Doc,
    Measure,
    Score,
    Scored,
    Step,
    Who,
    once,
)

NO_ANSWER = ("skipped", *FAILED)


def checked(scored: Scored, task: str) -> Scored:
    """What a task's own code found, if files can hold it. RunError where they can't."""
    values = {"score": scored.score or 0.0, **(scored.figures or {})}
    for name, value in values.items():
        if not math.isfinite(value) or (name == "score" and not 0 <= value <= HIGHEST):
            raise RunError(f"{task}: its {name} is {value}, no number from 0 to {HIGHEST:g}")
    return scored


@dataclass(frozen=True, slots=True)
class Task:
    """One part of a benchmark (mmlu's anatomy) with the docs that are to be answered.

    `rows` counts the data's rows as found, `published_rows` what the published split holds (None
    where that is not known: tasks from outside, quickstart items); `excluded` gives the reason for
    each row left out, by doc id. `ask` says what is asked of a doc, step by step. `own_score` is
    that of a task which scores itself; None where our extraction scores it.
    """

    name: str
    version: str
    docs: tuple[Doc, ...]
    rows: int
    published_rows: int | None
    excluded: Mapping[int, str]
    own_score: Score | None = None
    ask: Ask = once

    @property
    def n(self) -> int:
        """Its documents, each counted once in however many orders it is asked."""
        return sum(doc.order == 0 for doc in self.docs)

    @property
    def orders(self) -> int:
        """In how many orders each document is asked."""
        return 1 + max(doc.order for doc in self.docs)

    @property
    def full_n(self) -> int:
        """Docs of the whole split: its rows without the excluded ones."""
        return self.rows - len(self.excluded)

    def score(self, doc: Doc, done: Sequence[Completion], conflict: Conflict = "none") -> Scored:
        """Scores all answers to one of its docs; `conflict` as for `score_response`."""
        if self.own_score is not None:
            return checked(self.own_score(doc, done), f"{doc.benchmark}/{self.name}")
        last = done[-1]
        cut = last.finish_reason == CUT_OFF
        return score_response(doc.kind, doc.golds, doc.options, last.text, cut, conflict)

    def next_step(self, doc: Doc, done: Sequence[Completion]) -> Step | None:
        """What is asked next; None where it is over. Nothing follows an answer that never came."""
        if done and (self.ask is once or done[-1].finish_reason in NO_ANSWER):
            return None
        try:
            return self.ask(doc, done)
        except Exception as error:  # a task's own code
            said = f"{type(error).__name__}: {error}"
            raise RunError(f"{doc.benchmark}/{self.name}: its ask failed: {said}") from error

    def conversation(self, doc: Doc, done: Sequence[Completion]) -> list[tuple[Step, Completion]]:
        """Every step that was asked of a doc, with its answer."""
        asked = (self.ask(doc, done[:number]) for number in range(len(done)))
        return [(step, answer) for step, answer in zip(asked, done, strict=True) if step]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """All tasks behind one row of the table, and how they are put together.

    `aggregate`: "pooled" counts every doc once, "mean_of_tasks" every task once. `data_sha256`
    covers every row of the whole split, whatever `limit` leaves, and `content_sha256` what the task
    makes of it: prompts, options and golds. `footnotes` go under the table. `roles` are those of
    its steps. `reference` names the answers that others are rated beside, where they were named.
    """

    id: str
    alias: str
    aggregate: Aggregate
    tasks: tuple[Task, ...]
    data_sha256: str
    source: str
    footnotes: tuple[str, ...] = field(default=())
    content_sha256: str = ""
    measure: Measure = EXACT_MATCH
    roles: tuple[Who, ...] = ("model",)
    presentation: Presentation = field(default_factory=Presentation)
    reference: str = ""

    @property
    def judged(self) -> bool:
        """Whether a judge grades it."""
        return "judge" in self.roles

    @property
    def n(self) -> int:
        return sum(task.n for task in self.tasks)

    @property
    def asked(self) -> int:
        """What is asked to begin with: a document once in each of its orders."""
        return sum(len(task.docs) for task in self.tasks)

    @property
    def full_n(self) -> int:
        return sum(task.full_n for task in self.tasks)

    @property
    def excluded(self) -> int:
        return sum(len(task.excluded) for task in self.tasks)
