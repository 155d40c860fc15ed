"""Bodies that are broken, endless or bombs, and proxies: each ends in a line."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zlib
from typing import Any

import pytest
from fault_server import Reply, answer, serve
from test_openai import ask, engine, generate, short_waits

from orca_eval.engines import http_client, openai as openai_module
from orca_eval.errors import InputError, RunError

__all__ = ["short_waits"]  # the fixture serves these tests too

GOOD = json.dumps(answer("4")).encode()


def coded(body: bytes, coding: str, **headers: str) -> Reply:
    return Reply(body=body, headers={"Content-Encoding": coding, **headers})


@pytest.mark.parametrize(
    "reply",
    [
        coded(b"not gzip at all", "gzip"),
        coded(gzip.compress(GOOD)[:-12], "gzip"),
        coded(gzip.compress(GOOD)[:20] + b"\xff" * 30, "gzip"),
        coded(zlib.compress(GOOD)[:10], "deflate"),
        coded(b"\x00\x01", "br"),
        coded(b"\x00\x01", "zstd"),
        Reply(body=GOOD, headers={"Content-Length": str(len(GOOD) + 50)}, close=False),
        Reply(body=b"\xff\xfe" + GOOD),
        Reply(body=b"[" * 100_000),
        Reply(body=b'{"choices": ' + b"9" * 5000 + b"}"),
    ],
)
def test_a_broken_body_is_tried_again_and_then_a_line(reply: Reply) -> None:
    with serve(reply) as script:
        tested = engine(script, timeout=2)
        assert generate(tested, ask())[0].text == "4"
    with serve(*[reply] * 2) as script, pytest.raises(RunError, match="after 2 tries") as error:
        generate(engine(script, timeout=1, max_retries=1), ask())
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            b"<html>\n<title>Welcome!</title>" + b"x" * 5000,
            "not JSON: <html> <title>Welcome!</title>x",
        ),
        (b'data: {"choices": []}', 'not JSON: data: {"choices": \\[\\]}'),
        (b"\x1b[31mred", "not JSON: "),
        (b"\x00\xff\xfe", r"not JSON$"),
        (b"", "HTTP 200 with an empty body"),
    ],
)
def test_a_body_that_is_no_json_shows_how_it_begins(body: bytes, says: str) -> None:
    with serve(Reply(body=body)) as script, pytest.raises(RunError, match=says) as error:
        generate(engine(script, max_retries=0), ask())
    assert len(str(error.value)) < 200
    assert "\x1b" not in str(error.value)


def test_a_broken_head_names_no_address_and_no_status_that_was_not_sent() -> None:
    reply = Reply(body={}, headers={"Content-Length": "-5"})
    with serve(reply) as script, pytest.raises(RunError, match="Content-Length") as error:
        generate(engine(script, max_retries=0, query={"sig": "abc"}), ask())
    assert "sig" not in str(error.value)
    assert "400" not in str(error.value)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_body_without_end_is_one_line(monkeypatch: pytest.MonkeyPatch, compressed: bool) -> None:
    monkeypatch.setattr(http_client, "MOST_BYTES", 1 << 20)
    body = json.dumps(answer("x" * (3 << 20))).encode()
    reply = coded(gzip.compress(body), "gzip") if compressed else Reply(body=body)
    with serve(reply) as script, pytest.raises(RunError, match="a body of over 1,048,576 bytes"):
        generate(engine(script), ask())
    assert len(script.bodies) == 1


@pytest.mark.parametrize(
    "environment",
    [
        {"HTTP_PROXY": "http://127.0.0.1:9"},
        {"ALL_PROXY": "socks5://127.0.0.1:9"},
        {"SSL_CERT_FILE": "/missing"},
        {"SSL_CERT_DIR": "/missing", "HTTPS_PROXY": "http://127.0.0.1:9"},
        {"http_proxy": "socks5h://127.0.0.1:9"},
    ],
)
def test_a_server_on_this_machine_needs_no_proxy(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with serve() as script:
        tested = engine(script)
        tested.check()
        assert generate(tested, ask())[0].text == "4"


@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        ("socks5://127.0.0.1:9", "socks5"),
        ("socks4a://127.0.0.1:9", "socks4a"),
        ("ftp://127.0.0.1:9", "ftp"),
        ("http://", "not supported"),
        ("http://[::1", "not supported"),
        ("http://127.0.0.1:9", "connection refused"),
        ("http://u:canary@127.0.0.1:9", r"environment's proxy http://127.0.0.1:9; NO_PROXY="),
    ],
)
def test_a_proxy_that_can_not_be_used_is_one_line(
    monkeypatch: pytest.MonkeyPatch, proxy: str, says: str
) -> None:
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", proxy)
    with serve() as script:
        script.url = "http://models.invalid/v1"
        tested: Any = engine(script)
        with pytest.raises(InputError, match=says) as error:
            tested.check()
    assert "\n" not in str(error.value)
    assert "canary" not in str(error.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "localhost", "a.localhost", "127.8.9.1", "[::1]"])
def test_this_machine_has_many_names(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:9")
    assert http_client._proxy(f"http://{host}:1/v1") is None


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_are_missing_are_a_line(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "/missing/ca.pem")
    with serve() as script:
        script.url = "https://models.invalid/v1"
        with pytest.raises(InputError, match=f"{name}=/missing/ca.pem in the environment"):
            engine(script).check()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "to"),
    [
        ("https://other.example/v1/chat/completions", "https://other.example/v1"),
        ("/api/v2/chat/completions", "/api/v2"),
        ("//u:canary@h.example/v1/chat/completions/", "http://h.example/v1"),
        ("https://h.example/login", "https://h.example/login"),
    ],
)
def test_a_redirection_says_where_to(status: int, location: str, to: str) -> None:
    moved = Reply(status, b"", {"Location": location})
    with serve(moved) as script, pytest.raises(RunError, match=r"set engine\.base_url=") as error:
        generate(engine(script), ask())
    assert str(error.value).endswith(to)
    assert len(script.bodies) == 1
    with serve() as script:
        script.models = Reply(status, b"", {"Location": "https://h.example/v1/models"})
        with pytest.raises(InputError, match=r"set engine\.base_url=https://h\.example/v1$"):
            engine(script).check()


@pytest.mark.parametrize("level", [1, 9])
def test_a_bomb_is_a_line_at_once(level: int) -> None:
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    zeros = b"0" * (1 << 20)
    bomb = b"".join(packer.compress(zeros) for _ in range(300)) + packer.flush()
    with serve(coded(bomb, "gzip")) as script, pytest.raises(RunError, match="a body of over"):
        generate(engine(script), ask())
    assert len(script.bodies) == 1


@pytest.mark.parametrize("part", [b" ", b"\n", b'{"choices": [', b": keep-alive\n\n"])
def test_a_body_that_drips_for_ever_ends_at_the_time_limit(part: bytes) -> None:
    with serve(*[Reply(body=part, drips=True)] * 4) as script:
        with pytest.raises(RunError, match=r"no whole answer within 0.3 s \(after 3 tries\)"):
            generate(engine(script, timeout=0.3), ask())
        assert len(script.bodies) == 3


def test_a_list_of_models_that_drips_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_module, "CONNECT_SECONDS", 0.3)
    with serve() as script:
        script.models = Reply(body=b" ", drips=True)
        with pytest.raises(InputError, match=r"no whole answer within 0\.3 s"):
            engine(script).check()


def test_a_key_log_that_cannot_be_written_is_a_line() -> None:
    command = [sys.executable, "-c", "import orca_eval.engines.http_client"]
    environment = {**os.environ, "SSLKEYLOGFILE": "/missing/x"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    said = "SSLKEYLOGFILE=/missing/x in the environment can't be written: No such file or directory"
    assert done.stderr.splitlines()[-1] == f"orca_eval.errors.InputError: {said}"
