"""What a request to an endpoint costs, by how many are under way.

    python bench/endpoint_concurrency.py [--latency 0.5] [--seconds 8] [IN_FLIGHT ...]

A scripted server in a process of its own answers each request after a fixed time. Printed for each
number of requests in flight: replies a second, their share of what the latency allows, and the
seconds of our own process's CPU for a reply. The last must not grow with the requests in flight.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import time
from multiprocessing.connection import Connection

from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.openai import OpenAIEngine
from orca_eval.types import Message, Request, Sampling

BODY = (
    b'{"choices":[{"message":{"content":"Step by step. ###Final answer: {A}"},'
    b'"finish_reason":"stop"}],"usage":{"prompt_tokens":260,"completion_tokens":50}}'
)
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(BODY),
    BODY,
)
PROMPT = "word " * 200


class Scripted(asyncio.Protocol):
    """Answers each request of a connection after `latency` seconds."""

    latency = 0.5

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.got = transport, b""

    def data_received(self, data: bytes) -> None:
        """Counts the request's bytes; whole, it is answered later."""
        self.got += data
        head, _, body = self.got.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        if b"\r\n\r\n" in self.got and len(body) >= length:
            self.got = b""
            asyncio.get_running_loop().call_later(self.latency, self.answer)

    def answer(self) -> None:
        """Sends the reply, if the client is still there."""
        if not self.transport.is_closing():
            self.transport.write(REPLY)


def serve(latency: float, ports: Connection) -> None:
    """Runs the server until it is killed."""

    async def run() -> None:
        Scripted.latency = latency
        server = await asyncio.get_running_loop().create_server(
            Scripted, "127.0.0.1", 0, backlog=4096
        )
        ports.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


async def measure(url: str, in_flight: int, seconds: float) -> tuple[float, float]:
    """Replies a second, and seconds of CPU for a reply."""
    engine = OpenAIEngine(
        ModelConfig("m", "m"), EngineConfig("openai", url, None, {"max_in_flight": in_flight}), 64
    )
    request = Request("k", (Message(role="user", content=PROMPT),), Sampling())
    await engine.start()
    end, replies = time.monotonic() + seconds, 0

    async def worker() -> None:
        nonlocal replies
        while time.monotonic() < end:
            await engine.generate(request)
            replies += 1

    start, before = time.monotonic(), _cpu()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    wall, cpu = time.monotonic() - start, _cpu() - before
    await engine.close()
    return replies / wall, cpu / replies


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measures each number in flight and prints a row for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("in_flight", nargs="*", type=int, default=[16, 64, 256, 1024])
    parser.add_argument("--latency", type=float, default=0.5)
    parser.add_argument("--seconds", type=float, default=8.0)
    args = parser.parse_args()
    receiver, sender = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.Process(target=serve, args=(args.latency, sender), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{receiver.recv()}/v1"
    print("in flight | replies/s | of n / latency | ms of CPU a reply")
    for number in args.in_flight:
        rate, cpu = asyncio.run(measure(url, number, args.seconds))
        print(f"{number:9} | {rate:9.0f} | {rate * args.latency / number:14.2f} | {1000 * cpu:.2f}")
    server.kill()


if __name__ == "__main__":
    main()
