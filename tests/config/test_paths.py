"""Names that a file system has and a config finds hard: a colon, bytes that are no UTF-8."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from orca_eval.cli import main
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": "###Final answer: {4}"}) + "\n")
    engine = ["engine=replay", f"engine.script={script}"]
    return ["run", *engine, "suite=gsm8k", "suite.quickstart=true"]


@pytest.mark.parametrize("name", ["a:b", "with blank", "ü", "模型", "a=b", "a,b", "{x}", "$HOME"])
def test_results_go_where_they_are_sent(command: list[str], tmp_path: Path, name: str) -> None:
    assert main([*command, f"results_dir={tmp_path}/{name}"]) == 0
    assert len(list((tmp_path / name).glob("*/*/manifest.json"))) == 1


@pytest.mark.parametrize("key", ["results_dir", "model.name", "model.path", "suite", "data.root"])
def test_a_name_that_is_not_utf_8_is_one_line(
    command: list[str], key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = os.fsdecode(b"caf\xe9")
    assert main([*command, f"{key}={name}"]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{key}: " in line
    assert "not in UTF-8" in line


def test_a_folder_here_moves_no_endpoints_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    endpoint = ["engine=openai", "engine.base_url=http://127.0.0.1:9/v1", "model.path=org/name"]
    before = run_config(compose_verb("run", endpoint)).model.name
    (tmp_path / "org" / "name").mkdir(parents=True)
    assert run_config(compose_verb("run", endpoint)).model.name == before == "name"
