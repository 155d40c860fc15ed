"""Slurm's queue, asked by the ids that submitit's files have: what waits or runs there, whoever
submitted it and whether that process still lives."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

SUBMITTED = ".submitit/*/*_submitted.pkl"
ASK_SECONDS = 2.0
LONGEST_SECONDS = 30.0


def job_ids(folder: Path) -> list[str]:
    """The ids of a launch's jobs, `12_0` in an array; none where no queue has them."""
    return sorted(path.parent.name for path in folder.glob(SUBMITTED))


class Queue:
    """Which runs of each launch are in Slurm's queue; asked every few seconds."""

    def __init__(self) -> None:
        self._found: dict[Path, tuple[float, set[int] | None]] = {}

    def of(self, folder: Path) -> set[int] | None:
        """The runs' places among the launch's; None where Slurm does not tell."""
        asked, found = self._found.get(folder, (0.0, None))
        if time.monotonic() - asked >= ASK_SECONDS:
            found = _queued(folder)
            self._found[folder] = time.monotonic(), found
        return found


def _queued(folder: Path) -> set[int] | None:
    arrays = {name.partition("_")[0] for name in job_ids(folder)}
    if not arrays or not shutil.which("squeue"):
        return None
    command = ["squeue", "--noheader", "--array", f"--jobs={','.join(arrays)}", "--format=%i"]
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    if told.returncode:
        return set() if "Invalid job id" in told.stderr else None
    return {int(name.partition("_")[2] or 0) for name in told.stdout.split()}
