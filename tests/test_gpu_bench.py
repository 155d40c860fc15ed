"""bench/gpu.sh, prepared for ten minutes on a GPU, runs through on whatever device there is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "bench" / "gpu.sh"


def test_without_an_interpreter_it_says_what_to_do() -> None:
    environment = os.environ | {"PYTHON": "/nowhere/python"}
    done = subprocess.run([SCRIPT], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 3
    assert "name one with PYTHON=" in done.stderr


@pytest.mark.vllm
def test_a_dry_run_measures_every_row() -> None:
    environment = os.environ | {"PYTHON": sys.executable}
    done = subprocess.run(
        [SCRIPT, "--dry-run"], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout
    head, rule, *rows = done.stdout.splitlines()
    assert "no measurement" in head
    assert rule == "|---|---|"
    figures = [tuple(row.strip("| ").split(" | ")) for row in rows]
    assert len(figures) == 14
    assert not any("not measured" in figure for _, figure in figures), done.stdout
    (continued,) = (figure for what, figure in figures if what.startswith("cut replies"))
    equal, of = map(int, continued.split(" of "))
    assert equal == of > 0
