"""The one continuous batch: requests to the engine as it has room, completions as they finish.

Prompts are tokenized a few batches ahead, on a thread, while others generate; storing happens on a
thread of its own and scoring in a process. So neither waits for the other.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from orca_eval.engines.base import told_to_wait
from orca_eval.errors import RunError
from orca_eval.run.plan import Work, batches, next_of
from orca_eval.types import Completion, Request

ENCODE_BATCH = 256
WATCH_SECONDS = 1.0
STALLS_TO_GIVE_UP = 3
SAID_AGAIN_SECONDS = 1.0

Finished = Callable[[Work, Completion], None]
Generate = Callable[[Request], Awaitable[Completion]]
Requests = Callable[[Sequence[Work]], Sequence[Request]]
Room = Callable[[], Awaitable[None]]
Ready = asyncio.Queue[tuple[Work, Request] | None]


@dataclass(slots=True)
class Watch:
    """Which worker is at which request since when; `ended` are those the watchdog cancelled."""

    limit: float
    say: Callable[[str], None]
    under_way: dict[asyncio.Task[None], tuple[Work, float]] = field(default_factory=dict)
    ended: set[asyncio.Task[None]] = field(default_factory=set)
    last_finish: float = field(default_factory=time.monotonic)
    stalled: int = 0
    in_a_row: int = 0
    said_until: float = 0.0

    def finish(self) -> None:
        self.last_finish = time.monotonic()
        self.in_a_row = 0

    def wait(self, worker: asyncio.Task[None], seconds: float) -> None:
        """Takes note that a server wants a worker's request to wait, which is no hanging."""
        until = time.monotonic() + seconds
        work, since = self.under_way[worker]
        self.under_way[worker] = (work, max(since, until))
        if until > self.said_until + SAID_AGAIN_SECONDS:  # others are told the same
            self.said_until = until
            self.say(f"rate limited, {max(1, math.ceil(seconds))} s")

    async def run(self) -> None:
        """Ends the oldest request when none has finished for `limit` seconds.

        Raises:
            RunError: several in a row; the engine itself hangs.
        """
        while True:
            await asyncio.sleep(min(WATCH_SECONDS, self.limit / 4))
            now = time.monotonic()
            if not self.under_way:
                self.last_finish = now
                continue
            worker = min(self.under_way, key=lambda worker: self.under_way[worker][1])
            work, since = self.under_way[worker]
            if now - max(self.last_finish, since) < self.limit:
                continue
            self.in_a_row += 1
            if self.in_a_row > STALLS_TO_GIVE_UP:
                raise RunError(
                    f"the engine finished no request in {self.in_a_row} × {self.limit:g} s; "
                    "repeat the same command to go on (stall_seconds= sets the patience)"
                )
            doc = work.doc
            self.say(
                f"no request finished for {self.limit:g} s; ending the oldest, "
                f"{doc.benchmark}/{doc.task} doc {doc.doc_id}, without an answer"
            )
            self.last_finish = now
            self.stalled += 1
            self.ended.add(worker)
            worker.cancel()


async def generate_all(
    generate: Generate,
    max_in_flight: int,
    requests_of: Requests,
    works: Iterable[Work],
    finished: Finished,
    room: Room,
    stall_seconds: float,
    say: Callable[[str], None],
) -> Watch:
    """Sends `works` in order, `max_in_flight` at a time; calls `finished` for each, and awaits
    `room` before more are made ready: what has finished may fill the memory on a disk that stalls.

    Raises:
        RunError: the engine died, or hangs.
    """
    watch = Watch(stall_seconds, say)
    ready: Ready = asyncio.Queue(maxsize=2 * ENCODE_BATCH)
    async with asyncio.TaskGroup() as group:
        watchdog = group.create_task(watch.run())
        group.create_task(_encode(requests_of, works, ready, room, max_in_flight))
        workers = [
            group.create_task(_worker(generate, ready, finished, watch))
            for _ in range(max_in_flight)
        ]
        await asyncio.gather(*workers)
        watchdog.cancel()
    return watch


async def _encode(
    requests_of: Requests, works: Iterable[Work], ready: Ready, room: Room, workers: int
) -> None:
    """Requests into `ready`, tokenized batch by batch off the event loop; None ends a worker."""
    parts = batches(works, ENCODE_BATCH)

    def encoded() -> list[tuple[Work, Request]]:
        batch = next_of(parts)
        return list(zip(batch, requests_of(batch), strict=True)) if batch else []

    await room()
    while pairs := await asyncio.to_thread(encoded):
        for pair in pairs:
            await ready.put(pair)
        await room()
    for _ in range(workers):
        await ready.put(None)


async def _worker(generate: Generate, ready: Ready, finished: Finished, watch: Watch) -> None:
    """Keeps one request with the engine at any time."""
    me = asyncio.current_task()
    assert me is not None  # a coroutine always runs in a task; this tells the type checker
    told_to_wait.set(partial(watch.wait, me))  # in this task's own context
    while (pair := await ready.get()) is not None:
        work, request = pair
        watch.under_way[me] = (work, time.monotonic())
        try:
            completion = await generate(request)
            watch.finish()
        except asyncio.CancelledError:
            if me not in watch.ended or me.uncancel() > 0:
                raise
            watch.ended.discard(me)
            completion = Completion("", "timeout", 0, 0)
        finally:
            del watch.under_way[me]
        finished(work, completion)
