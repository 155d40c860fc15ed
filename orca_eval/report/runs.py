"""Finished runs as typed data, read from their folders."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from orca_eval.aggregate import ScoreRow
from orca_eval.errors import InputError
from orca_eval.results.manifest import read_manifest
from orca_eval.results.reading import MANIFEST, RESCORED, SAMPLES
from orca_eval.results.samples import read_samples, sample_parts
from orca_eval.results.scores import read_scores
from orca_eval.score_kind import is_as_sampled, score_kind

EMPTY_PROMPT = "empty"
_PROMPTS = {EMPTY_PROMPT: "", "cautious": " w/ cautious sm"}
_KEY = ["benchmark", "task", "doc_id", "doc_hash"]
_RATES = ("extraction_rate", "truncation_rate", "empty_rate")


@dataclass(frozen=True, slots=True)
class Score:
    """A row of scores.csv. Everything but `n` is a share of 1; None where it is empty."""

    n: int
    score: float | None
    low: float | None
    high: float | None
    rates: Mapping[str, float]
    f1: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class BenchmarkRun:
    """What the manifest says of a benchmark. `documents` is a digest of the samples' documents."""

    id: str
    alias: str
    tasks: int
    n: int
    full_n: int | None
    excluded: int
    data_sha256: str
    task_versions: str
    aggregate: str
    caveats: tuple[str, ...]
    documents: str
    skipped: int

    @property
    def kind(self) -> str:
        """What the score is over the tasks; empty for a single task."""
        return score_kind(self.aggregate, self.tasks, self.n, self.full_n)

    @property
    def as_sampled(self) -> bool:
        """Whether the score needs the footnote `AS_SAMPLED`."""
        return is_as_sampled(self.aggregate, self.tasks, self.n, self.full_n)


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run. `manifest` is the whole of it, for the parts that are only shown."""

    folder: Path
    label: str
    model: str
    prompt: str
    quickstart: bool
    limit: int | None
    parameters: float | None
    benchmarks: Mapping[str, BenchmarkRun]
    averages: Mapping[str, tuple[str, ...]]
    scores: Mapping[tuple[str, str, str], Score]
    manifest: Mapping[str, Any] = field(repr=False)

    def benchmark(self, benchmark: str) -> Score | None:
        """The benchmark's score."""
        return self.scores.get(("benchmark", benchmark, ""))

    def average(self, name: str) -> Score | None:
        """The named average's score."""
        return self.scores.get(("average", name, ""))

    def tasks(self, benchmark: str) -> dict[str, Score]:
        """The scores of the benchmark's tasks, by task."""
        return {
            task: score
            for (level, name, task), score in self.scores.items()
            if level == "task" and name == benchmark
        }

    @property
    def full(self) -> bool:
        """Whether the run's scores are scores of whole benchmarks."""
        return self.limit is None and not self.quickstart

    @property
    def extent(self) -> str:
        """What is to be said wherever a score of a run that is not full appears."""
        if self.quickstart:
            return "quickstart items, not benchmark scores"
        return f"limit={self.limit}" if self.limit is not None else ""

    def samples(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Columns of samples.parquet; all of them by default."""
        return read_samples(self.samples_path, columns)

    def sample_parts(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The same, a row group at a time: whole columns of texts would fill the memory."""
        return sample_parts(self.samples_path, columns)

    @property
    def samples_path(self) -> Path:
        """samples.parquet."""
        return self.folder / SAMPLES


def read_runs(paths: Sequence[Path]) -> list[Run]:
    """The runs of these folders, in order; a folder of runs stands for all that finished in it,
    as they were scored: a rescored copy is another run only where its own folder is given.

    Raises:
        InputError: a folder that holds no finished run, or one that can't be read.
    """
    folders = dict.fromkeys(folder for path in paths for folder in _run_folders(path))
    if not folders:
        raise InputError("runs=[]: no run given; name finished runs' folders, or from=FILE.csv")
    return _distinct([read_run(folder) for folder in folders])


def read_run(folder: Path) -> Run:
    """One run. InputError names the file and what is wrong with it."""
    manifest = read_manifest(folder)
    model, prompt = _mapping(manifest, "model"), _mapping(manifest, "prompt")
    name = str(model.get("name") or folder.parent.name)
    prompt_name = str(prompt.get("name") or EMPTY_PROMPT)
    limit = manifest.get("limit")
    parameters = model.get("parameters")
    return Run(
        folder=folder,
        label=name + _PROMPTS.get(prompt_name, f" w/ prompt {prompt_name}"),
        model=name,
        prompt=prompt_name,
        quickstart=bool(manifest.get("quickstart")),
        limit=int(limit) if isinstance(limit, int) else None,
        parameters=float(parameters) if isinstance(parameters, int | float) else None,
        benchmarks=_benchmarks(folder, manifest),
        averages=_averages(manifest),
        scores=_scores(folder),
        manifest=manifest,
    )


def _run_folders(path: Path) -> Iterable[Path]:
    if (path / MANIFEST).is_file():
        return [path]
    if not path.is_dir():
        raise InputError(f"runs: {path} is not a folder; give a run's folder")
    found = sorted(
        manifest.parent
        for manifest in path.glob(f"**/{MANIFEST}")
        if RESCORED not in manifest.relative_to(path).parts
    )
    if not found:
        raise InputError(f"runs: {path} holds no finished run (no {MANIFEST}); finish it first")
    return found


def _distinct(runs: list[Run]) -> list[Run]:
    """Labels told apart by the folder's name where model and prompt are the same."""
    labels = [run.label for run in runs]
    named = [
        replace(run, label=f"{run.label} ({run.folder.name})")
        if labels.count(run.label) > 1
        else run
        for run in runs
    ]
    return [
        replace(run, label=f"{run.label} #{number}")
        if [other.label for other in named].count(run.label) > 1
        else run
        for number, run in enumerate(named, start=1)
    ]


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _averages(manifest: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Members by the average's name as scores.csv has it: with the number of members."""
    averages = {}
    for average in manifest.get("averages") or []:
        members = tuple(map(str, average.get("benchmarks") or []))
        name = str(average.get("name") or "Average")
        counted = f"({len(members)})"
        averages[name if name.endswith(counted) else f"{name} {counted}"] = members
    return averages


def _benchmarks(folder: Path, manifest: Mapping[str, Any]) -> dict[str, BenchmarkRun]:
    frame = read_samples(folder / SAMPLES, [*_KEY, "finish_reason"]).to_pandas()
    skipped = frame.loc[frame["finish_reason"] == "skipped", "benchmark"].value_counts()
    tasks = frame.groupby("benchmark")["task"].nunique()
    digests = _document_digests(frame)
    benchmarks = {}
    for name, entry in _mapping(manifest, "benchmarks").items():
        info = entry if isinstance(entry, dict) else {}
        excluded = info.get("excluded") or 0
        full = info.get("full_n")
        benchmarks[name] = BenchmarkRun(
            id=name,
            alias=str(info.get("alias") or name),
            tasks=int(tasks.get(name, 0)),
            n=int(info.get("n") or 0),
            full_n=int(full) if full is not None else None,
            excluded=excluded if isinstance(excluded, int) else len(excluded),
            data_sha256=str(info.get("data_sha256") or ""),
            task_versions=json.dumps(info.get("task_versions"), sort_keys=True),
            aggregate=str(info.get("aggregate") or "pooled"),
            caveats=tuple(map(str, info.get("caveats") or [])),
            documents=digests.get(name, ""),
            skipped=int(skipped.get(name, 0)),
        )
    return benchmarks


def _document_digests(frame: pd.DataFrame) -> dict[str, str]:
    """A digest per benchmark of which documents were asked, whatever their order."""
    documents = frame[_KEY].drop_duplicates().sort_values(_KEY)
    digests = {}
    for name, part in documents.groupby("benchmark", sort=False):
        lines = part["task"].astype(str) + " " + part["doc_id"].astype(str) + " " + part["doc_hash"]
        digests[str(name)] = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
    return digests


def _scores(folder: Path) -> dict[tuple[str, str, str], Score]:
    return {(row.level, row.benchmark, row.task): _score(row) for row in read_scores(folder)}


def _score(row: ScoreRow) -> Score:
    rates = {name: getattr(row, name) for name in _RATES}
    return Score(
        n=row.n,
        score=row.score,
        low=row.ci_low,
        high=row.ci_high,
        rates={name: value for name, value in rates.items() if value is not None},
        f1=row.f1,
        note=row.note,
    )
