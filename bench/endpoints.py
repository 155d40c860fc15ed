"""What several endpoints are worth as one engine, and what is left when one of them dies.

    python -m bench.endpoints [--slots 16] [--latency 0.25] [--requests 1200]

Scripted servers in processes of their own answer so many requests at once, each after a fixed time,
and let the others wait, as a model's server does. Printed: replies a second of one server and of
two, their ratio, and what became of the requests where one of two is killed at half.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import multiprocessing
import time
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import ClassVar

from bench.endpoint_concurrency import PROMPT, Scripted
from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.openai import OpenAIEngine
from orca_eval.types import Message, Request, Sampling


class Bounded(Scripted):
    """Answers so many requests at once; the others wait for their turn."""

    free = 16
    waiting: ClassVar[collections.deque[Bounded]] = collections.deque()

    def data_received(self, data: bytes) -> None:
        """Takes the request up where there is room."""
        self.got += data
        head, _, body = self.got.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        if b"\r\n\r\n" in self.got and len(body) >= length:
            self.got = b""
            Bounded.waiting.append(self)
            self.next()

    def next(self) -> None:
        """Begins what waits, as far as there is room."""
        while Bounded.free and Bounded.waiting:
            Bounded.free -= 1
            begun = Bounded.waiting.popleft()
            asyncio.get_running_loop().call_later(self.latency, begun.answer)

    def answer(self) -> None:
        """Sends the reply, and makes room."""
        super().answer()
        Bounded.free += 1
        self.next()


def serve(slots: int, latency: float, ports: Connection) -> None:
    """Runs a server until it is killed."""

    async def run() -> None:
        Scripted.latency, Bounded.free = latency, slots
        server = await asyncio.get_running_loop().create_server(
            Bounded, "127.0.0.1", 0, backlog=4096
        )
        ports.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def started(slots: int, latency: float) -> tuple[BaseProcess, str]:
    """A server's process and its address."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=serve, args=(slots, latency, sender), daemon=True)
    process.start()
    return process, f"http://127.0.0.1:{receiver.recv()}/v1"


async def ask(
    urls: list[str], slots: int, requests: int, killed: BaseProcess | None = None
) -> tuple[int, float, OpenAIEngine]:
    """How many of the requests were answered, in how many seconds; `killed` ends at half."""
    args = {"max_in_flight": 2 * slots}
    engine = OpenAIEngine(
        ModelConfig("m", "m"), EngineConfig("openai", urls[0], None, args, tuple(urls[1:])), 64
    )
    request = Request("k", (Message(role="user", content=PROMPT),), Sampling())
    await engine.start()
    left, answered, start = iter(range(requests)), 0, time.monotonic()

    async def worker() -> None:
        nonlocal answered
        for _ in left:
            await engine.generate(request)
            answered += 1
            if killed is not None and answered == requests // 2:
                killed.kill()

    await asyncio.gather(*(worker() for _ in range(engine.max_in_flight)))
    seconds = time.monotonic() - start
    await engine.close()
    return answered, seconds, engine


def main() -> None:
    """Measures one server, two, and two of which one dies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=int, default=16)
    parser.add_argument("--latency", type=float, default=0.25)
    parser.add_argument("--requests", type=int, default=1200)
    args = parser.parse_args()
    servers = [started(args.slots, args.latency) for _ in range(2)]
    urls = [url for _, url in servers]
    rates = []
    for number in (1, 2):
        answered, seconds, _ = asyncio.run(ask(urls[:number], args.slots, args.requests))
        rates.append(answered / seconds)
        print(f"{number} endpoints: {rates[-1]:.1f} replies/s")
    print(f"two are worth {rates[1] / rates[0]:.2f} of one")
    answered, seconds, engine = asyncio.run(ask(urls, args.slots, args.requests, servers[1][0]))
    print(f"one of two killed at half: {answered} of {args.requests} answered, {seconds:.1f} s")
    for note in engine.notes:
        print(f"  {note}")
    servers[0][0].kill()


if __name__ == "__main__":
    main()
