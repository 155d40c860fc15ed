"""Chats: the same turns, asked of models with prompts and strategies; what each was answered."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from orca_eval.benchmarks.types import NO_ANSWER, Task
from orca_eval.config.schema import RunConfig
from orca_eval.engines.base import Engine
from orca_eval.errors import RunError
from orca_eval.extract.reply.parts import answer_start, reasoning_in
from orca_eval.run import identity
from orca_eval.run.evaluate import checked_engine
from orca_eval.run.plan import Planner, Waiting
from orca_eval.run.progress import say
from orca_eval.run.strategy import asked_in_calls, is_in_system
from orca_eval.store import ResponseStore
from orca_eval.types import CUT_OFF, Completion, Doc, Message, Request, Step

NAME = "ask"


class Said(NamedTuple):
    """One call: what the user's turn was, the answer, and its reasoning. `turn` counts the
    questions that the chat was asked before."""

    turn: int
    asked: str
    answer: str
    reasoning: str


@dataclass(frozen=True)
class Reply:
    """A finished chat. `seconds` is the wall time of what was generated now, among the others;
    None where all was stored. `problem` says why there is no answer, or no whole one."""

    chat: "Chat"
    sample: int
    said: tuple[Said, ...]
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float | None = None
    problem: str = ""

    @property
    def answers(self) -> list[str]:
        """The last answer to each question."""
        return list({each.turn: each.answer for each in self.said}.values())

    @property
    def cost(self) -> str:
        """Tokens and time in one line."""
        time = "stored" if self.seconds is None else f"{self.seconds:.1f} s"
        return f"{self.prompt_tokens:,} + {self.completion_tokens:,} tokens · {time}"


@dataclass(frozen=True, eq=False)
class Chat:
    """A way in which the question is asked."""

    config: RunConfig
    turns: tuple[str, ...]

    @property
    def name(self) -> str:
        """Model, prompt and strategy."""
        config = self.config
        return f"{config.model.name} · {config.prompt.name} · {config.strategy.name}"

    def task(self, engine: Engine) -> tuple[Task, Doc]:
        """The chat as a task of one document, asked as its strategy has it."""
        first = Message(role="user", content=self.turns[0])
        doc = Doc(NAME, NAME, 0, "", (first,), "text", ())
        task = Task(NAME, "1", (doc,), 1, None, {}, ask=self._ask)
        return asked_in_calls(task, NAME, self.config, is_in_system(self.config, engine)), doc

    def _ask(self, _doc: Doc, done: Sequence[Completion]) -> Step | None:
        if len(done) == len(self.turns):
            return None
        messages = []
        for turn, answer in zip(self.turns, done, strict=False):
            messages.append(Message(role="user", content=turn))
            text = answer.text[answer_start(answer.text) :].strip()
            messages.append(Message(role="assistant", content=text))
        messages.append(Message(role="user", content=self.turns[len(done)]))
        return Step(tuple(messages))


async def replies(chats: Sequence[Chat], store: ResponseStore) -> AsyncIterator[Reply]:
    """Every chat's replies as they come. All chats are of one model, whose engine is started where
    something is not stored; a reply that fails says why."""
    config, engine = checked_engine(chats[0].config)
    model = _Model(engine, config.model.name)
    seats = [_Seat(chat, config, model, store) for chat in chats]
    under_way = [
        asyncio.create_task(seat.reply(sample)) for seat in seats for sample in range(seat.samples)
    ]
    try:
        for coming in asyncio.as_completed(under_way):
            yield await coming
    finally:
        for task in under_way:
            task.cancel()
        await engine.close()


class _Model:
    """An engine that starts at its first question."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine, self._name = engine, name
        self._starting = asyncio.Lock()
        self._room = asyncio.Semaphore(engine.max_in_flight)
        self._started = False

    async def generate(self, request: Request) -> tuple[Completion, float]:
        """The answer, and how many seconds it took."""
        async with self._starting:
            if not self._started:
                say(f"loading {self._name}")
                await self.engine.start()
                self._started = True
        async with self._room:
            begun = time.monotonic()
            return await self.engine.generate(request), time.monotonic() - begun


class _Seat:
    """A chat at its model."""

    def __init__(self, chat: Chat, fitted: RunConfig, model: _Model, store: ResponseStore) -> None:
        self._chat, self._model, self._store = chat, model, store
        self.samples = chat.config.samples_per_doc
        config = replace(chat.config, sampling=fitted.sampling, engine=fitted.engine)
        url = config.engine.base_url
        shared = model.engine.reuse_across_runs
        scope = None if shared else identity.scope(config, model.engine, (), url)
        self._planner = Planner(config, model.engine, scope)

    async def reply(self, sample: int) -> Reply:
        """One of the chat's replies."""
        task, doc = self._chat.task(self._model.engine)
        done: list[Completion] = []
        seconds: list[float] = []
        problem = ""
        try:
            while (step := task.next_step(doc, done)) is not None:
                waiting = Waiting(task, doc, sample, step, tuple(done))
                done.append(await self._answer(waiting, seconds))
        except RunError as error:
            problem = str(error)
        if done and done[-1].finish_reason == CUT_OFF:
            problem = f"cut off at max_tokens={self._chat.config.sampling.max_tokens}"
        return Reply(
            self._chat,
            sample,
            tuple(_said(task.conversation(doc, done))),
            sum(answer.prompt_tokens for answer in done),
            sum(answer.completion_tokens for answer in done),
            sum(seconds) if seconds else None,
            problem,
        )

    async def _answer(self, waiting: Waiting, seconds: list[float]) -> Completion:
        """The stored answer, or a new one, whose time is put to `seconds`."""
        self._planner.questions.clear()
        self._planner.over_long.clear()
        (work,) = self._planner.works(self._planner.add([waiting]))
        self._planner.refuse_over_long()
        found = self._store.get_many([work.key]).get(work.key)
        if found is not None:
            return found
        (request,) = self._planner.prompter.requests([work])
        answer, took = await self._model.generate(request)
        seconds.append(took)
        if answer.finish_reason not in NO_ANSWER:
            self._store.put(work.key, answer)
        return answer


def _said(conversation: Sequence[tuple[Step, Completion]]) -> Iterator[Said]:
    """What was asked and answered; a question is a new one where the chat before it got longer."""
    turn, length = -1, 0
    for step, answer in conversation:
        spoken = [m for m in step.messages if m["role"] != "system"]
        turn += len(spoken) > length
        length = len(spoken)
        start = answer_start(answer.text)
        reasoning = answer.reasoning or reasoning_in(answer.text)
        yield Said(turn, spoken[-1]["content"], answer.text[start:].strip(), reasoning)
