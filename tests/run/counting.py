"""An engine that counts, goes on from cut replies, and logs what it made: for runs in processes of
their own that are killed."""

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from orca_eval.token_ids import packed, unpacked
from orca_eval.types import Completion, Request

REPLY = 40


class Words:
    """One token per character of the prompt, which is the messages' contents."""

    identity = "characters"
    notes: tuple[str, ...] = ()
    now = None

    def render(self, messages: Any) -> str:
        return "\n".join(m["content"] for m in messages)

    def encode(self, prompts: Any) -> list[list[int]]:
        return [[ord(c) for c in prompt] for prompt in prompts]

    def close(self) -> None:
        pass


class Counting:
    """A reply counts from the prompt's length, a token a number, and never ends by itself."""

    max_in_flight = 8
    weights = None
    notes: tuple[str, ...] = ()
    context_length = None
    reuse_across_runs = True

    def __init__(self, model: object, engine: Any, max_tokens: int) -> None:
        self.tokenizer = Words()
        self._log = str(engine.args["log"])

    def check(self) -> None:
        pass

    def identity(self) -> Mapping[str, Any]:
        return {"engine": "counting"}

    async def start(self) -> None:
        pass

    def can_continue(self, cut: Completion) -> bool:
        return bool(cut.token_ids)

    async def generate(self, request: Request) -> Completion:
        first = len(request.prompt or "")
        kept = unpacked(request.cut.token_ids) if request.cut else []
        ids = [*range(first, first + min(request.sampling.max_tokens, REPLY))]
        if kept != ids[: len(kept)]:
            raise ValueError(f"{kept} is no beginning of {ids}")
        await asyncio.sleep(0.02)
        told = f"{request.key} {len(ids) - len(kept)}\n"
        with open(self._log, "ab", buffering=0) as log:  # noqa: PTH123 - one write
            log.write(told.encode())
            os.fsync(log.fileno())
        finish = "stop" if len(ids) == REPLY else "length"
        text = " ".join(map(str, ids))
        return Completion(
            text, finish, first, len(ids), token_ids=packed(ids), kept_tokens=len(kept)
        )

    async def close(self) -> None:
        pass

    def counters(self) -> Mapping[str, float]:
        return {}
