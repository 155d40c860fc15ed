"""Runs as Ray's tasks, on a real Ray of this machine."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.launch.conftest import Script, board, scores, started
from tests.waiting import HANG_SECONDS

missing = find_spec("ray") is None and not os.environ.get("CI")
pytestmark = pytest.mark.skipif(missing, reason="needs ray")


def test_a_leaderboard_on_ray_has_the_tables_of_one_machine(
    server: Script, of_one_machine: dict[str, str], tmp_path: Path
) -> None:
    home, log = tmp_path / "home", tmp_path / "log"
    home.mkdir()
    # Sockets' paths may have 107 characters, and pytest's folders are long.
    environment = {"HOME": str(home), "RAY_TMPDIR": f"/tmp/ray-{os.getpid()}"}
    on_ray = ("hydra/launcher=ray", "hydra.launcher.ray.init.num_cpus=2")
    ended = started(board(tmp_path / "there", server, *on_ray), environment, log)
    assert ended.wait(HANG_SECONDS) == 0, log.read_text()
    assert "ray has 3 of 3 runs" in log.read_text()
    assert scores(tmp_path / "there") == of_one_machine
    assert not (home / ".ray").exists()
