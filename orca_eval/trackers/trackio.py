"""Trackio: on this machine, or on a Space that TRACKIO_SPACE_ID names."""

import os

import trackio

from orca_eval.trackers.record import PROJECT, Record


def log(record: Record) -> None:
    """Logs a run into the project that TRACKIO_PROJECT names."""
    trackio.init(
        project=os.environ.get("TRACKIO_PROJECT", PROJECT),
        name=f"{record.name} {record.id}",
        space_id=os.environ.get("TRACKIO_SPACE_ID"),
        config=dict(record.config),
        resume="allow",
        embed=False,
        auto_log_gpu=False,
        auto_log_cpu=False,
    )
    try:
        table = trackio.Table(columns=list(record.heads), data=[list(row) for row in record.rows])
        images = {f"plots/{name}": trackio.Image(path) for name, path in record.plots.items()}
        trackio.log({**record.metrics, "scores": table, **images}, step=record.step or 0)
    finally:
        trackio.finish()
