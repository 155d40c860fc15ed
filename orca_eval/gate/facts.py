"""What a comparison has to know of its benchmarks, from the manifests or the task files."""

from __future__ import annotations

from dataclasses import dataclass

from orca_eval.benchmarks.specs import read_specs
from orca_eval.results.manifest import BenchmarkEntry, Manifest
from orca_eval.types import Aggregate


@dataclass(frozen=True, slots=True)
class Facts:
    """Runs without a manifest are judged by their benchmarks' task files."""

    manifests: tuple[Manifest, ...]

    def aggregate(self, benchmark: str) -> Aggregate:
        """The kind of a benchmark's score."""
        for entry in self._entries(benchmark):
            if "aggregate" in entry.model_fields_set:
                return entry.aggregate
        spec = read_specs().get(benchmark)
        return spec.aggregate if spec else "pooled"

    def full_n(self, benchmark: str) -> int | None:
        """How many samples the benchmark's whole test set has."""
        sizes = (entry.full_n for entry in self._entries(benchmark))
        return next((size for size in sizes if size is not None), None)

    def _entries(self, benchmark: str) -> list[BenchmarkEntry]:
        found = (manifest.benchmarks.get(benchmark) for manifest in self.manifests)
        return [entry for entry in found if entry is not None]
