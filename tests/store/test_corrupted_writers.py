"""Damage at random, over many writers' files: the bench, at a size for every day."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "bench" / "store_corruption.py"


def test_no_damage_serves_a_wrong_answer_or_loses_one_in_silence() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH), "--writers", "8", "--trials", "20", "--seed", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "wrong answers served: 0" in done.stdout
