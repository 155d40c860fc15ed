"""--json and --quiet: a script gets one object, whatever a verb, a library or a user does."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orca_eval import cli
from orca_eval.cli import main
from orca_eval.command import NO_BARS
from orca_eval.errors import RunError
from orca_eval.help import list_verbs
from orca_eval.outcome import Outcome
from tests.judges.small_data import write_checks
from tests.report.synthetic import Spec, write_run


@pytest.fixture(autouse=True)
def bars(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that --quiet sets is given back."""
    for name in NO_BARS:
        monkeypatch.setenv(name, "0")


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def told(capfd: pytest.CaptureFixture[str], *command: str) -> dict[str, Any]:
    """The one object on standard output, whose exit code is the command's."""
    capfd.readouterr()
    code = main([*command, "--json"])
    (line,) = capfd.readouterr().out.splitlines()
    content: dict[str, Any] = json.loads(line, parse_constant=refuse)
    assert content["exit_code"] == code
    return content


def replay(folder: Path) -> list[str]:
    script = folder.parents[2] / "script.jsonl"
    return ["engine=replay", f"engine.script={script}", f"results_dir={folder.parents[1]}"]


def calls(folder: Path, out: Path) -> dict[str, tuple[list[str], set[str]]]:
    """Each verb's command and what a script looks for in its answer."""
    script = folder.parents[2] / "script.jsonl"
    judge = ["judge.model.path=x", "judge.engine=replay", f"judge.engine.script={script}"]
    board = ["models=[smollm2-135m-instruct]", f"out={out}", *replay(folder)]
    return {
        "run": (replay(folder), {"folder", "scores", "notes", "samples"}),
        "leaderboard": (board, {"runs", "report", "tables"}),
        "strategies": (["strategies=[own,direct]", *board], {"runs", "report", "routers"}),
        "ask": (["Who?", *replay(folder), f"out={out}.html"], {"turns", "replies", "page"}),
        "report": ([f"runs=[{folder}]", f"out={out}"], {"report", "tables"}),
        "gate": ([f"baseline={folder}", f"candidate={folder}", f"out={out}"], {"verdict", "lines"}),
        "baseline": (["export", f"run={folder}", f"out={out}"], {"file", "bytes"}),
        "rescore": ([f"run={folder}"], {"folder", "scores", "old_scores", "changed"}),
        "judge": (
            ["check", *judge, f"data.root={out.with_name('data')}", f"results_dir={out}"],
            {"folder", "judge", "grounded", "truthful", "flips", "same", "unread", "votes"},
        ),
        "audit": ([f"run={folder}", f"out={out}.md"], {"file", "samples", "entries"}),
        "publish": ([f"run={out.with_name('full')}", "repo=a/b"], {"out", "files", "commits"}),
        "show": (replay(folder), {"steps", "golds"}),
        "tasks": ([], {"benchmarks", "suites"}),
        "check": (replay(folder), {"benchmarks", "generations", "folder"}),
    }


