"""Scores that papers print, as a baseline: fixed numbers with nothing to pair."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orca_eval.errors import InputError
from orca_eval.gate.policy import nearest
from orca_eval.names import ids_by_display

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
    scores: dict[str, dict[str, float]] = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if "model" in row:
                    scores.setdefault(row["model"], {}).update(_scores(row))
    known = {name for name, cells in scores.items() if cells}
    if model not in known:
        raise InputError(f"{PREFIX}{model}: no such published model, {nearest(model, known)}")
    return Published(model, scores[model])


def _scores(row: Mapping[str, str]) -> dict[str, float]:
    ids = ids_by_display()
    return {
        ids[column]: float(text) / 100 for column, text in row.items() if column in ids and text
    }
