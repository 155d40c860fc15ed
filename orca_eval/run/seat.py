"""An engine in its role: what it is asked is planned, started once, and closed within bounds."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from typing import Any

from orca_eval.config.schema import RunConfig
from orca_eval.engines.base import Engine, Recalls
from orca_eval.errors import FailedItemError, OrcaEvalError, PromptTooLongError, SettingError
from orca_eval.run.failures import Failures
from orca_eval.run.plan import Planner
from orca_eval.run.progress import say
from orca_eval.run.shorter import ShorterReplies
from orca_eval.types import Completion, Request

CLOSE_SECONDS = 30.0
WAYS_OUT = "over_long=skip counts such prompts wrong, over_long=shrink lowers max_tokens"
OF_THE_JUDGE = "the judge, whose keys begin with judge."


@contextlib.contextmanager
def of_the_judge() -> Iterator[None]:
    """Says of errors that they are the judge's: they name keys without judge."""
    try:
        yield
    except OrcaEvalError as error:
        raise type(error)(f"{OF_THE_JUDGE}: {error}") from error


class Seat:
    """The model's place or the judge's.

    Attributes:
        config: the run's, with this role's model, engine, prompt and sampling.
        shorter: what it was answered with fewer tokens.
        recalls: whether its engine only remembers a finished run's answers.
        started: whether its engine was ever asked to start.
    """

    def __init__(
        self,
        config: RunConfig,
        engine: Engine,
        scope: str | None,
        shorter: ShorterReplies,
        *,
        is_judge: bool,
    ) -> None:
        self.config, self.engine, self._is_judge = config, engine, is_judge
        self.shorter = shorter
        self.planner = Planner(config, engine, scope)
        self.failures = Failures(engine.max_in_flight, say)
        self.recalls = isinstance(engine, Recalls)  # a protocol: asking takes 10 µs
        self.started = False
        self._starting: asyncio.Task[None] | None = None
        self._under_way = self._refused = 0
        self._news = asyncio.Event()

    @contextlib.contextmanager
    def named_errors(self) -> Iterator[None]:
        """Says of the judge's errors whose they are."""
        with of_the_judge() if self._is_judge else contextlib.nullcontext():
            yield

    @property
    def begun(self) -> bool:
        """Whether its engine is up, or on the way."""
        return self._starting is not None

    def begin(self, start: Coroutine[Any, Any, None]) -> None:
        """Starts the engine in the background."""
        self.started = True
        self._starting = asyncio.create_task(start)

    async def ready(self) -> None:
        """Waits until the engine has started."""
        if self._starting is not None:
            await self._starting

    async def answer(self, request: Request) -> Completion:
        """The engine's completion. A request that failed for good has none ("failed"), and one
        that only the server knows to be too long is what over_long= says.

        Raises:
            OrcaEvalError: the engine failed, or so many requests that it is no item's fault.
        """
        self._under_way += 1
        try:
            completion = await self._shrunk(request)
            self.failures.answered()
        except OrcaEvalError as error:
            with self.named_errors():
                return await self._without(request, error)
        finally:
            self._under_way -= 1
            if self._refused:
                self._tell()
        return completion

    async def _without(self, request: Request, error: OrcaEvalError) -> Completion:
        """What stands for an answer that never came; raises the error if it is no item's fault."""
        if isinstance(error, PromptTooLongError):
            if self.config.over_long != "error":
                self.planner.over_long.append((str(error), 0))
                return Completion("", "skipped", 0, 0)
            self._fail(request, PromptTooLongError(f"{error}; {WAYS_OUT}"))
        elif isinstance(error, SettingError):
            if not await self._another_answered():
                raise error
            self._fail(request, FailedItemError(str(error)))
        elif isinstance(error, FailedItemError):
            self._fail(request, error)
        else:
            raise error
        return Completion("", "failed", 0, 0)

    def _tell(self) -> None:
        """Wakes the refused requests, which look again at what became of the others."""
        self._news.set()
        self._news = asyncio.Event()

    async def _another_answered(self) -> bool:
        """Whether a request is answered, which shows that what this one was refused for is its own
        fault; waits for those under way until all of them were refused like it.
        """
        self._refused += 1
        self._tell()
        try:
            while not self.failures.any_answered and self._refused < self._under_way:
                await self._news.wait()
        finally:
            self._refused -= 1
        return self.failures.any_answered

    async def _shrunk(self, request: Request) -> Completion:
        """The completion, with over_long=shrink in as many tokens as the server says that fit."""
        shrunk = False
        while True:
            try:
                completion = await self.engine.generate(request)
            except PromptTooLongError as error:
                room, most = error.room, request.sampling.max_tokens
                if self.config.over_long != "shrink" or room is None or room >= most:
                    raise
                request = request._replace(sampling=replace(request.sampling, max_tokens=room))
                shrunk = True
            else:
                if shrunk:
                    self.planner.over_long.append(("shrunk", 0))
                return completion

    def _fail(self, request: Request, error: FailedItemError) -> None:
        work = self.planner.under_way.get(bytes.fromhex(request.key))
        doc = work.doc if work else None
        where = f"{doc.benchmark}/{doc.task} doc {doc.doc_id}" if doc else "a request"
        self.failures.failed(where, error)

    async def close(self) -> None:
        """Closes what was started; an engine that hangs is left behind, for the process to end."""
        if self._starting is None:
            return
        starting, self._starting = self._starting, None
        if not starting.done():
            starting.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await starting
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.engine.close()
        except TimeoutError:
            say(f"the engine did not end within {CLOSE_SECONDS:g} s and is left behind")
