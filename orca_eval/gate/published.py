"""Scores that papers print, as a baseline: fixed numbers with nothing to pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orca_eval.config.nearest import hint
from orca_eval.errors import InputError
from orca_eval.names import ids_by_display
from orca_eval.results.typed_scores import read_typed_scores

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
    ids = ids_by_display()
    scores: dict[str, dict[str, float]] = {}
    for path in sorted(folder.glob("*.csv")):
        typed = read_typed_scores(path)
        for (name, item), cell in typed.cells.items():
            if typed.layout == "model" and item in ids:
                scores.setdefault(name, {})[ids[item]] = float(cell) / 100
    if model not in scores:
        raise InputError(f"{PREFIX}{model}: no such published model, {hint(model, sorted(scores))}")
    return Published(model, scores[model])
