"""A strategy between a task and the model: each question of a task becomes the strategy's calls.

The task sees the answer to the last call alone, as if its question had been asked at once; so any
task, of several turns or judged, takes any strategy.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from orca_eval.benchmarks.types import NO_ANSWER, Benchmark, Task
from orca_eval.config.schema import Call, Calls, RunConfig
from orca_eval.engines.base import Engine
from orca_eval.extract.reply.parts import answer_start
from orca_eval.types import Ask, Completion, Doc, Message, Score, Scored, Step

FILLED = re.compile(r"\{(question|reply)\}")


@dataclass(frozen=True, slots=True)
class Asking:
    """What becomes of a task's questions. `system_message` is the prompt's own, before which no
    instruction comes."""

    calls: Calls
    system_message: str
    in_system: bool

    def step(self, step: Step, call: Call, reply: str) -> Step:
        """One call about a task's question, with what the call before was answered."""
        messages, system = list(step.messages), self.system_message
        own = messages[0]["role"] == "system"
        if own:
            system = messages.pop(0)["content"]
        last = messages[-1]
        texts = {"question": last["content"], "reply": reply}
        turn = FILLED.sub(lambda name: texts[name[1]], call.turn)
        if not self.in_system:
            turn = f"{call.user}\n\n{turn}"
        asked = (*messages[:-1], Message(role=last["role"], content=turn))
        if self.in_system:
            system = f"{system}\n\n{call.system}" if system else call.system
        if self.in_system or own:
            asked = (Message(role="system", content=system), *asked)
        return step._replace(messages=asked)


def with_strategy(
    benchmarks: Iterable[Benchmark], config: RunConfig, engine: Engine
) -> list[Benchmark]:
    """The benchmarks, their questions asked as the run's strategy has it."""
    if not config.strategy.asks:
        return list(benchmarks)
    in_system = is_in_system(config, engine)
    return [
        replace(b, tasks=tuple(asked_in_calls(task, b.id, config, in_system) for task in b.tasks))
        for b in benchmarks
    ]


def is_in_system(config: RunConfig, engine: Engine) -> bool:
    """Whether instructions stand in the system turn."""
    if config.strategy.form is not None:
        return config.strategy.form == "system"
    tokenizer = engine.tokenizer
    return config.prompt.system_turn and (tokenizer is None or tokenizer.takes_system)


def strategy_notes(config: RunConfig, engine: Engine) -> Iterator[str]:
    """What a reader of the scores has to know of the strategy."""
    strategy = config.strategy
    if strategy.asks:
        place = "the system turn" if is_in_system(config, engine) else "front of the question"
        yield f"Strategy {strategy.name}: its instructions stand in {place}."
    if strategy.chosen:
        told = ", ".join(f"{key} {value}" for key, value in strategy.chosen.items())
        yield f"Strategy {strategy.name}: chosen by task, from {told}."


def asked_in_calls(task: Task, benchmark: str, config: RunConfig, in_system: bool) -> Task:
    """A task whose questions are asked as the run's strategy has it."""
    calls = config.strategy.calls_for(benchmark, task.name)
    if not calls:
        return task
    asking = Asking(calls, config.prompt.system_message, in_system)
    score = task.own_score and partial(_score, task.own_score, task.ask, asking)
    return replace(task, ask=partial(_ask, task.ask, asking), own_score=score)


def _ask(ask: Ask, asking: Asking, doc: Doc, done: Sequence[Completion]) -> Step | None:
    return _walked(ask, asking, doc, done)[0]


def _score(score: Score, ask: Ask, asking: Asking, doc: Doc, done: Sequence[Completion]) -> Scored:
    return score(doc, _walked(ask, asking, doc, done)[1])


def _walked(
    ask: Ask, asking: Asking, doc: Doc, done: Sequence[Completion]
) -> tuple[Step | None, list[Completion]]:
    """What is asked next, and the answers that the task knows of."""
    known: list[Completion] = []
    rest = list(done)
    while (step := ask(doc, known)) is not None:
        reply = ""
        for call in asking.calls if step.who == "model" else (None,):
            asked = step if call is None else asking.step(step, call, reply)
            if not rest:
                return asked, known
            answer = rest.pop(0)
            reply = answer.text[answer_start(answer.text) :].strip()
            if answer.finish_reason in NO_ANSWER:
                return None, [*known, answer]
        known.append(answer)
    return None, known
