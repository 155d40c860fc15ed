"""MLflow, at MLFLOW_TRACKING_URI."""

import os
import time

from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

from orca_eval.trackers.record import PROJECT, Record

MOST_TEXT = 500  # characters of a parameter, which older servers refuse beyond


def log(record: Record) -> None:
    """Logs a run into the experiment that MLFLOW_EXPERIMENT_NAME names."""
    client = MlflowClient()
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
    known = client.get_experiment_by_name(name)
    experiment = known.experiment_id if known else client.create_experiment(name)
    run = client.create_run(experiment, run_name=record.name).info.run_id
    now, step = int(time.time() * 1000), record.step or 0
    client.log_batch(
        run,
        metrics=[Metric(key, value, now, step) for key, value in record.metrics.items()],
        params=[Param(key, str(value)[:MOST_TEXT]) for key, value in record.config.items()],
    )
    columns = zip(*record.rows, strict=True)
    table = {head: list(cells) for head, cells in zip(record.heads, columns, strict=True)}
    client.log_dict(run, table, "scores.json")
    for path in record.plots.values():
        client.log_artifact(run, str(path), "plots")
    client.set_terminated(run)
