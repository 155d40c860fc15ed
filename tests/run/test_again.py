"""What a command finds when it is given again: begun anew, unanswered, on another day."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orca_eval.cli import main
from orca_eval.engines.replay import ReplayEngine
from orca_eval.errors import RunError
from orca_eval.extract import EXTRACTOR_VERSION
from orca_eval.run import evaluate, generate
from orca_eval.types import Completion, Message, Request
from tests.waiting import stored, until

from .fakes import FakeEngine, WordTokenizer

Output = pytest.CaptureFixture[str]


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": "###Final answer: {B}"}) + "\n")
    return ["run", "engine=replay", f"engine.script={script}", f"results_dir={tmp_path / 'out'}"]


def manifest(tmp_path: Path) -> dict[str, Any]:
    (path,) = (tmp_path / "out").glob("*/*/manifest.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@contextlib.contextmanager
def generating(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, from when it generates."""
    call = [sys.executable, "-m", "orca_eval.cli", *command]
    with subprocess.Popen(call, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("generating"):
                break
        yield process


def kill_while_generating(command: Sequence[str], tmp_path: Path, table: str) -> None:
    """`kill -9` when some answers are stored, and not nearly all."""
    with generating([*command, "engine.delay=2", "engine.max_in_flight=8"]) as process:
        until(lambda: stored(tmp_path / "out", table) >= 8)
        process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("then", [[], ["fresh=true"]])
def test_a_killed_run_that_was_begun_anew_goes_on_with_its_own_answers(
    command: list[str], tmp_path: Path, then: list[str], capsys: Output
) -> None:
    kill_while_generating(command, tmp_path, "responses")
    assert main(command) == 0
    total = manifest(tmp_path)["samples"]["total"]
    kill_while_generating([*command, "fresh=true"], tmp_path, "fresh")

    assert main([*command, *then]) == 0
    assert 8 <= manifest(tmp_path)["samples"]["reused"] < total
    assert "going on with what fresh=true began" in capsys.readouterr().err
    assert main(command) == 0
    assert "this run is finished" in capsys.readouterr().err


def test_a_fresh_run_whose_engine_does_not_start_costs_nothing(
    command: list[str], capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_engine: ReplayEngine) -> None:
        raise RunError("out of memory")

    assert main(command) == 0
    table = capsys.readouterr().out
    monkeypatch.setattr(ReplayEngine, "start", fail)
    assert main([*command, "fresh=true"]) == 1
    assert main(command) == 0
    output = capsys.readouterr()
    assert "this run is finished" in output.err
    assert output.out == table


def test_a_fresh_run_takes_nothing_from_another_at_work(command: list[str], tmp_path: Path) -> None:
    slow = [*command, "engine.delay=0.4", "engine.max_in_flight=8"]
    with generating(slow) as first:
        assert main([*slow, "limit=1", "fresh=true"]) == 0
        _, rest = first.communicate()
    assert first.returncode == 0, rest


def test_where_asking_again_fails_the_scores_stay(
    command: list[str], tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ReplayEngine.generate
    hanging: set[str] = set()

    async def hang_some(engine: ReplayEngine, request: Request) -> Completion:
        if request.key in hanging or (len(hanging) < 2 and int(request.key, 16) % 3):
            hanging.add(request.key)
            await asyncio.sleep(3600)
        return await answer(engine, request)

    monkeypatch.setattr(ReplayEngine, "generate", hang_some)
    monkeypatch.setattr(generate, "STALLS_TO_GIVE_UP", 2)
    assert main([*command, "stall_seconds=3"]) == 0
    table = capsys.readouterr().out
    monkeypatch.setattr(generate, "STALLS_TO_GIVE_UP", 1)
    assert main([*command, "stall_seconds=3"]) == 0
    output = capsys.readouterr()
    assert output.out == table
    assert "the scores stay as they were" in output.err
    assert manifest(tmp_path)["samples"]["stalled"] == 2


def test_fresh_asks_everything_again_each_time(command: list[str], tmp_path: Path) -> None:
    for _ in range(2):
        assert main([*command, "fresh=true"]) == 0
        assert manifest(tmp_path)["samples"]["reused"] == 0


def test_what_the_watchdog_ended_is_asked_again(
    command: list[str], tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ReplayEngine.generate
    hanging: list[str] = []

    async def hang_once(engine: ReplayEngine, request: Request) -> Completion:
        if not hanging:
            hanging.append(request.key)
            await asyncio.sleep(3600)
        return await answer(engine, request)

    monkeypatch.setattr(ReplayEngine, "generate", hang_once)
    assert main([*command, "stall_seconds=3"]) == 0
    assert manifest(tmp_path)["samples"]["stalled"] == 1
    first = " ".join(capsys.readouterr().out.split())
    assert "Requests that the watchdog ended, counted wrong: 1; the same command asks" in first

    assert main([*command, "stall_seconds=3"]) == 0
    samples = manifest(tmp_path)["samples"]
    assert (samples["stalled"], samples["reused"]) == (0, samples["total"] - 1)
    output = capsys.readouterr()
    assert "requests of this run ended without an answer: 1; asking again" in output.err
    assert "the watchdog ended" not in " ".join(output.out.split())


def test_a_finished_run_of_another_extractor_says_how_to_apply_todays(
    command: list[str], tmp_path: Path, capsys: Output
) -> None:
    assert main(command) == 0
    assert main(command) == 0
    assert "extractor version" not in capsys.readouterr().err
    (path,) = (tmp_path / "out").glob("*/*/manifest.json")
    path.write_text(json.dumps(manifest(tmp_path) | {"extractor_version": "0"}))

    assert main(command) == 0
    error = capsys.readouterr().err
    assert "its scores are of extractor version 0; " in error
    assert f"orca-eval rescore run={path.parent} applies version {EXTRACTOR_VERSION}" in error


class DatedTokenizer(WordTokenizer):
    def __init__(self, now: datetime) -> None:
        self.now: datetime = now

    def render(self, messages: Sequence[Message]) -> str:
        return f"{self.now:%d %b %Y} {super().render(messages)}"


@pytest.mark.parametrize("more", [[], ["fresh=true"]])
def test_a_cut_off_run_goes_on_under_the_date_on_which_it_was_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    engines = []
    for days, die_after in ((0, 12), (1, None), (2, None)):
        engine = FakeEngine(die_after=die_after, delay=0.01)
        engine.tokenizer = DatedTokenizer(datetime(2026, 12, 31) + timedelta(days))
        engines.append(engine)
    waiting = iter(engines)
    monkeypatch.setattr(evaluate, "build_engine", lambda _: next(waiting))
    command = ["run", f"results_dir={tmp_path / 'out'}", *more]

    assert main(command) == 1
    assert main(command) == 0
    samples = manifest(tmp_path)["samples"]
    assert 8 <= samples["reused"] == samples["total"] - len(engines[1].seen)
    assert main([*command, "fresh=true"]) == 0
    days = [{request.prompt[:6] for request in engine.seen if request.prompt} for engine in engines]
    assert days == [{"31 Dec"}, {"31 Dec"}, {"02 Jan"}]
