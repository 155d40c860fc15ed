"""Ctrl-C: answered and obeyed whatever the main thread is at, and twice at once."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orca_eval.cli import main
from tests.waiting import HANG_SECONDS

STUCK = """
import ctypes, os, pathlib, signal, sys, threading, time
from orca_eval import cli, interrupts

def stuck(*_):
    '''Native code that no signal interrupts, and that lets other threads run.'''
    lock = ctypes.create_string_buffer(256)
    take = ctypes.CDLL(None).pthread_mutex_lock
    take(lock)
    threading.Timer(0.2, print, ["stuck"], {"file": sys.stderr, "flush": True}).start()
    take(lock)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a test in the background is deaf to it
cli._run = stuck
{changes}
cli.console()
"""
NEVER = "interrupts.GRACE_SECONDS = 1e6"


def start(changes: str, *arguments: str) -> subprocess.Popen[str]:
    """A command that hangs in native code."""
    call = [sys.executable, "-c", STUCK.replace("{changes}", changes), "run", *arguments]
    process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    heard(process, "stuck")
    return process


def heard(process: subprocess.Popen[str], line_with: str) -> None:
    """Reads on to a line; more may be read with it, and is not to be had any more."""
    assert process.stderr is not None
    for line in process.stderr:
        if line_with in line:
            return
    pytest.fail(f"it ended without {line_with!r}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_native_code_does_not_keep_a_command_from_ending(number: signal.Signals) -> None:
    with start("") as process:
        process.send_signal(number)
        out, error = process.communicate(timeout=HANG_SECONDS)
    assert (process.returncode, out) == (130, "")
    assert sorted(error.splitlines()) == [
        "orca-eval: interrupted; what is finished is kept: the same command goes on from here",
        "orca-eval: stopping; Ctrl-C again ends at once",
    ]


def test_a_second_one_ends_at_once() -> None:
    with start(f"{NEVER}; interrupts.ONE_PRESS_SECONDS = 0") as process:
        process.send_signal(signal.SIGINT)
        heard(process, "stopping")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130


def test_a_press_that_arrives_twice_is_one(tmp_path: Path) -> None:
    """As where a program around the command passes on what the terminal sent to both."""
    waiting = f"""
def wait(*_):
    try:
        print("stuck", file=sys.stderr, flush=True)
        while True:
            time.sleep(0.01)
    finally:
        print("in order", file=sys.stderr, flush=True)
        time.sleep(0.1)
cli._run = wait
interrupts.ONE_PRESS_SECONDS = 1e6
{NEVER}
"""
    with start(waiting) as process:
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        heard(process, "in order")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130


def test_what_is_finished_is_waited_for(tmp_path: Path) -> None:
    changes = f"""
done = pathlib.Path({str(tmp_path / "done")!r})
def write():
    while not pathlib.Path({str(tmp_path / "go")!r}).exists():
        time.sleep(0.01)
    time.sleep(0.3)
    done.touch()
threading.Thread(target=write, daemon=True).start()
interrupts.unwritten.append(lambda: not done.exists())
interrupts.GRACE_SECONDS, interrupts.PATIENCE_SECONDS = 0.01, 1e6
"""
    with start(changes) as process:
        process.send_signal(signal.SIGINT)
        heard(process, "stopping")
        (tmp_path / "go").touch()
        process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130
    assert (tmp_path / "done").exists()


def test_a_program_is_told_however_it_ends() -> None:
    with start("", "--json") as process:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=HANG_SECONDS)
    assert json.loads(out)["exit_code"] == process.returncode == 130


def test_native_code_that_lets_no_thread_run_is_ended_by_the_signal_itself() -> None:
    changes = """
def loading(*_):
    with interrupts.deadly():
        print("stuck", file=sys.stderr, flush=True)
        while True:
            ctypes.PyDLL(None).sleep(1000)  # keeps the lock
cli._run = loading
"""
    with start(changes) as process:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == -signal.SIGINT


def test_a_job_in_the_background_stays_deaf_to_ctrl_c() -> None:
    with start("signal.signal(signal.SIGINT, signal.SIG_IGN)") as process:
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=HANG_SECONDS)
    ignored = int(re.findall(r"SigIgn:\s*(\S+)", status)[0], 16)
    assert ignored >> (signal.SIGINT - 1) & 1
    assert process.returncode == 130


def test_a_caller_gets_its_handlers_back() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    assert main(["--version"]) == 0
    assert [signal.getsignal(number) for number in numbers] == before


BROKEN_OFF = """
def broken_off(*_):
    '''An import that makes an error of its own of Ctrl-C, as some in native code do.'''
    try:
        print("stuck", file=sys.stderr, flush=True)
        time.sleep(1e6)
    except KeyboardInterrupt:
        raise ImportError("initialization failed")

cli._run = broken_off
"""


def test_an_error_that_ctrl_c_made_is_an_interruption() -> None:
    with start(BROKEN_OFF) as process:
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130
    assert error.splitlines()[-1].startswith("orca-eval: interrupted")
    assert "Traceback" not in error
