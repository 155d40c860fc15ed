"""Runs as Ray's tasks, on a real Ray of this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orca_eval.cli import main
from tests.launch.conftest import Script, board, scores, started
from tests.waiting import HANG_SECONDS

pytestmark = pytest.mark.skipif(
    not os.environ.get("CI") and not __import__("importlib").util.find_spec("ray"),
    reason="needs ray",
)


def test_a_leaderboard_on_ray_has_the_tables_of_one_machine(
    server: Script, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(board(tmp_path / "here", server)) == 0
    home, log = tmp_path / "home", tmp_path / "log"
    home.mkdir()
    # Sockets' paths may have 107 characters, and pytest's folders are long.
    environment = {"HOME": str(home), "RAY_TMPDIR": f"/tmp/ray-{os.getpid()}"}
    on_ray = ("hydra/launcher=ray", "hydra.launcher.ray.init.num_cpus=2")
    ended = started(board(tmp_path / "there", server, *on_ray), environment, log)
    assert ended.wait(HANG_SECONDS) == 0, log.read_text()
    assert "ray has 3 of 3 runs" in log.read_text()
    assert scores(tmp_path / "there") == scores(tmp_path / "here")
    assert not (home / ".ray").exists()
