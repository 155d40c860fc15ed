"""A whole run with scripted answers, as a user starts it: folder, resume, reuse, mistakes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from orca_eval.cli import main
from orca_eval.score_kind import AS_SAMPLED
from tests.waiting import stored, until

COLUMNS = [
    *("benchmark", "task", "doc_id", "doc_hash", "cluster", "prompt", "response", "gold"),
    *("answer", "rule", "evidence_start", "evidence_end", "score", "f1", "finish_reason"),
    *("prompt_tokens", "completion_tokens"),
]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.jsonl"
    path.write_text(json.dumps({"default": True, "text": "###Final answer: {B}"}) + "\n")
    return path


def replay(script: Path, tmp_path: Path, *more: str) -> list[str]:
    return [
        "run",
        "engine=replay",
        f"engine.script={script}",
        f"results_dir={tmp_path / 'results'}",
        *more,
    ]


def run_folder(tmp_path: Path) -> Path:
    (manifest,) = (tmp_path / "results").glob("*/*/manifest.json")
    return manifest.parent


def test_a_run_leaves_what_the_fixed_names_promise(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(replay(script, tmp_path)) == 0
    folder = run_folder(tmp_path)
    assert folder.parent.name == "smollm2-135m-instruct"
    assert folder.name.startswith("quickstart-empty-")
    samples = pd.read_parquet(folder / "samples.parquet")
    assert list(samples.columns[: len(COLUMNS)]) == COLUMNS
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["samples"]["total"] == len(samples) > 80
    scores = pd.read_csv(folder / "scores.csv")
    assert set(scores["level"]) == {"task", "benchmark", "average"}
    choices = samples[samples["benchmark"] == "arc_easy"]
    row = scores[(scores["benchmark"] == "arc_easy") & (scores["level"] == "benchmark")].iloc[0]
    assert row["score"] == pytest.approx((choices["gold"] == "B").mean())
    assert row["extraction_rate"] == 1.0
    out = capsys.readouterr().out
    assert "QUICKSTART ITEMS, not benchmark scores" in out.replace("\n", " ")
    assert str(folder) in out.replace("\n", "")


@pytest.mark.parametrize("limit", ["null", "2"])
def test_a_table_says_what_each_score_is_over_its_tasks(
    limit: str, script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = ("suite.benchmarks=[race,bbh,gsm8k]", "suite.quickstart=true", f"limit={limit}")
    assert main(replay(script, tmp_path, *suite)) == 0
    out = capsys.readouterr().out
    assert re.search(r"BBH \(mean of \d+ tasks\) ", out)
    assert re.search(r"GSM8K  +\d", out)
    pooled = "2 tasks pooled" if limit == "null" else "2 tasks pooled as sampled"
    assert f"RACE ({pooled}) " in out
    assert (AS_SAMPLED in " ".join(out.split())) == (limit != "null")
    assert main(["rescore", f"run={run_folder(tmp_path)}"]) == 0
    assert f"RACE ({pooled}) " in capsys.readouterr().out


def test_evidence_points_at_the_answer_in_the_response(script: Path, tmp_path: Path) -> None:
    assert main(replay(script, tmp_path, "suite.benchmarks=[race]", "suite.quickstart=true")) == 0
    samples = pd.read_parquet(run_folder(tmp_path) / "samples.parquet")
    for row in samples.itertuples():
        assert "B" in row.response[row.evidence_start : row.evidence_end]


def test_the_same_command_prints_the_finished_table_and_changes_nothing(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = replay(script, tmp_path)
    assert main(command) == 0
    first = capsys.readouterr().out
    files = {p: p.stat().st_mtime_ns for p in run_folder(tmp_path).glob("*.*")}
    assert main(command) == 0
    assert capsys.readouterr().out == first
    assert files == {p: p.stat().st_mtime_ns for p in run_folder(tmp_path).glob("*.*")}


def test_stored_answers_serve_another_suite_and_a_lost_folder(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(replay(script, tmp_path)) == 0
    folder = run_folder(tmp_path)
    before = pd.read_parquet(folder / "samples.parquet")
    (folder / "manifest.json").unlink()
    capsys.readouterr()
    assert main(replay(script, tmp_path)) == 0
    assert "loading" not in capsys.readouterr().err  # no engine was needed
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["samples"]["reused"] == manifest["samples"]["total"]
    pd.testing.assert_frame_equal(before, pd.read_parquet(folder / "samples.parquet"))


def test_another_prompt_is_another_folder_and_reuses_nothing(script: Path, tmp_path: Path) -> None:
    assert main(replay(script, tmp_path)) == 0
    assert main(replay(script, tmp_path, "prompt=cautious")) == 0
    manifests = [
        json.loads(path.read_text()) for path in (tmp_path / "results").glob("*/*/manifest.json")
    ]
    assert len(manifests) == 2
    assert all(m["samples"]["reused"] == 0 for m in manifests)


@pytest.mark.parametrize(
    ("overrides", "code", "words"),
    [
        (["suite=no_such_benchmark"], 3, ["no_such_benchmark"]),
        (["suite=gsm8k", "data.root=/no/such/folder"], 3, ["data.root", "/no/such/folder"]),
        (["engine=replay", "engine.script=/no/such/file"], 3, ["/no/such/file"]),
        (["model=tinyllama-1.1b-chat"], 3, ["model"]),
        (["engine.no_such_argument=1"], 3, ["no_such_argument"]),
        (["max_tokens=9000"], 3, ["max_tokens"]),
        (["limit=1", "results_dir=/proc/nothing"], 3, ["results_dir"]),
    ],
)
def test_a_mistake_is_one_line_and_the_fixed_exit_code(
    overrides: list[str],
    code: int,
    words: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    results = [] if any("results_dir" in o for o in overrides) else [f"results_dir={tmp_path}"]
    assert main(["run", *results, *overrides]) == code
    lines = [line for line in capsys.readouterr().err.splitlines() if "orca-eval: " in line][-1:]
    for word in words:
        assert word in lines[0]


def test_unknown_verbs_and_help() -> None:
    assert main(["rnu"]) == 3
    assert main(["run", "--help"]) == 0


def test_an_unwritable_results_folder_is_one_line(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results").write_text("a file, no folder")
    assert main(replay(script, tmp_path)) == 3
    assert "results_dir=" in capsys.readouterr().err


def test_two_runs_of_one_folder_at_once_are_told_apart(script: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "orca_eval.cli", *replay(script, tmp_path)]
    slow = [*command, "engine.delay=3"]
    with subprocess.Popen(slow, stderr=subprocess.PIPE, text=True) as first:
        assert first.stderr is not None
        for line in first.stderr:
            if line.startswith("generating"):
                break
        second = subprocess.run(slow, capture_output=True, text=True, check=False)
        first.communicate()
    assert second.returncode == 1
    assert "another run is at work" in second.stderr
    assert first.returncode == 0


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_a_polite_end_keep_what_is_finished_and_the_same_command_goes_on(
    script: Path, tmp_path: Path, end: signal.Signals
) -> None:
    command = [sys.executable, "-m", "orca_eval.cli", *replay(script, tmp_path)]
    slow = [*command, "engine.delay=2", "engine.max_in_flight=8"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}

    # A job started in the background is deaf to Ctrl-C, and its children are born so.
    heed = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    heed += "os.execv(sys.executable, sys.argv[1:])"
    call = [sys.executable, "-c", heed, *slow]
    with subprocess.Popen(call, stderr=subprocess.PIPE, text=True, env=environment) as first:
        assert first.stderr is not None
        for line in first.stderr:
            if line.startswith("generating"):
                break
        until(lambda: stored(tmp_path / "results") >= 8)
        first.send_signal(end)
        _, rest = first.communicate()
    assert first.returncode == 130, rest
    assert "interrupted" in rest
    assert "Traceback" not in rest
    assert main(replay(script, tmp_path)) == 0
    manifest = json.loads((run_folder(tmp_path) / "manifest.json").read_text())
    assert 8 <= manifest["samples"]["reused"] < manifest["samples"]["total"]
