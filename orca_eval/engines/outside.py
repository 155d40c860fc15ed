"""An engine from outside the package: what its code raises ends in a line that names it."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from orca_eval.engines.base import Engine
from orca_eval.errors import OrcaEvalError, RunError, described
from orca_eval.types import Completion, Request


class OutsideEngine:
    """Passes everything on to `engine`, which `name` (package.module:Class) made."""

    def __init__(self, name: str, engine: Engine) -> None:
        self._name, self._engine = name, engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    @contextlib.contextmanager
    def _named(self, method: str) -> Iterator[None]:
        try:
            yield
        except OrcaEvalError:
            raise
        except Exception as error:  # it is code, which may raise anything
            raise RunError(f"engine={self._name}: {method}() raised {described(error)}") from error

    def check(self) -> None:
        with self._named("check"):
            self._engine.check()

    def identity(self) -> Mapping[str, Any]:
        with self._named("identity"):
            return self._engine.identity()

    async def start(self) -> None:
        with self._named("start"):
            await self._engine.start()

    async def generate(self, request: Request) -> Completion:
        with self._named("generate"):
            completion = await self._engine.generate(request)
            if not isinstance(completion, Completion):
                raise TypeError(f"gave {type(completion).__name__}, not orca_eval.types.Completion")
            return completion

    async def close(self) -> None:
        with self._named("close"):
            await self._engine.close()

    def counters(self) -> Mapping[str, float]:
        with self._named("counters"):
            return self._engine.counters()
