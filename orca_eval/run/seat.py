"""An engine in its role: what it is asked is planned, started once, and closed within bounds."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from typing import Any

from orca_eval.config.schema import RunConfig
from orca_eval.engines.base import Engine
from orca_eval.errors import OrcaEvalError, PromptTooLongError
from orca_eval.run.plan import Planner
from orca_eval.run.progress import say
from orca_eval.types import Completion, Request

CLOSE_SECONDS = 30.0
OF_THE_JUDGE = "the judge, whose keys begin with judge."


class Seat:
    """The model's place or the judge's.

    Attributes:
        config: the run's, with this role's model, engine, prompt and sampling.
        started: whether its engine was ever asked to start.
    """

    def __init__(
        self, config: RunConfig, engine: Engine, scope: str | None, *, is_judge: bool
    ) -> None:
        self.config, self.engine, self._is_judge = config, engine, is_judge
        self.planner = Planner(config, engine, scope)
        self.started = False
        self._starting: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def named_errors(self) -> Iterator[None]:
        """Says of the judge's errors whose they are: they name keys without judge."""
        try:
            yield
        except OrcaEvalError as error:
            if self._is_judge:
                raise type(error)(f"{OF_THE_JUDGE}: {error}") from error
            raise

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
        """The engine's completion; a prompt that only the server knows to be too long is counted
        wrong where the config does not make it an error."""
        try:
            return await self.engine.generate(request)
        except OrcaEvalError as error:
            with self.named_errors():
                if self.config.over_long == "error" or not isinstance(error, PromptTooLongError):
                    raise
                self.planner.over_long.append((str(error), 0))
            return Completion("", "skipped", 0, 0)

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
