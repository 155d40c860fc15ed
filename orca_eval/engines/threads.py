"""Threads for calls that block, which end with the process: one that hangs in native code can
neither be ended nor waited for, and `ThreadPoolExecutor` waits for all of its own at exit."""

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar, cast

from orca_eval import interrupts
from orca_eval.command import ENGINE_THREAD

T = TypeVar("T")
P = ParamSpec("P")


def run_to_end(
    main: Coroutine[Any, Any, T], state: Callable[[], str] = interrupts.nothing_kept
) -> T:
    """Runs a coroutine as `asyncio.run` does, inside a running event loop (a notebook's) too.

    Ctrl-C cancels it; a command says `state` then. Inside a running loop it gets a thread of its
    own, since only the main thread hears Ctrl-C.
    """
    task: Future[asyncio.Task[T]] = Future()

    async def known() -> T:
        task.set_result(cast("asyncio.Task[T]", asyncio.current_task()))
        return await main

    def cancel() -> None:
        with suppress(RuntimeError):  # it has just ended
            task.result().get_loop().call_soon_threadsafe(task.result().cancel)

    def stop() -> None:
        if not task.done():
            raise KeyboardInterrupt
        cancel()

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        with interrupts.stopped_by(stop, state):
            return asyncio.run(known())
    with ThreadPoolExecutor(1) as thread:
        ended = thread.submit(asyncio.run, known())
        try:
            return ended.result()
        except KeyboardInterrupt:
            cancel()
            raise


class DaemonThreads(Executor):
    """`count` threads that take calls in turn, for `loop.run_in_executor`."""

    def __init__(self, count: int, name: str) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._ended: list[Future[None]] = []
        for number in range(count):
            ended: Future[None] = Future()
            self._ended.append(ended)
            threading.Thread(
                target=self._work,
                args=(ended,),
                name=f"{ENGINE_THREAD} {name} {number}",
                daemon=True,
            ).start()

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def call() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(function(*args, **kwargs))
                except BaseException as error:  # carried over to whoever waits for it
                    future.set_exception(error)

        self._calls.put(call)
        return future

    async def end(self) -> None:
        """Waits until the calls under way are done; those that wait are not made any more."""
        with suppress(queue.Empty):
            while True:  # a thread may take the last one between a look and a get
                self._calls.get_nowait()
        for _ in self._ended:
            self._calls.put(None)
        await asyncio.gather(*map(asyncio.wrap_future, self._ended))

    def _work(self, ended: Future[None]) -> None:
        ended.set_running_or_notify_cancel()  # so that giving up on it does not cancel it
        while (call := self._calls.get()) is not None:
            call()
            del call  # it holds its result, while the thread waits for the next
        ended.set_result(None)