@pytest.mark.parametrize("verb", list_verbs())
def test_every_verb_tells_its_result_and_nothing_else(
    verb: str, run_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if verb == "judge":
        write_checks(tmp_path / "data")
    if verb == "publish":  # quickstart items are refused
        write_run(tmp_path / "full", Spec("m", share=0.01))
    overrides, keys = calls(run_folder, tmp_path / "out")[verb]
    content = told(capfd, verb, *overrides)
    assert "error" not in content
    assert keys <= content.keys()


def test_scores_have_intervals_and_rates(
    run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = told(capfd, "run", *replay(run_folder))["scores"]
    assert {row["level"] for row in rows} == {"task", "benchmark", "average"}
    assert {"benchmark", "n", "score", "ci_low", "ci_high", "extraction_rate"} <= rows[0].keys()


def test_the_prompt_and_its_ids(run_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (step,) = told(capfd, "show", "suite=quickstart")["steps"]
    assert step["messages"][-1]["content"] in step["prompt"]
    assert len(step["token_ids"]) > 10
    assert step["sampling"]["max_tokens"] == 256


def test_several_runs_each_with_its_own_end(
    run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    models = "model.path=first,second"
    content = told(capfd, "run", "-m", models, "limit=1", *replay(run_folder))
    assert [run["exit_code"] for run in content["runs"]] == [0, 0]
    assert all(run["scores"] for run in content["runs"])


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["run", "suite=quickstart", "limt=3"], 3, "limt"),
        (["gate"], 3, "baseline= is missing"),
        (["bogus"], 3, "unknown verb"),
        (["completion", "csh"], 3, "bash|zsh|fish"),
    ],
)
def test_a_mistake_is_told_too(
    command: list[str], code: int, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    content = told(capfd, *command)
    assert content["exit_code"] == code
    assert said in content["error"]


@pytest.mark.parametrize(
    "error", [RunError("no\nroom"), ZeroDivisionError("x"), KeyboardInterrupt()]
)
@pytest.mark.parametrize("verb", ["run", "gate"])
def test_whatever_happens_is_told(
    verb: str,
    error: BaseException,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> Outcome:
        raise error

    monkeypatch.setattr(cli, "_run", fail)
    assert told(capfd, verb)["error"]


@pytest.mark.parametrize("before", [True, False])
def test_flags_stand_anywhere(before: bool, capfd: pytest.CaptureFixture[str]) -> None:
    flags, verb = ["--quiet", "--json"], ["tasks", "data.root=null"]
    assert main([*flags, *verb] if before else [*verb, *flags]) == 0
    out, error = capfd.readouterr()
    assert json.loads(out)["benchmarks"]
    assert error == ""


def test_no_number_and_no_text_breaks_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    data = {"nan": math.nan, "half": "\ud800", "umlaut": "ü", "path": Path("a\nb")}
    monkeypatch.setattr(cli, "_run", lambda *_: Outcome(data))
    content = told(capfd, "tasks")
    assert (content["nan"], content["umlaut"], content["path"]) == (None, "ü", "a\nb")


NOISY = """
import ctypes, os, subprocess
from orca_eval import cli
from orca_eval.outcome import Outcome

def noisy(*_):
    print("a print")
    ctypes.CDLL(None).puts(b"kept in a buffer of C until the end")
    os.write(1, b"native code\\n")
    subprocess.run(["echo", "a process"])
    return Outcome({"fine": True})

cli._run = noisy
cli.console()
"""


@pytest.mark.parametrize("flags", [["--json"], ["--json", "--quiet"]])
def test_what_libraries_print_goes_elsewhere(flags: list[str]) -> None:
    call = [sys.executable, "-c", NOISY, "tasks", *flags]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"exit_code": 0, "fine": True}
    assert ("native code" in done.stderr) == ("--quiet" not in flags)


def test_an_output_that_cannot_be_written_is_a_failure() -> None:
    call = [sys.executable, "-m", "orca_eval", "--version", "--json"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "can't be written" in done.stderr


def test_quiet_leaves_the_result_and_errors(
    run_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    results = ["limit=1", *replay(run_folder)]
    capfd.readouterr()
    assert main(["--quiet", "run", *results]) == 0
    out, error = capfd.readouterr()
    assert "score" in out
    assert error == ""
    models = ["models=[first/model,second/model]", f"out={tmp_path}", *results]
    assert main(["leaderboard", *models, "--quiet"]) == 0
    out, error = capfd.readouterr()
    assert out.count("first/model") <= 2, "each run's own table is left out"
    assert error == ""
    assert main(["run", "limit=none", *replay(run_folder), "--quiet"]) == 3
    assert "limit" in capfd.readouterr().err


def test_quiet_holds_for_one_command(run_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *replay(run_folder), "--quiet"]) == 0
    assert capfd.readouterr().err == ""
    assert main(["run", *replay(run_folder)]) == 0
    assert "this run is finished" in capfd.readouterr().err
