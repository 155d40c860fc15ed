"""Scores that papers print, as a baseline: fixed numbers with nothing to pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orca_eval.config.nearest import hint
from orca_eval.errors import InputError
from orca_eval.results.published import published_models

PREFIX = "published:"


@dataclass(frozen=True, slots=True)
class Published:
    """One model's printed scores, as shares of 1 by benchmark id."""

    model: str
    scores: Mapping[str, float]


def read_published(model: str, folder: Path) -> Published:
    """The printed scores of `model` from all CSV files in `folder` with a column `model`.

    Raises InputError for a model that no file has.
    """
    models = published_models(folder)
    if model not in models:
        raise InputError(f"{PREFIX}{model}: no such published model, {hint(model, sorted(models))}")
    scores = models[model].scores
    return Published(model, {name: float(score) / 100 for name, score in scores.items()})
