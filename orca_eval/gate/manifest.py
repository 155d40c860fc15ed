"""A run's manifest as far as the gate needs it: what must agree, and what is only worth saying."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from orca_eval.results import manifest
from orca_eval.results.reading import MANIFEST
from orca_eval.stats import Aggregate

# Without a manifest: AGIEval and BBH are means of task means, every other benchmark is pooled.
_MEANS_OF_TASKS = frozenset({"agieval", "bbh"})
_BENCHMARK_KEYS = ("data_sha256", "content_sha256", "task_versions", "aggregate")
_ENGINE_KEYS = ("name", "version", "dtype", "quantization")


@dataclass(frozen=True, slots=True)
class Manifest:
    """manifest.json as a mapping, read with tolerance: a key that is not there is None."""

    content: Mapping[str, Any]

    def get(self, *keys: str) -> Any:
        """The value at a path of keys, or None."""
        value: Any = self.content
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    @property
    def extractor_version(self) -> str | None:
        """The extractor that made the scores."""
        value = self.get("extractor_version")
        return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the manifests at hand say about benchmarks; runs without one are judged by name."""

    manifests: tuple[Manifest, ...]

    def aggregate(self, benchmark: str) -> Aggregate:
        """The kind of a benchmark's score."""
        kind = self._first(benchmark, "aggregate")
        if kind is None:
            return "mean_of_tasks" if benchmark in _MEANS_OF_TASKS else "pooled"
        return cast(Aggregate, kind)

    def full_n(self, benchmark: str) -> int | None:
        """How many samples the benchmark's whole test set has."""
        value = self._first(benchmark, "full_n")
        return value if isinstance(value, int) else None

    def _first(self, benchmark: str, key: str) -> Any:
        found = (manifest.get("benchmarks", benchmark, key) for manifest in self.manifests)
        return next((value for value in found if value is not None), None)


def read_manifest(folder: Path) -> Manifest | None:
    """manifest.json of a run folder; None where there is none. InputError where it is damaged."""
    if not (folder / MANIFEST).exists():
        return None
    return Manifest(manifest.read_manifest(folder))


def disagreements(baseline: Manifest, candidate: Manifest, benchmarks: list[str]) -> list[str]:
    """What forbids a comparison: other data, prompt, sampling, task version or kind of score."""
    paths = [("prompt", "name"), ("prompt", "system_message"), ("sampling",)]
    for name in benchmarks:
        paths += [("benchmarks", name, key) for key in _BENCHMARK_KEYS]
    return _differing(baseline, candidate, paths)


def cautions(baseline: Manifest, candidate: Manifest) -> list[str]:
    """What may explain a difference without forbidding the comparison."""
    paths: list[tuple[str, ...]] = [("engine", key) for key in _ENGINE_KEYS]
    paths += [("limit",), ("over_long",), ("orca_eval_version",)]
    return _differing(baseline, candidate, paths)


def _differing(baseline: Manifest, candidate: Manifest, paths: list[tuple[str, ...]]) -> list[str]:
    found = []
    for path in paths:
        before, after = baseline.get(*path), candidate.get(*path)
        one_sided = before is None or after is None
        # Without a value nothing was recorded, but no limit and no quantization are values.
        if before == after or (one_sided and path[-1] not in ("limit", "quantization")):
            continue
        found.append(f"{'.'.join(path)}: baseline {_show(before)}, candidate {_show(after)}")
    return found


def _show(value: Any) -> str:
    text = "none" if value is None else json.dumps(value, sort_keys=True)
    return text if len(text) <= 120 else text[:119] + "…"
