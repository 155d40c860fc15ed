"""The verbs as functions: they do what the command line does, and their results show themselves."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import orca_eval
from orca_eval.api import ComparedRuns, FinishedRun
from orca_eval.cli import main
from orca_eval.errors import InputError, OrcaEvalError
from tests.api.conftest import scripted


def test_names_are_there_and_imported_when_they_are_named() -> None:
    code = """
import sys, orca_eval
assert not hasattr(orca_eval, "no_such_name")
assert "pandas" not in sys.modules and "hydra" not in sys.modules
from orca_eval import extract_answer
assert "pandas" not in sys.modules
from orca_eval import *
print(evaluate, compare, load_run, write_report, extract_answer)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("<function") == len(orca_eval.__all__)


def test_a_run_is_the_command_lines_and_prints_no_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = scripted(tmp_path) | {"sampling": {"seed": 3}}
    run = orca_eval.evaluate("suite=arc_easy", "suite.quickstart=true", **settings, limit=2)
    assert capsys.readouterr().out == ""
    command = ["suite=arc_easy", "suite.quickstart=true", "limit=2", "sampling.seed=3"]
    engine = ["engine=replay", f"engine.script={tmp_path / 'script.jsonl'}"]
    assert main(["run", *command, *engine, f"results_dir={tmp_path / 'results'}"]) == 0
    assert "this run is finished" in capsys.readouterr().err
    assert run.manifest.sampling.temperature == 0
    assert run.manifest.content["sampling"]["seed"] == 3
    assert list(run.samples["benchmark"]) == ["arc_easy"] * 2
    assert orca_eval.load_run(run).folder == orca_eval.load_run(str(run.folder)).folder


def test_a_finished_run_has_frames_and_shows_itself(finished: FinishedRun) -> None:
    assert len(finished.samples) == finished.manifest.samples["total"]
    on_disk = pd.read_csv(finished.folder / "scores.csv")
    assert list(finished.scores.columns) == list(on_disk.columns)
    assert finished.scores["score"].tolist() == pytest.approx(
        on_disk["score"].tolist(), nan_ok=True
    )
    assert {str(finished.scores[name].dtype) for name in ("score", "f1")} == {"float64"}
    shown = repr(finished)
    assert "QUICKSTART ITEMS, not benchmark scores" in shown
    assert "ARC-Easy" in shown
    assert "\x1b" not in shown
    assert "not comparable with log-likelihood" in shown
    assert "<table>" in finished._repr_html_()


