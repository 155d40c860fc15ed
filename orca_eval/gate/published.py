"""Scores that papers print, as a baseline: fixed numbers with nothing to pair."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orca_eval.config.nearest import hint
from orca_eval.errors import InputError

PREFIX = "published:"

_COLUMNS = {
    "AGIEval": "agieval",
    "BBH": "bbh",
    "DROP": "drop",
    "CRASS": "crass",
    "RACE": "race",
    "GSM8K": "gsm8k",
    "MMLU": "mmlu",
    "ARC-Easy": "arc_easy",
    "ARC-Challenge": "arc_challenge",
    "HellaSwag": "hellaswag",
}


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
    known = sorted(name for name, cells in scores.items() if cells)
    if model not in known:
        raise InputError(f"{PREFIX}{model}: no such published model, {hint(model, known)}")
    return Published(model, scores[model])


def _scores(row: Mapping[str, str]) -> dict[str, float]:
    return {
        benchmark: float(row[column]) / 100
        for column, benchmark in _COLUMNS.items()
        if row.get(column)
    }
