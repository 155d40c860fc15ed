"""action.yml's own scripts, run by bash as a runner would, and the files beside it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
HOSTILE = "$(touch pwned)`touch pwned`"


def play(name: str, folder: Path, **environment: str) -> tuple[int, dict[str, str], str]:
    """A step's exit code, outputs and words."""
    outputs = folder / f"{name}.outputs"
    outputs.touch()
    runner = {"RUNNER_TEMP": str(folder), "GITHUB_OUTPUT": str(outputs)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]],
        cwd=folder,
        env=os.environ | runner | environment | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.split("=", 1) for line in outputs.read_text().splitlines()]
    return done.returncode, dict(lines), done.stdout + done.stderr


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A working folder, and the run's folder as the action's first step tells it."""
    folder = tmp_path_factory.mktemp("job")
    (folder / "script.jsonl").write_text('{"default": true, "text": "###Final answer: {B}"}\n')
    words = "\n  engine=replay\n\n  engine.script=script.jsonl  \nmodel.name=a b\nlimit=2\n"
    code, outputs, said = play("evaluate", folder, WORDS=words)
    assert code == 0, said
    return folder, outputs["folder"]


def test_a_run_s_words_are_one_a_line(run: tuple[Path, str]) -> None:
    folder, made = run
    assert (folder / made / "manifest.json").is_file()
    assert made.startswith("results/a_b/")


def test_a_word_is_never_run(run: tuple[Path, str]) -> None:
    folder, made = run
    assert play("evaluate", folder, WORDS=f"suite={HOSTILE}\nengine=replay")[0] == 3
    gate = {"POLICY": HOSTILE, "INCONCLUSIVE": HOSTILE, "BASELINE": HOSTILE, "CANDIDATE": made}
    assert play("gate", folder, **gate)[0] == 3
    assert not list(folder.rglob("pwned"))


@pytest.mark.parametrize(("inconclusive", "code"), [("pass", 0), ("fail", 2)])
def test_an_inconclusive_gate_ends_as_is_asked(
    run: tuple[Path, str], inconclusive: str, code: int
) -> None:
    folder, made = run
    (folder / "other.jsonl").write_text('{"default": true, "text": "###Final answer: {C}"}\n')
    words = "engine=replay\nengine.script=other.jsonl\nmodel.name=c\nlimit=2"
    other = play("evaluate", folder, WORDS=words)[1]["folder"]
    given = {"BASELINE": made, "CANDIDATE": other, "POLICY": "default"}  # few pairs, some worse
    ended, outputs, said = play("gate", folder, INCONCLUSIVE=inconclusive, **given)
    assert (ended, outputs["verdict"]) == (code, "inconclusive"), said
    assert Path(outputs["comment"]).is_file()


def test_a_gate_that_passes_says_so(run: tuple[Path, str]) -> None:
    folder, made = run
    same = {"BASELINE": made, "CANDIDATE": made, "POLICY": "default", "INCONCLUSIVE": "fail"}
    code, outputs, said = play("gate", folder, **same)
    assert (code, outputs["verdict"]) == (0, "pass"), said


def test_no_expression_stands_in_a_script() -> None:
    assert not [name for name, step in STEPS.items() if "${{" in step["run"]]
    told = set(re.findall(r"\binputs\.(\w+)", str(ACTION)))
    assert told == set(ACTION["inputs"])
    assert {name for name, step in STEPS.items() if step["shell"] == "bash"} == set(STEPS)


def test_the_dockerfile_is_linted() -> None:
    linter = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if linter is None:
        pytest.skip("needs hadolint")
    done = subprocess.run([linter, "Dockerfile"], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()


def ignored() -> list[Any]:
    return [line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"]


def test_an_image_is_given_all_that_the_wheel_is_made_of() -> None:
    wanted = {"conf", "tasks", "orca_eval", "pyproject.toml", "README.md", "LICENSE"}
    assert set(ignored()) == wanted
    assert all((ROOT / name).exists() for name in wanted)
