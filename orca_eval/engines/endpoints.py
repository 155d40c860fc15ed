"""Several servers of one model as one: the least busy is asked first, and one that fails is left
out, tried again later with a single request, and named."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from orca_eval.engines.http_client import HttpClient
from orca_eval.engines.refusal import Rejected
from orca_eval.safe_text import github_line

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 120.0
FAULTS_TO_LEAVE_OUT = 3
"""So many in a row: one fault may be the request's own, and would be any server's."""

logger = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Endpoint:
    """One server.

    `faults`: requests in a row that it did not answer. `pauses`: how often it was left out since it
    last answered. `again_at`: when it is tried again, by the monotonic clock. `why`: the last fault
    for which it was.
    """

    url: str
    client: HttpClient | None = None
    under_way: int = 0
    answered: int = 0
    faults: int = 0
    pauses: int = 0
    again_at: float = 0.0
    why: str = ""

    @property
    def is_out(self) -> bool:
        """Whether it failed and has not answered since."""
        return self.pauses > 0


class Endpoints:
    """All servers of a model, of which each takes at most `room` requests at once."""

    def __init__(self, urls: Sequence[str], room: int) -> None:
        self.all = [Endpoint(url) for url in urls]
        self._room = room
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Endpoint]:
        """The server for one request, as soon as one has room."""
        while (endpoint := self._next()) is None:
            await self._freed.wait()
        endpoint.under_way += 1
        try:
            yield endpoint
        finally:
            endpoint.under_way -= 1
            self._freed.set()
            self._freed = asyncio.Event()

    def _next(self) -> Endpoint | None:
        """The least busy; None where all are full. One that is out gets a single request when its
        pause is over, and any where no other is left: then the requests' own waits are the pause.
        """
        now = time.monotonic()
        due = [e for e in self.all if e.is_out and not e.under_way and e.again_at <= now]
        able = [e for e in self.all if not e.is_out] or self.all
        free = due or [e for e in able if e.under_way < self._room]
        return min(free, key=lambda e: e.under_way, default=None)

    def heard(self, endpoint: Endpoint) -> None:
        """Takes note of an answer."""
        if endpoint.is_out:
            logger.info("%s answers again", endpoint.url)
        endpoint.answered += 1
        endpoint.faults = endpoint.pauses = 0

    def failed(self, endpoint: Endpoint, fault: Rejected) -> bool:
        """Takes note of a fault; True where the server is left out and another can be asked."""
        endpoint.faults += 1
        at_once = fault.whose == "run" or fault.limited or endpoint.is_out
        if len(self.all) == 1 or not (at_once or endpoint.faults >= FAULTS_TO_LEAVE_OUT):
            return False
        self.leave_out(endpoint, fault.message, fault.wait_seconds)
        return any(not other.is_out for other in self.all)

    def leave_out(self, endpoint: Endpoint, why: str, seconds: float | None = None) -> None:
        """Asks it nothing for so long; for twice as long each time, where no length is given."""
        now, first = time.monotonic(), not endpoint.is_out
        if not first and endpoint.again_at > now:
            return  # another request that was under way when it failed
        endpoint.pauses += 1
        doubled = min(FIRST_PAUSE_SECONDS * 2.0 ** (endpoint.pauses - 1), LONGEST_PAUSE_SECONDS)
        endpoint.again_at, endpoint.why = now + (seconds or doubled), why
        if first:
            line = f"{endpoint.url} is left out for now ({why}); its requests go to the others"
            logger.info("%s", github_line(line))

    def notes(self) -> list[str]:
        """How many answers each gave, and which failed."""
        if len(self.all) == 1:
            return []
        shares = ", ".join(f"{e.url} ({e.answered})" for e in self.all)
        faults = [
            f"the endpoint {e.url} failed meanwhile ({e.why}): others took its requests"
            for e in self.all
            if e.why
        ]
        return [f"answers of {len(self.all)} endpoints: {shares}", *faults]
