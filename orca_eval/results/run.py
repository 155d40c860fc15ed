"""A finished run, whole: what report, rescore, audit and the run's own command take it as."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa

from orca_eval.benchmarks.specs import Presentation, read_specs
from orca_eval.config.schema import OWN_STRATEGY, Price
from orca_eval.errors import InputError
from orca_eval.paths import expanded
from orca_eval.results.aggregate import ScoreRow
from orca_eval.results.budgets import read_budgets
from orca_eval.results.cost import Cost, costs
from orca_eval.results.documents import KEY
from orca_eval.results.manifest import Average, BenchmarkEntry, Manifest, read_manifest
from orca_eval.results.reading import (
    JUDGES,
    MANIFEST,
    OF_A_RUN,
    RESCORED,
    SAMPLES,
    STAGING,
    DamagedError,
)
from orca_eval.results.samples import NEEDED, open_samples, read_frame, read_samples
from orca_eval.results.scores import ROUNDING, read_scores
from orca_eval.score_kind import is_as_sampled, score_kind
from orca_eval.types import FAILED

EMPTY_PROMPT = "empty"
_PROMPTS = {EMPTY_PROMPT: "", "cautious": " w/ cautious sm"}
_KEY = [*KEY, "doc_hash"]
_GROUPS_AT_ONCE = 32  # of 1024 rows
Document = tuple[str, int, str]
"""Its task, its number there and the hash of its content."""


class BenchmarkRun(BenchmarkEntry):
    """What a run says of a benchmark: its manifest's entry, and what its samples show.

    `documents` is a digest of the samples' documents; `failed` counts those without an answer,
    because the request failed for good or the watchdog ended it.
    """

    id: str
    tasks: int
    documents: str
    skipped: int
    failed: int

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
    """A finished run, with its scores by level, benchmark or average, and task.

    `budgets` are those at smaller max_tokens. `costs` are by benchmark or average, as the scores;
    `price` turns them into money.
    """

    folder: Path
    label: str
    model: str
    prompt: str
    strategy: str
    quickstart: bool
    limit: int | None
    parameters: float | None
    benchmarks: Mapping[str, BenchmarkRun]
    averages: Mapping[str, tuple[str, ...]]
    scores: Mapping[tuple[str, str, str], ScoreRow]
    slices: Sequence[ScoreRow]
    budgets: Mapping[int, Sequence[ScoreRow]]
    costs: Mapping[str, Cost]
    price: Price
    manifest: Manifest = field(repr=False)

    def benchmark(self, benchmark: str) -> ScoreRow | None:
        """The benchmark's score."""
        return self.scores.get(("benchmark", benchmark, ""))

    def average(self, name: str) -> ScoreRow | None:
        """The named average's score."""
        return self.scores.get(("average", name, ""))

    def at_budgets(self, key: str) -> dict[int, ScoreRow]:
        """A benchmark's or an average's scores by max_tokens, its own last; empty where no smaller
        one is known."""
        known = {b: row for b, rows in self.budgets.items() for row in rows if row.benchmark == key}
        own, most = self.benchmark(key) or self.average(key), self.manifest.max_tokens
        return known | {most: own} if known and own is not None and most is not None else {}

    def tasks(self, benchmark: str) -> dict[str, ScoreRow]:
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
        with open_samples(self.samples_path) as file:
            file.check_names(columns)
            for number in range(file.groups):
                yield file.group(number, columns)

    @property
    def sample_columns(self) -> list[str]:
        """The columns that there are: older runs lack some."""
        with open_samples(self.samples_path) as file:
            return list(file.schema.names)

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
    manifest, rows = read_manifest(folder), read_scores(folder)
    _check_scale(folder, manifest, rows)
    name, strategy = manifest.model.name or folder.parent.name, manifest.strategy.name
    prompt = manifest.prompt.name or EMPTY_PROMPT
    averages = dict(map(_counted, manifest.averages))
    return Run(
        folder=folder,
        label=name
        + _PROMPTS.get(prompt, f" w/ prompt {prompt}")
        + ("" if strategy == OWN_STRATEGY.name else f", {strategy}"),
        model=name,
        prompt=prompt,
        strategy=strategy,
        quickstart=manifest.quickstart,
        limit=manifest.limit,
        parameters=manifest.model.parameters,
        benchmarks=_benchmarks(folder, manifest),
        averages=averages,
        scores={(row.level, row.benchmark, row.task): row for row in rows if not row.slice},
        slices=[row for row in rows if row.slice],
        budgets=read_budgets(folder),
        costs=costs(folder, manifest, rows, averages),
        price=manifest.price,
        manifest=manifest,
    )


def finished_run(path: str) -> tuple[Path, Manifest, pd.DataFrame]:
    """A finished run's folder, whole manifest and samples, ready to be scored again.

    Raises:
        InputError: it is no finished run, or a file of it is damaged.
    """
    folder = expanded(path)
    check_is_run(folder, f"run={path}")
    return folder, read_manifest(folder, whole=True), read_frame(folder / SAMPLES)


