"""An engine for faults that a real one won't produce on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from orca_eval.benchmarks.types import Task
from orca_eval.errors import RunError
from orca_eval.run.plan import Question, Waiting, Work
from orca_eval.types import Completion, Doc, Message, Request, Sampling, Step


class WordTokenizer:
    """One token per word; the template is the messages' contents, line by line."""

    identity = "words"
    notes: tuple[str, ...] = ()
    now = None

    def render(self, messages: Sequence[Message]) -> str:
        return "\n".join(m["content"] for m in messages if m["content"])

    def encode(self, prompts: Sequence[str]) -> list[Sequence[int]]:
        return [[len(word) for word in prompt.split()] for prompt in prompts]


class FakeEngine:
    """Answers with the prompt's last word; `hang` prompts never end, after `die_after` it dies."""

    reuse_across_runs = True
    weights = None
    notes: tuple[str, ...] = ()

    def __init__(
        self,
        max_in_flight: int = 4,
        hang: Sequence[str] = (),
        die_after: int | None = None,
        context_length: int | None = None,
        delay: float = 0.0,
    ) -> None:
        self.max_in_flight = max_in_flight
        self.tokenizer = WordTokenizer()
        self.context_length = context_length
        self.seen: list[Request] = []
        self.in_flight = self.most_in_flight = 0
        self.cancelled: list[str] = []
        self.started = self.closed = False
        self._hang = set(hang)
        self._die_after = die_after
        self._delay = delay

    def check(self) -> None:
        pass

    def identity(self) -> Mapping[str, Any]:
        return {"engine": "fake"}

    async def start(self) -> None:
        self.started = True

    async def generate(self, request: Request) -> Completion:
        if self._die_after is not None and len(self.seen) >= self._die_after:
            raise RunError("the engine died")
        self.seen.append(request)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        prompt = request.prompt or request.messages[-1]["content"]
        try:
            await asyncio.sleep(3600 if prompt in self._hang else self._delay)
        except asyncio.CancelledError:
            self.cancelled.append(prompt)
            raise
        finally:
            self.in_flight -= 1
        return Completion(prompt.split()[-1], "stop", len(prompt.split()), 1)

    async def close(self) -> None:
        self.closed = True

    def counters(self) -> Mapping[str, float]:
        return {}


def work(number: int, prompt: str) -> Work:
    """A work for one made-up doc."""
    message: Message = {"role": "user", "content": prompt}
    doc = Doc("bench", "part", number, f"hash{number}", (message,), "text", (("x",),))
    waiting = Waiting(Task("part", "1", (), 0, None, {}), doc, 0, Step(doc.messages))
    key = number.to_bytes(32, "big")
    return Work(Question(key, Sampling(), range(1), [waiting]), 0, key)
