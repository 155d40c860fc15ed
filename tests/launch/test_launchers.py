"""Leaderboards as an array on a real Slurm, and on a real Ray."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from orca_eval.launch.record import is_beating
from tests.launch.conftest import Reply, Script, asked, board, by_prompt, scores, started
from tests.waiting import HANG_SECONDS, until

NO_RAY = find_spec("ray") is None and not os.environ.get("CI")
ON_SLURM = ("hydra/launcher=submitit_slurm", "hydra.launcher.cpus_per_task=1")


def test_an_array_of_which_one_is_killed_ends_with_the_tables_of_one_machine(
    slurm: dict[str, str], server: Script, of_one_machine: dict[str, str], tmp_path: Path
) -> None:
    holds = True

    def held(body: dict[str, Any]) -> Reply:
        held_back = holds and body["model"] == "m/two"
        return Reply(seconds=HANG_SECONDS) if held_back else by_prompt(body)

    server.otherwise = held
    results, log = tmp_path / "there", tmp_path / "log"
    command = board(results, server, *ON_SLURM)
    ended = started([*command, "--detach"], slurm, log)
    assert ended.wait(HANG_SECONDS) == 0, log.read_text()
    assert "submitit_slurm has 3 of 3 runs" in log.read_text()
    assert "3 of 3 runs go on (scancel " in log.read_text()
    until(lambda: len(list(results.glob("*/*/manifest.json"))) == 2)
    until(lambda: any(body["model"] == "m/two" for body in server.bodies))

    watching = started(command, slurm, log)
    until(lambda: "model.path='m/two': running" in log.read_text() or watching.poll())
    os.kill(watching.pid, signal.SIGINT)
    assert watching.wait(HANG_SECONDS) == 130
    assert "1 of 3 runs are under way" in log.read_text()
    assert "has 1 of 3" not in log.read_text()
    assert "1 of 3 runs go on (scancel " in log.read_text()

    until(lambda: len(asked(slurm, "squeue", "-h", "-r", "-o", "%i").split()) == 1)
    (job,) = asked(slurm, "squeue", "-h", "-r", "-o", "%i").split()
    asked(slurm, "scancel", job)
    until(lambda: not asked(slurm, "squeue", "-h", "-o", "%i").strip())
    holds = False
    again = started(command, slurm, log)
    assert again.wait(HANG_SECONDS) == 0, log.read_text()
    assert "submitit_slurm has 1 of 3 runs" in log.read_text()
    assert scores(results) == of_one_machine
    assert "report.html" in log.read_text()


def test_a_partition_that_is_not_there_is_one_line_and_leaves_nothing(
    slurm: dict[str, str], server: Script, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    command = board(results, server, *ON_SLURM, "hydra.launcher.partition=nowhere")
    ended = subprocess.run(
        [sys.executable, "-m", "orca_eval", *command],
        env=os.environ | slurm,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 3
    assert ended.stderr == (
        "orca-eval: hydra/launcher=submitit_slurm: sbatch: error: Batch job submission failed: "
        "Invalid partition name specified\n"
    )
    assert not ended.stdout
    assert not results.exists()
    assert not server.bodies


@pytest.mark.skipif(NO_RAY, reason="needs ray")
def test_a_leaderboard_on_ray_has_the_tables_of_one_machine(
    server: Script, of_one_machine: dict[str, str], tmp_path: Path
) -> None:
    home, log = tmp_path / "home", tmp_path / "log"
    home.mkdir()
    on_ray = ("hydra/launcher=ray", "hydra.launcher.ray.init.num_cpus=2")
    # Sockets' paths may have 107 characters, and pytest's folders are long.
    with TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as short:
        environment = {"HOME": str(home), "RAY_TMPDIR": short}
        ended = started(board(tmp_path / "there", server, *on_ray), environment, log)
        assert ended.wait(HANG_SECONDS) == 0, log.read_text()
        (launch,) = (tmp_path / "there" / ".launched").glob("launch-*/beat.json")
        until(lambda: not is_beating(json.loads(launch.read_text())))
    assert "ray has 3 of 3 runs" in log.read_text()
    assert scores(tmp_path / "there") == of_one_machine
    assert not (home / ".ray").exists()