def check_finished(folder: Path) -> Manifest:
    """The manifest of a run whose files can all be read. Raises DamagedError for one that can't."""
    manifest = read_manifest(folder, whole=True)
    _check_scale(folder, manifest, read_scores(folder))
    read_budgets(folder)
    with open_samples(folder / SAMPLES) as file:
        file.check_names(NEEDED)
        for number in range(file.groups):
            file.group(number)
    return manifest


def _check_scale(folder: Path, manifest: Manifest, rows: Sequence[ScoreRow]) -> None:
    """Raises DamagedError for a manifest whose measures are not those of the scores."""
    for row in rows:
        measure = manifest.measure(row.benchmark)
        beyond = row.score is not None and row.score > measure.high + ROUNDING
        if beyond and not measure.over:
            found = f"its measure ends at {measure.high:g}, the score is {row.score or 0:g}"
            raise DamagedError(folder / MANIFEST, f"benchmarks.{row.benchmark}: {found}")


def is_run(folder: Path) -> bool:
    """Whether a run was finished in the folder, though a file of it may be missing now."""
    return any((folder / name).is_file() for name in OF_A_RUN)


def check_is_run(folder: Path, named: str) -> None:
    """Raises InputError where no run was finished in the folder, `named` as the user did."""
    if not folder.is_dir():
        raise InputError(f"{named}: no such folder; name a finished run's folder")
    if not is_run(folder):
        raise InputError(
            f"{named}: no finished run here (no {MANIFEST}); name a finished run's folder, or "
            "repeat the run's own command to finish it"
        )


def _run_folders(path: Path) -> Iterable[Path]:
    if is_run(path):
        return [path]
    found = {file.parent for name in OF_A_RUN for file in path.glob(f"**/{name}")}
    made = {
        run for run in found if not {RESCORED, STAGING, JUDGES} & {*run.relative_to(path).parts}
    }
    if not made:
        check_is_run(path, f"runs: {path}")
    return sorted(made)


def _distinct(runs: list[Run]) -> list[Run]:
    """Labels told apart where model and prompt are the same: by folder, else by number."""
    for ending in (" ({folder})", " #{number}"):
        times = Counter(run.label for run in runs)
        runs = [
            replace(run, label=run.label + ending.format(folder=run.folder.name, number=number))
            if times[run.label] > 1
            else run
            for number, run in enumerate(runs, start=1)
        ]
    return runs


def _counted(average: Average) -> tuple[str, tuple[str, ...]]:
    """An average by its name as scores.csv has it, with the number of members; and those."""
    count = f"({len(average.benchmarks)})"
    name = average.name or "Average"
    return name if name.endswith(count) else f"{name} {count}", tuple(average.benchmarks)


def _benchmarks(folder: Path, manifest: Manifest) -> dict[str, BenchmarkRun]:
    documents, counted = _documents(folder / SAMPLES)
    return {
        name: BenchmarkRun(
            **dict(entry) | {"alias": entry.alias or name} | _presented(manifest, name),
            id=name,
            tasks=len({task for task, _, _ in documents.get(name, ())}),
            documents=_digest(documents[name]) if name in documents else "",
            skipped=counted[name, "skipped"],
            failed=sum(counted[name, reason] for reason in FAILED),
        )
        for name, entry in manifest.benchmarks.items()
    }


def _documents(path: Path) -> tuple[dict[str, set[Document]], Counter[tuple[str, str]]]:
    """Each benchmark's documents, and how often its replies ended in each way."""
    documents, counted = dict[str, set[Document]](), Counter[tuple[str, str]]()
    with open_samples(path) as file:
        file.check_names([*_KEY, "finish_reason"])
        for first in range(0, file.groups, _GROUPS_AT_ONCE):
            numbers = range(first, min(file.groups, first + _GROUPS_AT_ONCE))
            part = pa.concat_tables(file.group(n, [*_KEY, "finish_reason"]) for n in numbers)
            distinct = part.group_by([*_KEY, "finish_reason"]).aggregate([([], "count_all")])
            for name, task, doc_id, doc_hash, reason, count in zip(
                *(column.to_pylist() for column in distinct.columns), strict=True
            ):
                documents.setdefault(name, set()).add((task, doc_id, doc_hash))
                counted[name, reason] += count
    return documents, counted


def _presented(manifest: Manifest, name: str) -> dict[str, Presentation]:
    """How a benchmark of ours is shown, where a run of before 0.1 does not say so."""
    spec = read_specs().get(name)
    if spec is None or manifest.get("benchmarks", name, "presentation") is not None:
        return {}
    return {"presentation": spec.presentation}


def _digest(documents: Collection[Document]) -> str:
    """Which documents were asked, whatever their order."""
    lines = "\n".join(" ".join(map(str, document)) for document in sorted(documents))
    return hashlib.sha256(lines.encode()).hexdigest()[:16]
