"""A chat-completions server on loopback that answers as it is told: faults first, then properly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One answer. `close` drops the connection without one, `close_after` behind it; `seconds` is
    waited first; one that `drips` sends its body again and again, and has no end."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    close: bool = False
    seconds: float = 0.0
    drips: bool = False
    close_after: bool = False


@dataclass
class Script:
    """Replies in order (those of `otherwise` when they run out), and what was asked, if `keep`."""

    replies: list[Reply] = field(default_factory=list)
    models: Reply = Reply(body={"data": [{"id": "tiny", "max_model_len": 512}]})
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[Any] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    url: str = ""
    keep: bool = True
    otherwise: Callable[[dict[str, Any]], Reply] = lambda _: Reply(body=answer())


def answer(text: str | None = "4", finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    return {
        "choices": [{"message": {"content": text, **message}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
    }


class Server(ThreadingHTTPServer):
    """Lets many connect at once: with the default of 5 the others wait for seconds."""

    request_queue_size = 256

    def handle_error(self, *_: object) -> None:
        """Says nothing of clients that went away."""


@contextmanager
def serve(*replies: Reply) -> Iterator[Script]:
    script = Script(list(replies))
    lock, closing = threading.Lock(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._note()
            self._send(script.models)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                if script.keep:
                    script.bodies.append(body)
                reply = script.replies.pop(0) if script.replies else script.otherwise(body)
            self._note()
            closing.wait(reply.seconds)
            self._send(reply)

        def _note(self) -> None:
            with lock:
                if not script.keep:
                    return
                script.paths.append(self.path)
                script.headers.append(self.headers)
                script.keys.append(self.headers.get("Authorization"))
                script.times.append(time.perf_counter())

        def _send(self, reply: Reply) -> None:
            self.close_connection = self.close_connection or reply.close
            if reply.close:
                return
            raw = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            try:
                if reply.drips:
                    self._drip(raw)
                    return
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(raw)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)
                self.close_connection = self.close_connection or reply.close_after
            except OSError:  # the client has given up waiting, as some tests mean it to
                self.close_connection = True

        def _drip(self, part: bytes) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while not closing.wait(0.02):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))

        def log_message(self, *args: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
