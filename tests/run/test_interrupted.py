"""Signals are heard whatever hangs, and what can't fit is refused before anything is made."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from orca_eval.cli import main
from tests.waiting import HANG_SECONDS, stored, until


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": "###Final answer: {4}"}) + "\n")
    engine = ["engine=replay", f"engine.script={script}"]
    return ["run", *engine, f"results_dir={tmp_path / 'out'}"]


def started(command: list[str], line_with: str) -> subprocess.Popen[str]:
    """The command in a process of its own, from the line on that has `line_with`."""
    call = [sys.executable, "-m", "orca_eval.cli", *command]
    process = subprocess.Popen(call, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line_with in line:
            break
    return process


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and last line after SIGTERM; what hangs fails."""
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=HANG_SECONDS)
    return process.returncode, error.strip().splitlines()[-1]


def test_sigterm_is_heard_while_the_scoring_process_hangs(command: list[str]) -> None:
    process = started([*command, "engine.delay=0.3", "engine.max_in_flight=2"], "generating")
    children = psutil.Process(process.pid).children()
    assert children
    for child in children:
        child.suspend()
    time.sleep(1.0)  # answers wait to be scored
    code, line = ended(process)
    assert code == 130
    assert "the same command goes on" in line
    until(lambda: not any(child.is_running() for child in children))


def test_sigterm_is_heard_while_a_large_run_is_planned(command: list[str]) -> None:
    many = ["suite=quickstart", "sampling.n=10000", "sampling.temperature=1"]
    process = started([*command, *many], "building prompts")
    time.sleep(1.0)
    code, line = ended(process)
    assert code == 130, line


@pytest.mark.parametrize("phase", ["engine replay", "reading the data", "loading", "generating"])
@pytest.mark.parametrize("several", [[], ["-m"]])
def test_a_run_is_ended_in_every_phase(phase: str, several: list[str], command: list[str]) -> None:
    slow = [*command, *several, "engine.delay=2", "engine.max_in_flight=2"]
    code, line = ended(started(slow, phase))
    assert code == 130
    assert line.startswith("orca-eval: interrupted"), line


def test_what_is_kept_is_said(command: list[str], tmp_path: Path) -> None:
    process = started([*command, "engine.delay=2", "engine.max_in_flight=8"], "generating")
    until(lambda: stored(tmp_path / "out") >= 8)
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=HANG_SECONDS)
    kept, total = map(int, re.findall(r"stopping; (\d+) of (\d+) answers are kept", error)[0])
    assert 8 <= kept < total
    assert main(command) == 0
    (manifest,) = (tmp_path / "out").glob("*/*/manifest.json")
    assert json.loads(manifest.read_text())["samples"]["reused"] >= kept


def test_more_samples_than_fit_are_refused_before_they_are_made(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "sampling.n=100000000", "sampling.temperature=1"]) == 3
    (line,) = [
        x
        for x in capsys.readouterr().err.splitlines()
        if x.startswith("orca-eval: ") and "sampling.n" in x
    ]
    assert "lower sampling.n to at most" in line


def anew(tmp_path: Path) -> Path:
    (path,) = (tmp_path / "out").glob("*/*/.anew")
    return path


def kill_fresh(command: list[str], results: Path) -> None:
    slow = [*command, "fresh=true", "engine.delay=2", "engine.max_in_flight=8"]
    process = started(slow, "generating")
    until(lambda: stored(results, "fresh") >= 8)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("older", [None, "999999\n"])
def test_a_fresh_run_ends_whatever_became_of_its_store(
    command: list[str], tmp_path: Path, older: str | None
) -> None:
    """`older` is the mark of versions that counted rows of the store."""
    assert main(command) == 0
    kill_fresh(command, tmp_path / "out")
    if older is not None:
        anew(tmp_path).write_text(older)
    shutil.rmtree(tmp_path / "out" / ".store")
    assert main(command) == 0
    assert main(command) == 0
    (manifest,) = (tmp_path / "out").glob("*/*/manifest.json")
    samples = json.loads(manifest.read_text())["samples"]
    assert samples["reused"] == 0
    assert not list((tmp_path / "out").glob("*/*/.anew"))
