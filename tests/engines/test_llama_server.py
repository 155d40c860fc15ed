"""The openai engine against a real server: llama.cpp's own, with the embedded model."""

import json
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.real_servers import NAME, llama_cpp
from orca_eval.cli import main


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with llama_cpp(tmp_path, Namespace()) as base:
        yield base


def test_a_run_and_its_second_command(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", "suite.benchmarks=[crass,gsm8k]", "suite.quickstart=true", "limit=2"]
    command += ["engine=openai", f"engine.base_url={url}", f"model.path={NAME}"]
    command += [f"results_dir={tmp_path / 'out'}"]
    assert main([*command, "max_tokens=16"]) == 0
    (path,) = (tmp_path / "out").glob("*/*/manifest.json")
    manifest = json.loads(path.read_text())
    assert manifest["samples"]["total"] == 4
    assert not manifest["samples"].get("failed")
    assert manifest["tokens"]["prompt"] > 100
    capsys.readouterr()
    assert main([*command, "max_tokens=16"]) == 0
    assert "this run is finished" in capsys.readouterr().err
