"""Daemon threads for blocking calls, and an engine whose threads hang for good."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from orca_eval.engines.threads import DaemonThreads
from tests.waiting import HANG_SECONDS, until


def test_calls_run_side_by_side_and_errors_come_back() -> None:
    async def both() -> list[int | BaseException]:
        loop, threads = asyncio.get_running_loop(), DaemonThreads(2, "test")
        barrier = threading.Barrier(2, timeout=HANG_SECONDS)
        calls = [loop.run_in_executor(threads, barrier.wait) for _ in range(2)]
        calls.append(loop.run_in_executor(threads, int, "x"))
        results = await asyncio.gather(*calls, return_exceptions=True)
        await threads.end()
        return results

    first, second, error = asyncio.run(both())
    assert {first, second} == {0, 1}
    assert isinstance(error, ValueError)
    until(lambda: not any(t.name.startswith("engine test") for t in threading.enumerate()))


def test_the_end_waits_for_the_call_under_way_and_makes_no_further_one() -> None:
    made = []

    async def end() -> None:
        threads = DaemonThreads(1, "test")
        started = threading.Event()

        def call() -> None:
            started.set()
            time.sleep(0.2)
            made.append("first")

        threads.submit(call)
        threads.submit(made.append, "second")
        await asyncio.to_thread(started.wait)
        await threads.end()

    asyncio.run(end())
    assert made == ["first"]


def test_giving_up_on_the_end_leaves_the_call_alone(
    recwarn: pytest.WarningsRecorder,
) -> None:
    started, release = threading.Event(), threading.Event()

    def call() -> None:
        started.set()
        release.wait(HANG_SECONDS)

    async def give_up() -> None:
        threads = DaemonThreads(1, "test")
        threads.submit(call)
        await asyncio.to_thread(started.wait)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await threads.end()

    asyncio.run(give_up())
    release.set()
    until(lambda: not any(t.name.startswith("engine test") for t in threading.enumerate()))
    assert not recwarn.list  # a thread that dies of an error would warn


HUNG = """
import sys, time
from orca_eval import cli
from orca_eval.engines import llama_cpp
from orca_eval.run import seat

seat.CLOSE_SECONDS = 0.5
llama_cpp._Answer.receive = lambda self, chunk: time.sleep(3600)  # called in the native thread
sys.argv[1:] = ["run", "suite=quickstart", "engine=llama_cpp", "stall_seconds=0.2", *sys.argv[1:]]
cli.console()
"""


def test_a_run_whose_engine_hangs_ends_in_a_line(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    command = [sys.executable, "-c", HUNG, f"results_dir={tmp_path}"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=HANG_SECONDS, check=False
    )

    assert done.returncode == 1, done.stderr
    assert "the engine did not end within 0.5 s and is left behind" in done.stderr
    assert "orca-eval: the engine finished no request in" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
