"""The trackers themselves, on this machine and without a network: what they hold afterwards.

Their packages are in an environment of their own: make trackers-test.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orca_eval.cli import main
from orca_eval.results.run import read_run
from orca_eval.trackers import hook

pytestmark = pytest.mark.filterwarnings("default")


def test_trackio_holds_scores_rates_table_and_plots_at_the_step(
    tracked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trackio = pytest.importorskip("trackio")
    storage = pytest.importorskip("trackio.sqlite_storage")
    for module in (trackio, trackio.utils, storage):
        if hasattr(module, "TRACKIO_DIR"):
            monkeypatch.setattr(module, "TRACKIO_DIR", tmp_path)
    monkeypatch.setenv("TRACKIO_PROJECT", "checkpoints")
    hook.track(tracked, "trackio")
    (name,) = storage.SQLiteStorage.get_runs("checkpoints")
    (entry,) = storage.SQLiteStorage.get_logs("checkpoints", name)
    assert entry["step"] == 1200
    gsm8k = read_run(tracked).benchmark("gsm8k")
    assert gsm8k is not None
    assert entry["gsm8k/score"] == pytest.approx(gsm8k.score)
    assert "gsm8k/extraction_rate" in entry
    assert entry["plots/benchmarks"]["_type"] == "trackio.image"
    assert entry["scores"]["_type"] == "trackio.table"
    (tracked / hook.TRACKED).unlink()


def test_mlflow_holds_the_same(
    tracked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    from mlflow.tracking import MlflowClient

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "checkpoints")
    hook.track(tracked, "mlflow")
    client = MlflowClient()
    experiment = client.get_experiment_by_name("checkpoints")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    (point,) = client.get_metric_history(run.info.run_id, "gsm8k/score")
    gsm8k = read_run(tracked).benchmark("gsm8k")
    assert gsm8k is not None
    assert (point.step, point.value) == (1200, pytest.approx(gsm8k.score))
    assert "gsm8k/extraction_rate" in run.data.metrics
    assert "<" not in run.info.run_name + "".join(run.data.params.values())
    plots = {Path(file.path).name for file in client.list_artifacts(run.info.run_id, "plots")}
    assert "benchmarks.png" in plots
    table = client.download_artifacts(run.info.run_id, "scores.json", str(tmp_path))
    assert "GSM8K" in json.loads(Path(table).read_text())["benchmark"]
    (tracked / hook.TRACKED).unlink()


def test_wandb_takes_a_run_offline(
    tracked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    hook.track(tracked, "wandb")
    assert list(tmp_path.glob("wandb/offline-run-*/run-1a2b3c4d.wandb"))
    assert (tracked / hook.TRACKED).exists()
    (tracked / hook.TRACKED).unlink()


def test_a_run_with_a_tracker_is_logged_when_it_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    script = tmp_path / "script.jsonl"
    script.write_text('{"default": true, "text": "###Final answer: {B}"}\n')
    run = ["run", "engine=replay", f"engine.script={script}", "limit=2", "tracker=mlflow"]
    assert main(run) == 0
    assert list(tmp_path.glob(f"results/*/*/{hook.TRACKED}"))
