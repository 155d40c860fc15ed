"""An installed wheel, used from another folder, has conf/, tasks/ and the quickstart data."""

from __future__ import annotations

import email
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import orca_eval
from orca_eval.help import read_help

CHECKOUT = Path(__file__).resolve().parents[1]


def test_a_wheel_runs_from_any_folder(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=CHECKOUT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    assert (site / "orca_eval" / "conf" / "run.yaml").is_file()
    assert (site / "orca_eval" / "tasks" / "mmlu" / "mmlu.yaml").is_file()
    assert (site / "orca_eval" / "help" / "run.txt").read_text("utf-8") == read_help("run")
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": "The answer is B."}) + "\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = [sys.executable, "-m", "orca_eval.cli", "run", "engine=replay"]
    done = subprocess.run(
        [*command, f"engine.script={script}"],
        cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(list(elsewhere.glob("results/*/quickstart-empty-*/report.html"))) == 1


def test_what_is_published_passes_twine(tmp_path: Path) -> None:
    pytest.importorskip("twine")
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)]
    subprocess.run(build, cwd=CHECKOUT, check=True, capture_output=True)
    made = sorted(map(str, tmp_path.iterdir()))
    assert [Path(name).suffix for name in made] == [".whl", ".gz"]
    check = [sys.executable, "-m", "twine", "check", "--strict", *made]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    with zipfile.ZipFile(made[0]) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith("/METADATA"))
        metadata = email.message_from_bytes(wheel.read(name))
    assert metadata.get_all("Project-URL")
    page = metadata.get_payload()
    assert "make quickstart" in page
    assert re.findall(r"\]\((?!https://)[^)]*\)", page) == []  # what lies beside it is not there
    with tarfile.open(made[1]) as sdist:
        names = [name.partition("/")[2] for name in sdist.getnames()]
    assert {"conf/run.yaml", "tasks/mmlu/mmlu.yaml", "LICENSE", "CHANGELOG.md"} <= set(names)
    own = {"results/.gitkeep"}
    assert not [n for n in names if n.startswith((".venv", "results/")) and n not in own]
    version = orca_eval.__version__
    assert f"## {version}" in (CHECKOUT / "CHANGELOG.md").read_text("utf-8")
