"""Several runs from one command: mistakes before any of them, and who gets which GPU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orca_eval.cli import main
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.schema import RunConfig
from orca_eval.errors import InputError
from orca_eval.launch import gpus, launcher, local
from orca_eval.launch.follow import Watch
from orca_eval.launch.job import RunResult
from orca_eval.launch.record import BEAT, LAUNCH, Job, job_of, write_result
from orca_eval.results.folder import write_json


def board_of(*more: str) -> list[str]:
    return ["leaderboard", "models=m/a,m/b", "engine=replay", "engine.script=x.jsonl", *more]


# --- mistakes -------------------------------------------------------------------------------------

SLURM = "hydra/launcher=submitit_slurm"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["hydra/launcher=submitit_slrm"], "no such launcher; did you mean submitit_slurm"),
        (["hydra/launcher=rq"], "not installed; pip install hydra-rq-launcher"),
        (["hydra.launcher.n_jobs=2"], "give hydra/launcher=NAME too"),
        (["hydra/launcher=basic", "parallel=2"], "parallel=2 is for this machine"),
        (["--detach"], "give hydra/launcher=NAME too"),
        (["parallel=0"], "parallel=0: a whole number of at least 1 is wanted"),
        (["detach=maybe"], "detach=maybe: true or false is wanted"),
        ([SLURM, "hydra.launcher.partitoin=x"], "did you mean hydra.launcher.partition"),
        ([SLURM, "hydra.launcher.timeout_min=long"], "'long' of type 'str' could not be converted"),
        (["hydra.sweep.dir=x"], "unknown key 'hydra.sweep.dir'"),
    ],
)
def test_a_launchers_mistake_is_one_line_before_any_run(
    typed: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (board_of(*typed), ["run", "-m", "model.path=m/a,m/b", *typed]):
        assert main(command) == 3
        (line,) = capfd.readouterr().err.splitlines()
        assert says in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "extra"), [("submitit_slurm", "slurm"), ("ray", "ray")])
def test_a_launcher_that_is_not_installed_is_one_line(
    name: str,
    extra: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(launcher, "there", lambda: ["basic"])
    assert main(board_of(f"hydra/launcher={name}")) == 3
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"orca-eval: hydra/launcher={name} is not installed; pip install ")
    assert f"[{extra}]" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["hydra/launcher=basic", "parallel=2"])
def test_what_is_for_several_runs_needs_several(
    key: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "model.path=m/a", key]) == 3
    (line,) = capfd.readouterr().err.splitlines()
    assert "is for several runs: orca-eval run -m" in line


# --- GPUs: CUDA_VISIBLE_DEVICES stands in for those of a machine ----------------------------------


def config(*overrides: str) -> RunConfig:
    return run_config(compose_verb("run", ["model.path=m/a", *overrides]))


@pytest.mark.parametrize(
    ("devices", "overrides", "runs", "parallel", "expected"),
    [
        ("0,1,2,3", ["engine=vllm"], 8, None, ["0", "1", "2", "3"]),
        ("0,1,2,3", ["engine=vllm"], 2, None, ["0", "1"]),
        ("4,5,6,7", ["engine=vllm", "engine.tensor_parallel_size=2"], 8, None, ["4,5", "6,7"]),
        ("0,1,2", ["engine=vllm", "engine.tensor_parallel_size=2"], 8, None, ["0,1"]),
        ("0,1,2,3", ["engine=vllm"], 8, 2, ["0", "1"]),
        ("0,1", ["engine=lm_eval"], 8, None, ["0", "1"]),
        ("GPU-ab,GPU-cd", ["engine=vllm"], 2, None, ["GPU-ab", "GPU-cd"]),
        ("0", ["engine=vllm", "engine.tensor_parallel_size=2"], 8, None, [None]),
        ("", ["engine=vllm"], 8, None, [None]),
        ("-1", ["engine=vllm"], 8, 3, [None, None, None]),
        ("0,1", ["engine=llama_cpp"], 8, None, [None]),
        ("0,1", ["engine=llama_cpp"], 8, 2, [None, None]),
        (
            "0,1,2,3",
            ["engine=vllm", "judge.engine=vllm", "judge.model.path=m/j", "judge.resident=true"],
            8,
            None,
            ["0,1", "2,3"],
        ),
    ],
)
def test_as_many_runs_go_side_by_side_as_the_gpus_hold(
    devices: str,
    overrides: list[str],
    runs: int,
    parallel: int | None,
    expected: list[str | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(gpus.VARIABLE, devices)
    assert gpus.places([config(*overrides)] * runs, parallel) == expected


def test_more_runs_than_the_gpus_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(gpus.VARIABLE, "0,1,2")
    wide = config("engine=vllm", "engine.tensor_parallel_size=2")
    with pytest.raises(InputError, match="each run takes 2 of the 3 GPUs here, so at most 1 go"):
        gpus.places([wide] * 4, 2)


@pytest.mark.parametrize(
    ("devices", "overrides", "replicas"),
    [
        ("0,1,2,3", ["engine=vllm"], 4),
        ("0,1,2,3", ["engine=vllm", "engine.tensor_parallel_size=2"], 2),
        ("0,1,2,3", ["engine=vllm", "engine.data_parallel_size=2"], 0),
        ("0", ["engine=vllm"], 0),
        ("0,1", ["engine=llama_cpp"], 0),
    ],
)
def test_a_run_alone_gets_replicas(
    devices: str, overrides: list[str], replicas: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(gpus.VARIABLE, devices)
    assert gpus.replicas_of_one(config(*overrides)) == replicas


def test_each_run_sees_its_own_gpus_and_all_are_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(gpus.VARIABLE, "0,1")
    monkeypatch.setattr(local, "_run_in_process", _tell_devices)
    runs = [[f"model.path=m/{each}", "engine=vllm"] for each in range(4)]
    told = [result.problem for result in local.run_here(runs, None)]
    assert sorted(set(told)) == ["0", "1"]
    assert len(told) == 4


def _tell_devices(
    overrides: tuple[str, ...], _quiet: bool, devices: str, apart: Path, results: Any
) -> None:
    for name in (local.OUT, local.ERR):
        (apart / name).write_text("")
    results.send(RunResult(overrides, None, 1, devices))


# --- side by side, for real -----------------------------------------------------------------------


def test_runs_side_by_side_tell_what_each_printed_in_order(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": "The answer is A."}) + "\n")
    shared = ["engine=replay", f"engine.script={script}", f"results_dir={tmp_path / 'results'}"]
    shared += ["suite.quickstart=true", "suite.benchmarks=crass", "report.samples=false"]
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "c").write_text("a file where the run's folder should be")
    assert main(["run", "-m", "model.path=m/a,m/b,m/c", "parallel=3", *shared]) == 3
    output = capfd.readouterr()
    assert output.out.index("\n  a ·") < output.out.index("\n  b ·")
    assert [line.partition(":")[0] for line in output.err.splitlines() if "run " in line[:4]] == [
        f"run {number} of 3" for number in (1, 2, 3)
    ]
    assert "failed: model.path=m/c" in output.err
    assert len(list((tmp_path / "results").glob("*/*/manifest.json"))) == 2


# --- what is known of a launched run --------------------------------------------------------------


@pytest.fixture
def job(tmp_path: Path) -> Job:
    overrides = ["model.path=m/a", f"results_dir={tmp_path}"]
    return job_of(overrides, compose_verb("run", overrides))


def test_a_run_is_known_by_its_config_alone(job: Job, tmp_path: Path) -> None:
    alike = [f"results_dir={tmp_path}", "model.path=m/a", "parallel=3"]
    other = [f"results_dir={tmp_path}", "model.path=m/b"]
    assert job_of(alike, compose_verb("run", alike)).folder == job.folder
    assert job_of(other, compose_verb("run", other)).folder != job.folder


def test_how_far_a_run_is_can_be_seen_in_its_files(job: Job, tmp_path: Path) -> None:
    watch = Watch()
    assert watch.phase(job) == "new"
    job.hand_to("launch-1", 0)
    assert watch.phase(job) == "lost"
    launch = job.folder.parent / "launch-1"
    launch.mkdir()
    write_json(launch / BEAT, {"time": 4e9})
    assert watch.phase(job) == "waiting"
    write_json(launch / BEAT, {"time": 0})
    write_json(job.folder / BEAT, {"time": 4e9, "host": "elsewhere", "pid": 1})
    assert watch.phase(job) == "running"
    write_json(job.folder / BEAT, {"time": 0})
    assert watch.phase(job) == "lost"
    write_result(job.folder, RunResult((), tmp_path, 0))
    assert watch.phase(job) == "finished"
    write_result(job.folder, RunResult((), None, 1, "no room"))
    assert watch.phase(job) == "failed"
    (job.folder / LAUNCH).write_text("{torn")
    job.hand_to("launch-2", 0)
    assert watch.phase(job) == "lost"
