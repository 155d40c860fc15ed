"""An exit code means one thing: 1 is a regression, a failure of the gate itself is 4."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import shipped
from gate_runs import MANIFEST, flipped, samples, write_run

import orca_eval
from orca_eval.cli import main
from orca_eval.errors import GATE_FAILED, RunError
from orca_eval.gate import main_gate
from orca_eval.help import read_help

RUN = {"gsm8k/gsm8k": 400}
OUTPUTS = {"gate.md", "gate.xml", "gate.json"}


@pytest.fixture
def good(tmp_path: Path) -> str:
    return write_run(tmp_path / "good", samples(RUN), MANIFEST)


@pytest.fixture
def worse(tmp_path: Path) -> str:
    return write_run(tmp_path / "worse", flipped(samples(RUN), 150), MANIFEST)


def call_of(verb: str, run: str) -> list[str]:
    """A verb's whole command on one run."""
    if verb == "gate":
        return ["gate", f"baseline={run}", f"candidate={run}"]
    return ["baseline", "export", f"run={run}"]


def shell(command: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `command` with `orca-eval` as what stands for the program."""
    program = f'orca-eval() {{ {sys.executable} -m orca_eval.cli "$@"; }}; set -o pipefail; '
    root = str(Path(orca_eval.__file__).parents[1])
    return subprocess.run(
        ["bash", "-c", program + command],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": root} | environment,
    )


@pytest.mark.parametrize(
    ("sent_to", "code", "code_if_worse"),
    [
        ("| head -0", 0, 1),
        (">&-", 0, 1),
        ("<&- >&- 2>&-", 0, 1),
        (">/dev/full", GATE_FAILED, GATE_FAILED),
        (">/dev/full 2>/dev/full", GATE_FAILED, GATE_FAILED),
    ],
)
def test_where_the_table_goes(
    good: str, worse: str, tmp_path: Path, sent_to: str, code: int, code_if_worse: int
) -> None:
    for candidate, expected in ((good, code), (worse, code_if_worse)):
        out = tmp_path / Path(candidate).name / "out"
        call = f"orca-eval gate baseline={good} candidate={candidate} out={out} {sent_to}"
        done = shell(call, tmp_path)
        assert done.returncode == expected
        assert len(done.stderr.splitlines()) == (expected == GATE_FAILED and "2>" not in sent_to)
        assert {path.name for path in out.iterdir()} == OUTPUTS


def test_a_log_that_takes_ascii_alone(good: str, worse: str, tmp_path: Path) -> None:
    call = f"orca-eval gate baseline={good} candidate={worse}"
    done = shell(call, tmp_path, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (1, "")
    assert "REGRESSION" in done.stdout


def test_names_that_are_no_text(good: str, tmp_path: Path) -> None:
    call = f"cp -r {good} $'n\\xff'; orca-eval gate baseline=$'n\\xff' candidate={good}"
    done = shell(call, tmp_path)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 3)


@pytest.mark.parametrize("verb", ["tasks", "--help", "show suite=quickstart"])
def test_other_verbs_take_a_closed_output_for_no_failure(verb: str, tmp_path: Path) -> None:
    for sent_to, code in (("| head -0", 0), (">&-", 0), (">/dev/full", 1)):
        done = shell(f"orca-eval {verb} {sent_to}", tmp_path)
        assert done.returncode == code
        assert "Traceback" not in done.stderr
        assert ("standard output can't be written" in done.stderr) == (code == 1)


@pytest.mark.parametrize("blocked", sorted(OUTPUTS))
def test_what_can_be_written_is(
    good: str, worse: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], blocked: str
) -> None:
    out = tmp_path / "out"
    (out / blocked).mkdir(parents=True)
    assert main(["gate", f"baseline={good}", f"candidate={worse}", f"out={out}"]) == GATE_FAILED
    shown = capsys.readouterr()
    (line,) = shown.err.splitlines()
    assert "the verdict is REGRESSION" in line
    assert blocked in line
    assert "REGRESSION" in shown.out
    assert all((out / name).is_file() for name in OUTPUTS - {blocked})


def test_an_output_that_fails_leaves_no_older_one(
    good: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gate.json").write_text('{"verdict": "old"}')

    def broken(_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr("orca_eval.gate.output.as_json", broken)
    with pytest.raises(RunError, match=r"verdict is PASS.*gate\.json can't be made"):
        main_gate(good, good, shipped("default"), tmp_path)
    assert not (tmp_path / "gate.json").exists()


def test_a_step_summary_that_cannot_be_written(
    good: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for summary in (tmp_path, tmp_path / "no" / "where", Path("/dev/full")):
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
        call = ["gate", f"baseline={good}", f"candidate={good}", f"out={tmp_path}"]
        assert main(call) == GATE_FAILED
        (line,) = capsys.readouterr().err.splitlines()
        assert f"{summary} can't be written" in line
        assert json.loads((tmp_path / "gate.json").read_text())["exit_code"] == 0


@pytest.mark.parametrize("error", [OSError(5, "I/O"), MemoryError(), KeyError("x"), RunError("r")])
@pytest.mark.parametrize("verb", ["gate", "baseline"])
def test_every_failure_that_is_not_the_input(
    good: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    verb: str,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("orca_eval.gate.verb.read_side", fail)
    assert main(call_of(verb, good)) == GATE_FAILED
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_export_that_cannot_be_written(
    good: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["baseline", "export", f"run={good}"]
    (tmp_path / "taken.parquet" / "x").mkdir(parents=True)
    (tmp_path / "taken.parquet" / "baseline.parquet").mkdir()
    assert main([*call, f"out={tmp_path / 'taken.parquet'}"]) == GATE_FAILED
    assert main([*call, "out=/dev/null/baseline.parquet"]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.parametrize("verb", ["gate", "baseline"])
def test_an_interruption_keeps_its_code(
    good: str, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("orca_eval.gate.verb.read_side", stop)
    assert main(call_of(verb, good)) == 130


def test_the_codes_are_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "gate.md").read_text()
    for text in (read_help("program"), page, read_help("gate"), read_help("baseline")):
        assert str(GATE_FAILED) in text
