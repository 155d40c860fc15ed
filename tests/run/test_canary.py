"""An API key reaches the server, and nothing else: not the run folder, the store, or the log."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from orca_eval.cli import main

CANARY = "sk-canary-0815-do-not-print"


class Echo(BaseHTTPRequestHandler):
    """An endpoint that repeats the key in its answers, as a careless proxy might."""

    keys: list[str]

    def do_GET(self) -> None:
        self._send({"data": [{"id": "m"}]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Authorization"]
        Echo.keys.append(key)
        message = {"role": "assistant", "content": f"You sent {key}. The answer is A."}
        usage = {"prompt_tokens": 500, "completion_tokens": 7}
        choice = {"message": message, "finish_reason": "stop", "index": 0}
        self._send({"choices": [choice], "usage": usage})

    def _send(self, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    Echo.keys = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_key_is_seen_by_the_server_alone(
    address: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CANARY_KEY", CANARY)
    overrides = ["engine=openai", f"engine.base_url={address}", "engine.api_key_env=CANARY_KEY"]
    overrides += ["model.path=m", "suite.benchmarks=[crass]", "suite.quickstart=true"]
    assert main(["run", *overrides, f"results_dir={tmp_path}"]) == 0
    assert Echo.keys
    assert set(Echo.keys) == {f"Bearer {CANARY}"}
    printed = capfd.readouterr()
    assert CANARY not in printed.out + printed.err
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name.startswith("responses.sqlite") for path in files)
    for path in files:
        assert CANARY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    "override", [f"engine.api_key={CANARY}", f"engine.base_url=http://user:{CANARY}@localhost/v1"]
)
def test_a_key_on_the_command_line_is_refused_and_not_repeated(
    override: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "engine=openai", override, f"results_dir={tmp_path}"]) == 3
    printed = capfd.readouterr()
    assert CANARY not in printed.out + printed.err
    assert "api_key" in printed.err or "password" in printed.err
