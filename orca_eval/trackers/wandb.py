"""Weights & Biases; its own environment variables say where: WANDB_MODE, WANDB_ENTITY, …"""

import os

import wandb

from orca_eval.trackers.record import PROJECT, Record


def log(record: Record) -> None:
    """Logs a run into the project that WANDB_PROJECT names."""
    run = wandb.init(
        project=os.environ.get("WANDB_PROJECT", PROJECT),
        name=record.name,
        id=record.id,
        resume="allow",
        config=dict(record.config),
        settings=wandb.Settings(console="off", silent=True, x_disable_stats=True),
    )
    table = wandb.Table(columns=list(record.heads), data=[list(row) for row in record.rows])
    images = {f"plots/{name}": wandb.Image(str(path)) for name, path in record.plots.items()}
    run.log({**record.metrics, "scores": table, **images}, step=record.step or 0)
    run.finish()
