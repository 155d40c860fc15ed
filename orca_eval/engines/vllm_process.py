"""vLLM's processes: loaded beside the event loop, contained, quiet, and read out when they fail."""

import asyncio
import gc
import logging
import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from orca_eval.engines.contained import contained_children, end_groups
from orca_eval.engines.vllm_failure import explain
from orca_eval.errors import InputError, OrcaEvalError, RunError
from orca_eval.installed import add_extra

_ENVIRONMENT = {
    # Forking a process that runs threads (and an event loop, and a database) can hang it.
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
    "VLLM_NO_USAGE_STATS": "1",
}
_QUIET = {"VLLM_CONFIGURE_LOGGING": "0", "TORCH_CPP_LOG_LEVEL": "ERROR"}
_LONGEST_MESSAGE = 300
_GRACE_SECONDS = 10.0


class VllmProcess:
    """An `AsyncLLM` from load to end.

    A thread of its own makes it and ends it, since both block, the first for half a minute. It is
    a daemon, so that Ctrl-C during a load does not wait for it.
    """

    def __init__(self, arguments: Mapping[str, Any], show_logs: bool) -> None:
        self._arguments = arguments
        self._log: Path | None = None
        if not show_logs:
            number, name = tempfile.mkstemp(prefix="orca-eval-vllm-", suffix=".log")
            os.close(number)
            self._log = Path(name)
        self._stop = threading.Event()
        self._llm: Any = None
        self._loaded: Future[None] = Future()
        self._ended: Future[None] = Future()
        self._failed = False
        self._max_num_seqs = 0
        self._children: list[int] = []
        self._thread = threading.Thread(target=self._live, name="vllm", daemon=True)

    async def load(self) -> Any:
        """The `AsyncLLM`. Raises InputError for what vLLM refuses, RunError for what fails."""
        self._thread.start()
        await asyncio.shield(asyncio.wrap_future(self._loaded))
        return self._llm

    def failure(self, what: str, error: Exception) -> RunError:
        """`what` happened, with the reason that vLLM's processes left, as one line."""
        self._failed = True
        if self._log is None:
            return RunError(f"{what}; the reason stands above")
        log = self._log.read_text(encoding="utf-8", errors="replace")
        reason = explain(
            f"{log}\n{type(error).__name__}: {error}",
            utilization=self._arguments["gpu_memory_utilization"],
            max_num_seqs=self._max_num_seqs,
        )
        if reason is None:
            reason = "a process of it was killed, from outside or by the system for want of memory"
        return RunError(f"{what}: {reason} (log: {self._log})")

    async def close(self) -> None:
        """Ends the processes and waits for that; a load under way ends with our own process."""
        self._stop.set()
        if self._loaded.done():
            await asyncio.shield(asyncio.wrap_future(self._ended))
        if self._log is not None and not self._failed:
            self._log.unlink(missing_ok=True)

    def _live(self) -> None:
        try:
            before = set(multiprocessing.active_children())
            self._llm = self._build()
            started = set(multiprocessing.active_children()) - before
            self._children = [child.pid for child in started if child.pid is not None]
        except BaseException as error:  # carried over to the thread that waits for it
            self._loaded.set_exception(error)
            self._ended.set_result(None)
            return
        self._loaded.set_result(None)
        self._stop.wait()
        try:
            self._shut_down()
        finally:
            self._ended.set_result(None)

    def _shut_down(self) -> None:
        """Ends the engine at once: every answer is out, and asked politely it takes ten seconds.

        Its guard ends the workers with it; the resource tracker removes their shared memory at our
        own end.
        """
        for child in self._children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self._llm.shutdown()
        self._llm = None
        end_groups(self._children, _GRACE_SECONDS)
        # It lies in reference cycles, and its `__del__` fails at the end of the interpreter.
        gc.collect()

    def _build(self) -> Any:
        os.environ.update(_ENVIRONMENT)
        if self._log is not None:
            for name, value in _QUIET.items():
                os.environ.setdefault(name, value)
            # What goes wrong in our process comes to us as an exception; it need not be logged too.
            logging.getLogger("vllm").setLevel(logging.CRITICAL)
        try:
            from vllm.engine.arg_utils import AsyncEngineArgs
            from vllm.usage.usage_lib import UsageContext
            from vllm.v1.engine.async_llm import AsyncLLM
        except ImportError as error:
            raise InputError(
                f"engine=vllm: the installed vLLM can't be imported ({error}); "
                f"run `{add_extra('vllm')}`"
            ) from None
        with contained_children(self._log):
            try:
                # The defaults of vLLM's own batch interface, as `LLM` has them.
                config = AsyncEngineArgs(**self._arguments).create_engine_config(
                    UsageContext.LLM_CLASS
                )
                self._max_num_seqs = config.scheduler_config.max_num_seqs
            except (ValueError, TypeError, NotImplementedError, OSError) as error:
                raise InputError(f"vLLM refuses its arguments: {_first_line(error)}") from None
            try:
                # Not into a variable: what vLLM imports keeps this frame, and so would keep it.
                return AsyncLLM.from_vllm_config(config, disable_log_stats=True)
            except OrcaEvalError:
                raise
            except Exception as error:
                raise self.failure("vLLM did not start", error) from None


def _first_line(error: Exception) -> str:
    """What an error says, without the lines of advice; pydantic's message is its second line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if len(lines) > 1 and "validation error" in lines[0]:
        lines = [line for line in lines[1:] if " " in line] or lines
    return (lines[0] if lines else type(error).__name__)[:_LONGEST_MESSAGE]
