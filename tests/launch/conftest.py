"""A Slurm of one node on loopback, and a server whose answers can be held back."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orca_eval.cli import main
from tests.waiting import HANG_SECONDS, until

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engines"))
from fault_server import Reply, Script, answer, serve

MODELS = ("one", "two", "three")
CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
SwitchType=switch/none
KillWait=5
SchedulerParameters=sched_interval=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=2000 State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports: list[int] = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the environment of Slurm's commands has; a session's own controller and node."""
    if not (shutil.which("slurmctld") and shutil.which("slurmd")):
        assert not os.environ.get("CI"), "slurmctld and slurmd are missing"
        pytest.skip("needs slurmctld and slurmd")
    folder = tmp_path_factory.mktemp("slurm")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    host = socket.gethostname().partition(".")[0]
    told = {"host": host, "ports": free_ports(2), "user": "root", "folder": folder}
    (folder / "slurm.conf").write_text(CONF.format(**told))
    environment = {"SLURM_CONF": str(folder / "slurm.conf")}
    with (folder / "log").open("wb") as log:
        daemons = [
            subprocess.Popen(
                command, env=os.environ | environment, stdout=log, stderr=subprocess.STDOUT
            )
            for command in (["slurmctld", "-D"], ["slurmd", "-D", "-N", host])
        ]
        try:
            until(lambda: "idle" in asked(environment, "sinfo", "-h", "-o", "%T"))
            yield environment
        finally:
            asked(environment, "scancel", "-u", "root")
            for daemon in daemons:
                daemon.terminate()
            for daemon in daemons:
                daemon.wait(HANG_SECONDS)


def asked(environment: dict[str, str], *command: str) -> str:
    """What a command of Slurm's prints."""
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    ).stdout


def by_prompt(body: dict[str, Any]) -> Reply:
    letter = "ABCD"[len(body["messages"][-1]["content"]) % 4]
    usage = {"prompt_tokens": 400, "completion_tokens": 3}
    return Reply(body=answer(f"###Final answer: {letter}") | {"usage": usage})


@pytest.fixture
def server() -> Iterator[Script]:
    """Serves three models alike."""
    with serve() as script:
        script.models = Reply(body={"data": [{"id": f"m/{name}"} for name in MODELS]})
        script.otherwise = by_prompt
        yield script


def board(results: Path, server: Script, *more: str) -> list[str]:
    """The command of a leaderboard of the three models."""
    return [
        *("leaderboard", "models=m/one,m/two,m/three", f"results_dir={results}"),
        *("engine=openai", f"engine.base_url={server.url}", "report.samples=false"),
        *("suite.quickstart=true", "suite.benchmarks=arc_easy,crass", *more),
    ]


def scores(results: Path) -> dict[str, str]:
    """Every model's scores, as they are written."""
    found = {path.parent.parent.name: path.read_text() for path in results.glob("*/*/scores.csv")}
    assert set(found) == set(MODELS)
    return found


@pytest.fixture(scope="session")
def of_one_machine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The scores of the leaderboard on this machine, side by side."""
    results = tmp_path_factory.mktemp("here")
    with serve() as script:
        script.models = Reply(body={"data": [{"id": f"m/{name}"} for name in MODELS]})
        script.otherwise = by_prompt
        assert main(board(results, script, "parallel=2")) == 0
    return scores(results)


# What is started in the background is deaf to Ctrl-C.
HEEDING = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('orca_eval', run_name='__main__', alter_sys=True)"
)


def started(command: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """The command in a process of its own."""
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-c", HEEDING, *command],
            env=os.environ | environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
