"""Several runs at once on one results folder of a network file system, killed at random.

    python -m bench.many_writers [--runs 4] [--kills 25] [--seed 0] [--stand-in] [KEY=VALUE …]

Each run asks a model of its own at one endpoint, which notes when it had given which answer to
whom. A run that is killed with `kill -9` starts again at once, on a host drawn at random. At the
end the scores must equal those of undisturbed runs, and nothing that was answered more than 200 ms
before its run's death may have been asked again (exit code 1).

The file system is sshfs over its server's own pipe: each host has a mount, so caches and locks of
its own, as over a network (needs root or fusermount3, sshfs and OpenSSH's sftp-server). Where that
can't be mounted, and with `--stand-in`, the folder is on the local disk and `flock` fails there.
"""

from __future__ import annotations

import argparse
import errno
import fcntl
import hashlib
import itertools
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd

DURABLE_SECONDS = 0.2
ANSWER_SECONDS = 0.3
UNDER_WAY = 4
"""Requests of a run."""
SHARE_BEFORE_LAST_KILL = 0.8
"""Of the answers: kills are spread at random over the time in which so many are given."""
SFTP_SERVERS = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server")
STAND_IN = "--without-flock"


@dataclass
class Endpoint:
    """Answers by the prompt. `given`: when each request came and when it had been answered, by the
    model and what it asked."""

    url: str = ""
    given: dict[tuple[str, str], list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, model: str, asked: str, came: float) -> None:
        """Its answer has been sent."""
        with self.lock:
            self.given[model, asked].append((came, time.monotonic()))

    def wait_for(self, enough: int, runs: Runs) -> None:
        """Until so many answers were given, or no run is left that asks."""
        while self.count() < enough and runs.alive():
            time.sleep(0.01)

    def count(self) -> int:
        """How many answers were given."""
        with self.lock:
            return sum(map(len, self.given.values()))


