"""Scores that papers print, with their provenance: rows beside full runs, baselines of the gate."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from statistics import mean

from orca_eval.names import ids_by_display
from orca_eval.paths import PUBLISHED
from orca_eval.results.typed_scores import read_typed_scores

SOURCE = "Orca 2, arXiv 2311.11045"
_FILES = ("orca2_reasoning.csv", "orca2_knowledge.csv")
_CAUTIOUS = " w/ cautious sm"
# Parts of checkpoint names that papers leave out: release numbers and file formats.
_NOISE = re.compile(r"v\d.*|hf|gguf|chatml|microsoft|meta|wizardlmteam")


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A model's printed scores in percent, by benchmark id."""

    label: str
    scores: Mapping[str, Fraction]
    provenance: tuple[str, ...]

    def average(self, members: Iterable[str]) -> Fraction | None:
        """The unweighted mean of the members; None where one was not printed."""
        values = [self.scores.get(member) for member in members]
        known = [value for value in values if value is not None]
        return mean(known) if known and len(known) == len(values) else None


def read_published(paths: Iterable[Path]) -> dict[str, PublishedModel]:
    """Every model of these files by its printed name; files of tasks and others' columns are left.

    Raises InputError for a file that can't be read.
    """
    ids = ids_by_display()
    scores: dict[str, dict[str, Fraction]] = {}
    provenance: dict[str, list[str]] = {}
    for path in paths:
        table = read_typed_scores(path)
        if table.layout == "task":
            continue
        for (model, item), cell in table.cells.items():
            if item in ids:
                scores.setdefault(model, {})[ids[item]] = Fraction(cell)
        for model, text in table.provenance.items():
            provenance.setdefault(model, []).append(f"{', '.join(table.items)}: {text}")
    return {
        model: PublishedModel(model, cells, tuple(provenance.get(model, ())))
        for model, cells in scores.items()
    }


@cache
def published_models() -> Mapping[str, PublishedModel]:
    """Every model of the Orca 2 paper's tables, by its printed name."""
    return read_published(PUBLISHED / name for name in _FILES)


def counterpart(model: str, prompt: str) -> PublishedModel | None:
    """The printed row of the same model and prompt, whatever the spelling; None without one."""
    if prompt not in ("empty", "cautious"):
        return None
    wanted = _spelling(model.rsplit("/", 1)[-1])
    for label, published in published_models().items():
        cautious = label.endswith(_CAUTIOUS)
        if cautious == (prompt == "cautious") and _spelling(label) == wanted:
            return published
    return None


def _spelling(name: str) -> frozenset[str]:
    words = re.split(r"[-_ ]+", name.removesuffix(_CAUTIOUS).lower())
    return frozenset(word for word in words if word and not _NOISE.fullmatch(word))
