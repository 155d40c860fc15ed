"""What loading a benchmark yields: its tasks, their docs, and how a response to one is scored."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orca_eval.benchmarks.scorer import score_response
from orca_eval.types import Aggregate, Doc, Scored, Scorer


@dataclass(frozen=True, slots=True)
class Task:
    """One part of a benchmark (mmlu's anatomy) with the docs that are to be answered.

    `rows` counts the data's rows as found, `published_rows` what the published split holds (None
    where that is not known: tasks from outside, quickstart items); `excluded` gives the reason for
    each row left out, by doc id. `scorer` is a task's from outside that scores itself; None where
    our own extraction scores it.
    """

    name: str
    version: str
    docs: tuple[Doc, ...]
    rows: int
    published_rows: int | None
    excluded: Mapping[int, str]
    scorer: Scorer | None = None

    @property
    def full_n(self) -> int:
        """Docs of the whole split: its rows without the excluded ones."""
        return self.rows - len(self.excluded)

    def score(self, doc: Doc, response: str) -> Scored:
        """Scores a response to one of its docs."""
        if self.scorer is not None:
            return self.scorer(doc, response)
        return score_response(doc.kind, doc.golds, doc.options, response)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """All tasks behind one row of the table, and how they are put together.

    `aggregate`: "pooled" counts every doc once, "mean_of_tasks" every task once. `data_sha256`
    covers every row of the whole split, whatever `limit` leaves, and `content_sha256` what the task
    makes of it: prompts, options and golds. `footnotes` go under the table.
    """

    id: str
    alias: str
    aggregate: Aggregate
    tasks: tuple[Task, ...]
    data_sha256: str
    source: str
    footnotes: tuple[str, ...] = field(default=())
    content_sha256: str = ""

    @property
    def n(self) -> int:
        return sum(len(task.docs) for task in self.tasks)

    @property
    def full_n(self) -> int:
        return sum(task.full_n for task in self.tasks)

    @property
    def excluded(self) -> int:
        return sum(len(task.excluded) for task in self.tasks)


@dataclass(frozen=True, slots=True)
class Listing:
    """A line of `orca-eval tasks`: what a benchmark is, without loading it.

    `rows` is the published split's size; `at_hand` is None for the hub, where it is not known.
    """

    id: str
    alias: str
    aggregate: Aggregate
    tasks: tuple[str, ...]
    rows: int
    excluded: int
    source: str
    at_hand: bool | None
