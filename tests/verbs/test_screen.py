"""What every verb prints: text of models, servers, data and run folders, with nothing that acts."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from orca_eval import cli
from orca_eval.benchmarks.types import Benchmark, Task
from orca_eval.cli import main
from orca_eval.errors import RunError
from orca_eval.run.progress import Counts, ProgressView, say
from orca_eval.run.table import print_scores
from orca_eval.types import Doc

HOSTILE = "::error::\x1b[2J [red]x[/red] ##[error]y \x9b31m"


def assert_inert(shown: str) -> None:
    """The text was shown, without control characters or commands of a CI log."""
    assert "[red]" in shown
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
    assert not re.search(r"(?m)^\s*::|##\w*\[", shown)


def hostile_run(run_folder: Path, tmp_path: Path) -> Path:
    """A copy of the run in which all that is shown of a run folder is hostile."""
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["model"]["name"] = HOSTILE
    manifest["notes"] = [HOSTILE]
    for entry in manifest["benchmarks"].values():
        entry["alias"] = HOSTILE
    (folder / "manifest.json").write_text(json.dumps(manifest))
    samples = pd.read_parquet(folder / "samples.parquet")
    samples["answer"] = HOSTILE
    samples.to_parquet(folder / "samples.parquet", index=False)
    return folder


def test_rescored_answers_are_text(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = hostile_run(run_folder, tmp_path)
    capsys.readouterr()
    assert main(["rescore", f"run={folder}"]) == 0
    assert_inert(capsys.readouterr().out)


def test_the_table_of_a_finished_run_is_text(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = hostile_run(run_folder, tmp_path)
    capsys.readouterr()
    print_scores(folder)
    assert_inert(capsys.readouterr().out)


def test_an_error_is_shown_as_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(verb: str, overrides: list[str]) -> int:
        raise RunError(f"the server said: {HOSTILE}\n{HOSTILE}")

    monkeypatch.setattr(cli, "_run", fail)
    assert main(["run"]) == 1
    assert_inert(capsys.readouterr().err)


def test_progress_is_text_in_a_log_and_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    say(HOSTILE)
    assert_inert(capsys.readouterr().err)
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("COLUMNS", "200")
    with ProgressView(Counts()) as view:
        view.status(HOSTILE)
    shown = terminal.getvalue()
    assert "[red]x[/red]" in shown
    assert "\x1b[2J " not in shown
    assert "\x9b" not in shown
    assert "##[" not in shown


@pytest.mark.parametrize(
    ("verb", "overrides"),
    [
        ("check", []),
        ("show", ["task=evil"]),
        ("show", ["task=evil", "engine=openai", "engine.base_url=http://127.0.0.1:9/v1"]),
    ],
)
def test_data_is_shown_as_text(
    verb: str,
    overrides: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    prompt = f"{HOSTILE}\n{HOSTILE}\n###Final answer: {{number}}"
    message = ({"role": "user", "content": prompt},)
    doc = Doc("evil", "evil", 0, "hash", message, "text", ((HOSTILE,),))
    task = Task("evil", "1", (doc,), 1, None, {})
    found = Benchmark("evil", HOSTILE, "pooled", (task,), "0" * 64, HOSTILE)
    monkeypatch.setattr("orca_eval.run.evaluate.load_suite", lambda config: [found])
    monkeypatch.setattr("orca_eval.engines.openai.OpenAIEngine.check", lambda engine: None)
    monkeypatch.setattr("orca_eval.verbs.show.load_suite", lambda config: [found])
    assert main([verb, "suite=quickstart", f"results_dir={tmp_path}", *overrides]) == 0
    shown = capsys.readouterr().out
    assert_inert(shown)
    # A line that is no command is shown as the model gets it.
    assert ("\n###Final answer: {number}" in shown) == (overrides == ["task=evil"])