def test_in_a_notebook_the_text_is_returned_and_not_displayed(
    finished: FinishedRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert "ARC-Easy" in repr(finished)
    assert capsys.readouterr().out == ""


def test_runs_are_compared_as_the_gate_does(
    finished: FinishedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    worse = orca_eval.evaluate(**scripted(tmp_path, "I can't tell."), limit=2)
    found = orca_eval.compare(finished, worse.folder, policy="smoke")
    gate = ["gate", f"baseline={finished.folder}", f"candidate={worse.folder}", "policy=smoke"]
    assert main(gate) == found.result.verdict.value
    assert found.verdict == "REGRESSION"
    assert found.table["drop"].max() > 0
    assert found.result.headline in repr(found).replace("\n", " ")
    assert found.result.headline in found._repr_html_()
    same = orca_eval.compare(finished, finished, policy="smoke")
    assert isinstance(same, ComparedRuns)
    assert same.verdict == "PASS"


def test_a_report_is_the_command_lines_and_shows_its_first_tables(
    finished: FinishedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = orca_eval.write_report(finished, out=tmp_path / "report")
    assert capsys.readouterr().out == ""
    assert report.path == tmp_path / "report" / "report.html"
    assert Path(report).is_file()
    assert list((tmp_path / "report" / "tables").glob("*.md"))
    assert main(["report", f"runs={finished.folder}", f"out={tmp_path / 'typed'}"]) == 0
    assert " ".join(repr(report).split()) in " ".join(capsys.readouterr().out.split())
    html = report._repr_html_()
    assert html.count("<table>") == len(report.shown) > 1
    for table in report.shown:
        assert all(cell.text in html for row in table.rows for cell in row.cells)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda run: orca_eval.evaluate(suit="quickstart"), "unknown key 'suit'; did you mean"),
        (lambda run: orca_eval.evaluate(limit="two"), "limit=two: a whole number"),
        (lambda run: orca_eval.evaluate(limit=object()), "limit=<object"),
        (lambda run: orca_eval.evaluate(sampling={"seeds": 1}), "'sampling.seeds'; did you mean"),
        (
            lambda run: orca_eval.evaluate(model=["a", "b"]),
            "one value is wanted; orca-eval leaderboard",
        ),
        (
            lambda run: orca_eval.evaluate("limit=1,2"),
            "orca-eval run -m limit=1,2 makes a run of each",
        ),
        (lambda run: orca_eval.evaluate(engine={"api_key": "k"}), "environment variable"),
        (lambda run: orca_eval.load_run("no/such/folder"), "no/such/folder: no such folder"),
        (lambda run: orca_eval.load_run(run.folder.parent), "no finished run here"),
        (lambda run: orca_eval.compare(run, "no/such/folder"), "no/such/folder: no run here"),
        (lambda run: orca_eval.compare(run, run, "defautl"), "did you mean default?"),
        (lambda run: orca_eval.compare("published:Orca-3", run), "no such published model"),
        (lambda run: orca_eval.write_report("no/such", out="x"), "no/such: no such folder"),
        (lambda run: orca_eval.write_report(out="x"), "no run given"),
        (lambda run: orca_eval.write_report(run, out=run.samples_file), "can't be written"),
        (lambda run: orca_eval.extract_answer("B", "chioce"), "did you mean choice?"),
    ],
)
def test_a_mistake_is_one_line(
    finished: FinishedRun, call: object, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FinishedRun, "samples_file", finished.folder / "scores.csv", raising=False)
    with pytest.raises(InputError) as error:
        call(finished)  # type: ignore[operator]
    assert says in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_damaged_file_is_one_line(finished: FinishedRun, tmp_path: Path) -> None:
    shutil.copytree(finished.folder, tmp_path / "run")
    (tmp_path / "run" / "samples.parquet").write_bytes(b"torn")
    run = orca_eval.load_run(tmp_path / "run")
    with pytest.raises(InputError, match=r"samples\.parquet: can't be read"):
        _ = run.samples
    (tmp_path / "run" / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"manifest\.json: no such file"):
        orca_eval.load_run(tmp_path / "run")


def test_inside_a_running_event_loop(tmp_path: Path) -> None:
    async def cell() -> FinishedRun:
        return orca_eval.evaluate("suite=crass", "suite.quickstart=true", **scripted(tmp_path))

    run = asyncio.run(cell())
    assert set(run.samples["benchmark"]) == {"crass"}

    async def no_server() -> None:
        orca_eval.evaluate(engine="openai", **{"engine.base_url": "http://127.0.0.1:9/v1"})

    with pytest.raises(OrcaEvalError, match="can't be reached"):
        asyncio.run(no_server())


@pytest.mark.parametrize("name", ["score_a_checkpoint", "compare_two_runs", "read_samples"])
def test_an_example_runs(name: str, finished: FinishedRun, tmp_path: Path) -> None:
    settings = [f"{key}={value}" for key, value in scripted(tmp_path).items()]
    arguments = {
        "score_a_checkpoint": settings,
        "compare_two_runs": [str(finished.folder), str(finished.folder)],
        "read_samples": [str(finished.folder)],
    }
    assert "ARC-Easy" in run_example(name, *arguments[name]) or name == "read_samples"


def test_the_example_of_extraction_prints_what_its_replies_say() -> None:
    lines = run_example("extract_answers").splitlines()
    assert [line.split(" ")[0] for line in lines] == ["B", "C", "None", "72"]


def run_example(name: str, *arguments: str) -> str:
    """What an example prints; it has to end well, and without a warning."""
    checkout = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", checkout / "examples" / f"{name}.py", *arguments],
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
