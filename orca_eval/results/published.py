"""The papers' own rows: figures with provenance that may stand beside full runs, marked as such."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

from orca_eval.names import ids_by_display
from orca_eval.numbers import mean
from orca_eval.paths import PUBLISHED
from orca_eval.results.typed_scores import read_typed_scores

SOURCE = "Orca 2, arXiv 2311.11045"
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


@cache
def published_models(folder: Path = PUBLISHED) -> Mapping[str, PublishedModel]:
    """Every model that the folder's files have scores of on our benchmarks, by its printed name."""
    ids = ids_by_display()
    scores: dict[str, dict[str, Fraction]] = {}
    provenance: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.csv")):
        table = read_typed_scores(path)
        ours = [item for item in table.items if table.layout == "model" and item in ids]
        for (model, item), cell in table.cells.items():
            if item in ours:
                scores.setdefault(model, {})[ids[item]] = Fraction(cell)
        for model, text in table.provenance.items():
            if ours:
                provenance.setdefault(model, []).append(f"{', '.join(ours)}: {text}")
    return {
        model: PublishedModel(model, cells, tuple(sorted(provenance.get(model, ()))))
        for model, cells in scores.items()
    }


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
