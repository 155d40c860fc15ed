"""Several models and prompts from one command: what is missing is run, what fails is said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from orca_eval.cli import main
from orca_eval.config.words import overrides
from orca_eval.help import read_help
from orca_eval.verbs.leaderboard import _paths
from tests.waiting import HANG_SECONDS, until


@pytest.fixture
def shared(tmp_path: Path) -> list[str]:
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": "The answer is A."}) + "\n")
    return [
        *("engine=replay", f"engine.script={script}", f"results_dir={tmp_path / 'results'}"),
        *(
            "suite.benchmarks=[arc_easy,crass]",
            "suite.quickstart=true",
            f"out={tmp_path / 'board'}",
        ),
    ]


def test_runs_what_is_missing_and_writes_the_report(
    shared: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    models = "models=[smollm2-135m-instruct,tinyllama-1.1b-chat]"
    assert main(["leaderboard", models, "prompts=[empty,cautious]", *shared]) == 0
    assert len(list((tmp_path / "results").glob("*/*/manifest.json"))) == 4
    board = tmp_path / "board"
    assert (board / "report.html").is_file()
    assert list((board / "tables").glob("*.md"))
    capfd.readouterr()
    assert main(["leaderboard", models, "prompts=[empty,cautious]", *shared]) == 0
    assert capfd.readouterr().err.count("this run is finished") == 4


def test_a_model_that_fails_does_not_stop_the_others(
    shared: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results" / "gone").mkdir(parents=True)
    (tmp_path / "results" / "gone" / "x").write_text("")
    blocked = tmp_path / "results" / "tinyllama-1.1b-chat"
    blocked.write_text("a file where the run's folder should be")
    models = "models=[tinyllama-1.1b-chat,smollm2-135m-instruct]"
    assert main(["leaderboard", models, *shared]) == 1
    error = capfd.readouterr().err
    assert "failed: model=tinyllama-1.1b-chat" in error
    assert len(list((tmp_path / "results").glob("*/*/manifest.json"))) == 1
    assert (tmp_path / "board" / "report.html").is_file()


def test_mistakes_come_before_any_run(
    shared: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["leaderboard", "models=[smolm2,no/such/thing*]", *shared]) == 3
    error = capfd.readouterr().err
    assert "smolm2" in error
    assert "nothing matches" in error
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("key", "list_key"), [("model", "models"), ("model.path", "models"), ("prompt", "prompts")]
)
def test_a_runs_model_or_prompt_joins_the_list(key: str, list_key: str) -> None:
    """In the runs themselves it would take the place of every entry."""
    assert overrides("leaderboard", [f"{list_key}=[a,b]", f"{key}=c"]) == [f"{list_key}=a,b,c"]
    assert f"\n  {key}=" in read_help("run")
    assert f"\n  {key}=" not in read_help("leaderboard")


def test_checkpoints_come_oldest_first(tmp_path: Path) -> None:
    for step in (1000, 200, 30):
        (tmp_path / f"checkpoint-{step}").mkdir()
    names = [Path(path).name for path in _paths(str(tmp_path / "checkpoint-*"))]
    assert names == ["checkpoint-30", "checkpoint-200", "checkpoint-1000"]
    for age, name in enumerate(("b", "a")):
        (tmp_path / f"m-{name}").mkdir()
        os.utime(tmp_path / f"m-{name}", (age, age))
    assert [Path(path).name for path in _paths(str(tmp_path / "m-*"))] == ["m-b", "m-a"]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_leaderboard_leaves_no_run_behind(
    shared: list[str], tmp_path: Path, end: signal.Signals
) -> None:
    # A job started in the background is deaf to Ctrl-C, and its children are born so.
    heed = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    heed += "os.execv(sys.executable, sys.argv[1:])"
    command = [sys.executable, "-m", "orca_eval.cli", "leaderboard"]
    command += ["models=[smollm2-135m-instruct]", *shared, "engine.max_in_flight=2"]
    log = tmp_path / "log"
    with (
        log.open("w") as file,
        subprocess.Popen(
            [sys.executable, "-c", heed, *command, "engine.delay=2"], stderr=file
        ) as board,
    ):
        until(lambda: "generating" in log.read_text())
        below = psutil.Process(board.pid).children(recursive=True)
        board.send_signal(end)
        code = board.wait(HANG_SECONDS)
    until(lambda: not any(map(is_running, below)))
    said = log.read_text()
    assert code == (-signal.SIGKILL if end is signal.SIGKILL else 130), said
    assert "Traceback" not in said
    assert main(["leaderboard", "models=[smollm2-135m-instruct]", *shared]) == 0


def is_running(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