class Server(ThreadingHTTPServer):
    """Lets many connect at once, and says nothing of runs that were killed."""

    request_queue_size = 256

    def handle_error(self, *_: object) -> None:
        """A client that went away."""


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """A server of chat completions on loopback."""
    told = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            names = [{"id": f"model-{number}", "max_model_len": 100_000} for number in range(64)]
            self._send({"data": names})

        def do_POST(self) -> None:
            came = time.monotonic()
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model = body.pop("model")
            asked = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
            time.sleep(ANSWER_SECONDS)
            letter = "ABCD"[int(hashlib.sha256(f"{model} {asked}".encode()).hexdigest(), 16) % 4]
            words = sum(len(message["content"].split()) for message in body["messages"])
            message = {"content": f"###Final answer: ({letter})"}
            self._send(
                {
                    "choices": [{"message": message, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 2 * words, "completion_tokens": 5},
                }
            )
            told.note(model, asked, came)

        def _send(self, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told.url = f"http://127.0.0.1:{server.server_port}/v1"
        yield told
        server.shutdown()


def sftp_server() -> str | None:
    """Where OpenSSH's is, None where sshfs can't be mounted."""
    found = next((path for path in SFTP_SERVERS if Path(path).exists()), None)
    return found if shutil.which("sshfs") and Path("/dev/fuse").exists() else None


@contextmanager
def mounted(folder: Path, hosts: int) -> Iterator[list[Path]]:
    """The folder as so many hosts see it over sshfs; itself alone where that can't be mounted."""
    server = sftp_server()
    seen: list[Path] = []
    with tempfile.TemporaryDirectory(prefix="orca_eval_mounts_") as name, ExitStack() as stack:
        for number in range(hosts if server else 0):
            point = Path(name) / str(number)
            point.mkdir()
            shell = Path(name) / "ssh"
            shell.write_text(f"#!/bin/sh\nexec {server}\n")
            shell.chmod(0o700)
            call = ["sshfs", "-o", f"ssh_command={shell}", f"host:{folder}", str(point)]
            if subprocess.run(call, capture_output=True, check=False).returncode:
                break
            unmount = "umount" if os.geteuid() == 0 else "fusermount3 -u"
            stack.callback(subprocess.run, [*unmount.split(), str(point)], check=False)
            seen.append(point)
        yield seen or [folder]


def without_flock() -> None:
    """In this process no file system has a working flock."""

    def fails(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    fcntl.flock = fails


@dataclass
class Runs:
    """So many runs of one command, a model each, on hosts drawn at random."""

    url: str
    hosts: list[Path]
    stand_in: bool
    overrides: list[str]
    draw: random.Random
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    deaths: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def start(self, model: str) -> None:
        """On some host."""
        asked = (
            *("engine=openai", f"engine.base_url={self.url}"),
            *(f"model.path={model}", f"engine.max_in_flight={UNDER_WAY}", "report.samples=false"),
            f"results_dir={self.draw.choice(self.hosts) / 'results'}",
        )
        child = [sys.executable, "-m", "bench.many_writers", STAND_IN]
        command = child if self.stand_in else [sys.executable, "-m", "orca_eval"]
        self.running[model] = subprocess.Popen(
            [*command, "run", *asked, *self.overrides],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def alive(self) -> list[str]:
        """Those that have not ended."""
        return [model for model, process in self.running.items() if process.poll() is None]

    def kill(self) -> bool:
        """Kills one that is at work and starts it again; False where all have ended."""
        alive = self.alive()
        if not alive:
            return False
        model = self.draw.choice(alive)
        process = self.running[model]
        os.killpg(process.pid, signal.SIGKILL)
        self.deaths[model].append(time.monotonic())
        process.communicate()
        self.start(model)
        return True

    def end(self) -> None:
        """Waits for all of them.

        Raises:
            SystemExit: one failed.
        """
        for process in self.running.values():
            _, said = process.communicate()
            if process.returncode:
                sys.exit(said.decode())


def scores(results: Path) -> pd.DataFrame:
    """Of every run, in one order."""
    columns = ["benchmark", "task", "doc_id", "answer", "score"]
    paths = sorted(results.glob("model-*/*/samples.parquet"))
    frames = [pd.read_parquet(path, columns=columns) for path in paths]
    return pd.concat(frames, keys=[path.parent.parent.name for path in paths])


def ages(
    given: dict[tuple[str, str], list[tuple[float, float]]], deaths: dict[str, list[float]]
) -> list[float]:
    """Of each answer that was asked for again, how old it was when the run died that had asked for
    it; infinite where none had died."""
    found = []
    for (model, _), times in given.items():
        for (came, answered), (again, _) in itertools.pairwise(sorted(times)):
            died = [death for death in deaths[model] if came < death < again]
            found.append(min(died, default=math.inf) - answered)
    return found


def main() -> None:
    """Prints what the kills cost."""
    if sys.argv[1:2] == [STAND_IN]:
        from orca_eval.cli import main as orca_eval

        without_flock()
        sys.exit(orca_eval(sys.argv[2:]))
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stand-in", action="store_true")
    args, overrides = parser.parse_known_args()
    if not any(override.startswith("suite=") for override in overrides):
        overrides.append("suite=quickstart")
    draw = random.Random(args.seed)
    models = [f"model-{number}" for number in range(args.runs)]
    with tempfile.TemporaryDirectory() as name, endpoint() as calm, endpoint() as told:
        base = Path(name)
        (base / "calm").mkdir()
        (base / "shared").mkdir()
        undisturbed = Runs(calm.url, [base / "calm"], args.stand_in, overrides, draw)
        for model in models:
            undisturbed.start(model)
        undisturbed.end()
        print(f"undisturbed: {len(calm.given)} answers", flush=True)
        with mounted(base / "shared", 0 if args.stand_in else args.runs) as hosts:
            stand_in = hosts == [base / "shared"]
            print("a stand-in without flock" if stand_in else f"sshfs, {len(hosts)} mounts")
            runs = Runs(told.url, hosts, stand_in, overrides, draw)
            for model in models:
                runs.start(model)
            last = round(SHARE_BEFORE_LAST_KILL * len(calm.given))
            kills = 0
            for answers in sorted(draw.randint(0, last) for _ in range(args.kills)):
                told.wait_for(answers, runs)
                kills += runs.kill()
            runs.end()
        store = sorted((base / "shared" / "results" / ".store").iterdir())
        files = sum(path.name.startswith("writer-") for path in store)
        merged = sum(path.name.startswith("merged-") for path in store)
        equal = scores(base / "calm" / "results").equals(scores(base / "shared" / "results"))
    again = ages(told.given, runs.deaths)
    late = sum(age > DURABLE_SECONDS for age in again)
    print(f"{kills} kills; {files} writers' files and {merged} merged ones at the end")
    print(f"{len(told.given)} requests, {len(again)} asked again, {late} of them > 200 ms old")
    print(f"the oldest of them was {1000 * max(again, default=0.0):.0f} ms old at its run's death")
    print(f"scores equal to the undisturbed runs': {equal}")
    sys.exit(0 if equal and not late and kills == args.kills else 1)


if __name__ == "__main__":
    main()
