"""Runs at once on a network file system, or its stand-in, killed at random: the bench, at a size
for every day."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_killed_runs_ask_nothing_again_and_end_with_the_same_scores() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.many_writers", "--runs", "3", "--kills", "3"),
            *("suite=bbh", "suite.quickstart=true"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "scores equal to the undisturbed runs': True" in done.stdout
