"""One chunk of requests inside an lm-eval backend: who waits, and what each answer took."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from orca_eval.errors import RunError
from orca_eval.types import Completion, FinishReason, Request


@dataclass
class Waiting:
    """A request with the future that its caller waits on."""

    request: Request
    answer: asyncio.Future[Completion]


class Chunk:
    """Requests under way together; lm-eval's cache hook for the time of one `generate_until`."""

    def __init__(
        self,
        members: Sequence[Waiting],
        loop: asyncio.AbstractEventLoop,
        encode: Callable[[Sequence[str]], Sequence[Sequence[int]]],
        eos: frozenset[int],
    ) -> None:
        self.members = members
        self.stopped = False
        self._loop = loop
        self._encode = encode
        self._eos = eos
        self._tokens: list[int] | None = None
        self._open: dict[str, deque[Waiting]] = {}
        for waiting in members:
            self._open.setdefault(waiting.request.prompt or "", deque()).append(waiting)

    def listen(self, decode: Callable[..., str], *, skip_special: bool) -> Callable[..., str]:
        """`decode`, remembering the tokens of the answer that is handed over next.

        Without `skip_special` the answer keeps its special tokens up to the one that ended it.
        """

        def listening(tokens: Any, *args: Any, **kwargs: Any) -> str:
            self._tokens = tokens if isinstance(tokens, list) else None
            if self._tokens is None or skip_special:
                return decode(tokens, *args, **kwargs)
            generated, ended = _until_eos(self._tokens, self._eos)
            return decode(self._tokens[: generated - ended], skip_special_tokens=False)

        return listening

    def add_partial(self, _attribute: str, request: Sequence[Any], text: str) -> None:
        """lm-eval calls this from its thread for each answer, batch by batch."""
        queue = self._open.get(request[0])
        if queue:
            self._answer(queue.popleft(), text)
        self._tokens = None
        if self.stopped or all(waiting.answer.done() for waiting in self.members):
            raise RunError("the engine is closed")

    def finish(self, texts: Sequence[str]) -> None:
        """Answers what the hook was not told; `texts` are in the order of `members`."""
        left = {id(waiting) for queue in self._open.values() for waiting in queue}
        self._tokens = None
        for waiting, text in zip(self.members, texts, strict=True):
            if id(waiting) in left:
                self._answer(waiting, text)

    def _answer(self, waiting: Waiting, text: str) -> None:
        request = waiting.request
        limit = request.sampling.max_tokens
        if self._tokens is not None:
            generated, ended = _until_eos(self._tokens, self._eos)
        else:
            generated, ended = len(self._encode([text])[0]), False
        finish: FinishReason = "length" if generated >= limit and not ended else "stop"
        completion = Completion(
            text, finish, len(request.prompt_token_ids or ()), min(generated, limit)
        )
        self._loop.call_soon_threadsafe(_resolve, waiting.answer, completion)


def _resolve(answer: asyncio.Future[Completion], completion: Completion) -> None:
    if not answer.done():
        answer.set_result(completion)


def _until_eos(tokens: Sequence[int], eos: frozenset[int]) -> tuple[int, bool]:
    """How many tokens were generated, the end token included, and whether there was one."""
    end = next((number for number, token in enumerate(tokens, start=1) if token in eos), None)
    return (len(tokens), False) if end is None else (end, True)
