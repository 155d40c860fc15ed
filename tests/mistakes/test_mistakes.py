"""Deliberate mistakes over all verbs: each is a line that tells the way out, and it works."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from orca_eval.cli import main
from tests.engines.fault_server import Reply, serve

CASES = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text("utf-8"))
FILES = CASES.pop("files")
MISTAKES = [case for cases in CASES.values() for case in cases]
SETTINGS = {
    "engine": ("engine=replay", "engine.script=script.jsonl"),
    "suite": ("suite.benchmarks=crass", "suite.quickstart=true"),
    "limit": ("limit=2",),
}
"""What a command of a run gets, where it names none of it, so that it takes no time."""
OF_RUNS = ("run", "check", "show", "leaderboard")


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, str]]:
    with serve() as server, serve() as locked:
        locked.models = Reply(401, {"error": {"message": "no key"}})
        yield {"SERVER": server.url, "LOCKED": locked.url, "DEAD": "http://127.0.0.1:9/v1"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of files and runs, as the working folder."""
    folder, before = tmp_path_factory.mktemp("place"), Path.cwd()
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    os.chdir(folder)
    for name in ("a", "b"):
        assert main(_words(f"run model.name={name} results_dir=results", {})) == 0
        (manifest,) = folder.glob(f"results/{name}/*/manifest.json")
        shutil.copytree(manifest.parent, f"run_{name}")
    for name in ("torn", "unfinished", "scoreless"):
        shutil.copytree("run_a", name)
    samples = Path("torn/samples.parquet")
    samples.write_bytes(samples.read_bytes()[:3000])
    Path("unfinished/manifest.json").unlink()
    Path("scoreless/scores.csv").write_text("benchmark\n")
    yield folder
    os.chdir(before)


def _words(line: str, servers: dict[str, str]) -> list[str]:
    words = [
        f"{key}={servers.get(value, value)}" if sign else word
        for word in shlex.split(line)
        for key, sign, value in [word.partition("=")]
    ]
    if words[0] not in OF_RUNS:
        return words
    given = {key for key in SETTINGS if any(w.startswith((key, f"--{key}")) for w in words)}
    return [*words, *(s for key in SETTINGS.keys() - given for s in SETTINGS[key])]


def test_there_are_enough() -> None:
    assert len({case["do"] for case in MISTAKES}) == len(MISTAKES) >= 120


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: case["do"])
@pytest.mark.usefixtures("place")
def test_a_mistake_is_a_line_with_the_way_out(
    case: dict[str, Any], servers: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(_words(case["do"], servers)) == 3
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith("orca-eval: ")]
    said = [line for line in said if " · " not in line]  # what is run
    assert len(said) == case.get("lines", 1), said
    for words in case["says"]:
        assert str(words) in "\n".join(said)
    assert "sk-123456" not in "\n".join(said)
    if "then" in case:
        assert main(_words(case["then"], servers)) == 0
