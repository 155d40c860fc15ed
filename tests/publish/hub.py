"""A hub on this machine: it takes commits as huggingface_hub sends them, and keeps what it got."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Hub:
    """`files` by repository and path; `tokens` are those that came with any request. While
    `refuses`, it answers 403 and repeats the token in its message."""

    url: str = ""
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    refuses: bool = False


@contextmanager
def hub() -> Iterator[Hub]:
    """A running one."""
    kept = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            token = self.headers.get("Authorization", "")
            kept.tokens.add(token.removeprefix("Bearer "))
            if kept.refuses:
                return self.answer(403, {"error": f"no write access with {token}"})
            parts = self.path.removeprefix("/api/").split("/")
            repo = "/".join(parts[:3])
            if self.path.endswith("/repos/create"):
                name = json.loads(body)
                url = f"{kept.url}/datasets/{name['organization']}/{name['name']}"
                return self.answer(200, {"url": url})
            if "preupload" in parts:
                files = json.loads(body)["files"]
                modes = [
                    {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                    for f in files
                ]
                return self.answer(200, {"files": modes})
            if "commit" in parts:
                for line in map(json.loads, body.splitlines()):
                    if line["key"] == "file":
                        content = base64.b64decode(line["value"]["content"])
                        kept.files.setdefault(repo, {})[line["value"]["path"]] = content
                url = f"{kept.url}/{parts[1]}/{parts[2]}/commit/abc"
                return self.answer(200, {"commitUrl": url, "commitOid": "abc"})
            return self.answer(200, {})

        def do_GET(self) -> None:
            self.answer(404, {"error": "Repository not found"})

        def answer(self, code: int, content: object) -> None:
            data = json.dumps(content).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
