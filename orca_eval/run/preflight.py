"""The first replies of a run, looked at before it has cost hours: what spoils them spoils all.

They are the run's own samples, stored and scored like any other. A run that goes on looks at the
stored ones, so that no prompt is asked for this alone.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from orca_eval.benchmarks.types import NO_ANSWER
from orca_eval.config.schema import PreflightConfig, RunConfig
from orca_eval.engines.base import Engine
from orca_eval.errors import RunError
from orca_eval.model.tokenizer import TemplateTokenizer
from orca_eval.run.faults import Fault, Setting, fault_of, lines
from orca_eval.run.fit import longest_answer
from orca_eval.run.plan import Question, Waiting, Work
from orca_eval.types import Completion

LEAST = 100
"""A run of no more replies is over so soon that its table says the same."""
MOST_FAULTY = 1 / 3
REPLAY = "replay"
"""The engine whose replies nobody has to be warned of."""


class Preflight:
    """Looks at the replies to some of a run's prompts, spread over its benchmarks. `say` gets a
    line for each cause of what is wrong with them."""

    def __init__(self, config: RunConfig, engine: Engine, say: Callable[[str], None]) -> None:
        given, replayed = config.preflight, config.engine.name == REPLAY
        self._least = 0 if given else LEAST
        self._asked = given or PreflightConfig(0 if replayed else PreflightConfig().prompts)
        self._reasoning, self._conflict = config.reasoning, config.conflict
        self._setting, self._say = _setting(config, engine), say
        self._wanted: set[bytes] | None = None  # keys of questions
        self._heard = 0
        self._faults: list[Fault] = []
        self._begun = False

    def choose(self, questions: Sequence[Question]) -> None:
        """Chooses among all questions of the run's first round; nothing in a later one."""
        if self._wanted is None:
            chosen = islice(_spread(questions), self._asked.prompts)
            self._wanted = {question.key for question in chosen}

    def parts(self, missing: Sequence[Question]) -> Iterator[list[Question]]:
        """The questions without a stored answer, the chosen ones first. Where the run may end by
        them they are a part of their own, which is to be answered before the next is taken.

        Raises:
            RunError: they are no use, and the run is to end then.
        """
        wanted = self._wanted or set()
        if sum(len(question.samples) for question in missing) <= self._least:
            wanted.clear()
            yield [*missing]
            return
        self._begun = True
        first = [question for question in missing if question.key in wanted]
        rest = [question for question in missing if question.key not in wanted]
        if self._asked.strict and first:
            yield first
            first = []
        if not wanted:
            self._conclude()
        if first or rest:
            yield [*first, *rest]

    def hear(self, work: Work, reply: Completion) -> None:
        """Takes note of a reply, whether stored or new; says what is wrong once all are there."""
        if not self._wanted or work.question.key not in self._wanted:
            return
        self._wanted.discard(work.question.key)
        if reply.finish_reason not in NO_ANSWER:
            self._heard += 1
            read = reply.read(self._reasoning)
            fault = fault_of(read, answered=self._is_answered(work.question.waiting[0], read))
            self._faults += [fault] if fault else []
        if self._begun and not self._wanted and not self._asked.strict:
            self._conclude()

    def _is_answered(self, waiting: Waiting, reply: Completion) -> bool:
        """Whether our extraction reads an answer. What tasks from outside or judges make of a reply
        is not known yet."""
        task, doc = waiting.task, waiting.doc
        if task.own_score is not None or task.next_step(doc, (reply,)) is not None:
            return True
        return task.score(doc, (reply,), self._conflict).answer is not None

    def _conclude(self) -> None:
        faults, self._faults = self._faults, []
        if len(faults) <= MOST_FAULTY * self._heard:
            return
        found = lines(faults, self._heard, self._setting)
        if self._asked.strict:
            raise RunError(
                f"preflight: {'; '.join(found)}; stopped by preflight=strict: what was answered "
                "is stored, and preflight=0 goes on with it"
            )
        for line in found:
            self._say(f"preflight: {line}; the run goes on")


def _setting(config: RunConfig, engine: Engine) -> Setting:
    tokenizer = engine.tokenizer
    template = tokenizer.template if isinstance(tokenizer, TemplateTokenizer) else None
    return Setting(
        config.sampling.max_tokens,
        longest_answer(engine),
        template.unopened if template else None,
        served=tokenizer is None,
    )


def _spread(questions: Iterable[Question]) -> Iterator[Question]:
    """Each benchmark's in turn, from places far apart within it."""
    by_benchmark: dict[str, list[Question]] = {}
    for question in questions:
        by_benchmark.setdefault(question.waiting[0].doc.benchmark, []).append(question)
    turns = [_far_apart(each) for each in by_benchmark.values()]
    while turns:
        taken = [(turn, next(turn, None)) for turn in turns]
        turns = [turn for turn, question in taken if question is not None]
        yield from (question for _, question in taken if question is not None)


def _far_apart(questions: Sequence[Question]) -> Iterator[Question]:
    """All of them, in steps of the golden section."""
    step = max(1, round(0.618 * len(questions)))
    while math.gcd(step, len(questions)) > 1:
        step += 1
    return (questions[place * step % len(questions)] for place in range(len(questions)))
