"""A launch's own process, which outlives the command: it hands runs to the launcher and waits.

python -m orca_eval.launch.submit FOLDER
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from orca_eval.config import overrides as ov
from orca_eval.config.compose import for_hydra
from orca_eval.errors import InputError
from orca_eval.launch import launcher
from orca_eval.launch.queue import job_ids
from orca_eval.launch.record import (
    BEAT,
    LAUNCH,
    Job,
    beating,
    of_this_process,
    read_record,
)
from orca_eval.results.folder import write_json, write_text

PROBLEM, LOG = "problem", "log"
POLL_SECONDS = 0.1

_left_alone: list[subprocess.Popen[bytes]] = []
"""Nobody waits for them, and Python warns of one that it forgets."""


def submit(jobs: Sequence[Job], typed: Sequence[str]) -> Path:
    """Starts a launch of these runs in a process of its own; its folder, once they are taken.

    Raises:
        InputError: the launcher does not take them.
    """
    folder = jobs[0].folder.parent / f"launch-{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    write_json(
        folder / LAUNCH,
        {
            "launcher": list(typed),
            "runs": [for_hydra("run", job.overrides) for job in jobs],
            "records": [str(job.folder) for job in jobs],
        },
    )
    for index, job in enumerate(jobs):
        job.hand_to(folder.name, index)
    write_json(folder / BEAT, {"time": time.time()})  # until the process has one of its own
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "orca_eval.launch.submit", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is the command's, and it may be left alone
            env={**_of_ray(typed), **os.environ},
        )
    _left_alone.append(process)
    while process.poll() is None and not _is_taken(folder, jobs):
        time.sleep(POLL_SECONDS)
    if process.poll() and not _is_taken(folder, jobs):
        problem = _text(folder / PROBLEM) or f"it ended; {folder / LOG} says why"
        for job in jobs:
            job.take_back()
        if (folder / PROBLEM).is_file():
            shutil.rmtree(folder)
            for empty in (folder.parent, folder.parent.parent):
                with contextlib.suppress(OSError):  # something lies there
                    empty.rmdir()
        raise InputError(f"{launcher.CHOICE}={launcher.name_of(typed)}: {problem}")
    return folder


def _of_ray(typed: Sequence[str]) -> dict[str, str]:
    """What keeps Ray from reporting its use, and a cluster of this launch alone from leaving its
    key in the home folder."""
    quiet = {"RAY_USAGE_STATS_ENABLED": "0"}
    joins = any(ov.key_of(each).endswith("ray.init.address") for each in typed)
    own = joins or (Path.home() / ".ray" / "auth_token").exists()
    named = any(name.startswith("RAY_AUTH") for name in os.environ)
    return quiet if own or named else {**quiet, "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def _is_taken(folder: Path, jobs: Sequence[Job]) -> bool:
    """Whether the launcher has them: in a queue, or at work."""
    return bool(job_ids(folder)) or any(job.beat() or job.result() for job in jobs)


def _text(path: Path) -> str:
    return path.read_text("utf-8").strip() if path.is_file() else ""


def main(folder: Path) -> int:
    """Hands the folder's runs to its launcher; 1 where that fails, which a file there says."""
    told = read_record(folder / LAUNCH)
    try:
        with beating(folder / BEAT, **of_this_process()):
            launcher.launch(
                told["launcher"], told["runs"], folder, [Path(each) for each in told["records"]]
            )
    except Exception as error:  # a plugin and what it calls raise anything
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        write_text(folder / PROBLEM, (lines or [type(error).__name__])[-1])
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
