"""What a tracker is told of a run: plain names, numbers and texts in which nothing acts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orca_eval.checkpoint_name import step_of
from orca_eval.files import SafeNames
from orca_eval.report.board import build_board
from orca_eval.report.plots import draw, render
from orca_eval.results.aggregate import WHOLE
from orca_eval.results.run import Run
from orca_eval.results.scores import read_scores
from orca_eval.run.table import scores_table
from orca_eval.safe_text import csv_cell, terminal

PROJECT = "orca-eval"
PLOTS = ("benchmarks", "rates", "budgets", "cost")
_INERT = str.maketrans({"<": "‹", ">": "›", "[": "［", "]": "］", "`": "ˋ"})


@dataclass(frozen=True, slots=True)
class Record:
    """One run. `metrics` are on their measure's scale, rates shares of 1; `step` is the
    checkpoint's, where its name has one; `plots` are PNG files by name."""

    name: str
    id: str
    step: int | None
    config: Mapping[str, str | int | float]
    metrics: Mapping[str, float]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    plots: Mapping[str, Path]


def record(run: Run, folder: Path) -> Record:
    """A run's record; its plots are drawn into the folder."""
    step = step_of(run.model)
    table = scores_table(read_scores(run.folder), run.manifest)
    heads = (table.head, *(column.label for column in table.columns))
    rows = [(row.label, *(cell.text for cell in row.cells)) for row in table.rows]
    return Record(
        name=inert(f"{run.label} {run.manifest.suite}"),
        id=run.folder.name.rpartition("-")[2],
        step=None if step is None else int(step[1]),
        config=_config(run),
        metrics=dict(_metrics(run)),
        heads=tuple(map(inert, heads)),
        rows=tuple(tuple(map(inert, row)) for row in rows),
        plots=dict(_plots(run, folder)),
    )


def inert(text: str) -> str:
    """A line in which no tracker's page finds HTML or Markdown, and no spreadsheet a formula."""
    return csv_cell(terminal(text).translate(_INERT))


def _config(run: Run) -> dict[str, str | int | float]:
    manifest = run.manifest
    told: dict[str, str | int | float | None] = {
        "model": run.model,
        "parameters": run.parameters,
        "suite": manifest.suite,
        "prompt": run.prompt,
        "strategy": run.strategy,
        "engine": manifest.engine.name,
        "max_tokens": manifest.max_tokens,
        "temperature": manifest.sampling.temperature,
        "limit": run.limit,
        "quickstart": str(run.quickstart).lower(),
        "orca_eval_version": manifest.orca_eval_version,
        "extractor_version": manifest.extractor_version,
        "finished": manifest.finished,
    }
    return {
        key: inert(value) if isinstance(value, str) else value
        for key, value in told.items()
        if value is not None
    }


def _metrics(run: Run) -> Iterator[tuple[str, float]]:
    """Scores with their intervals, and rates, of benchmarks and averages: gsm8k/score."""
    names = SafeNames()
    for (level, name, _), row in run.scores.items():
        if level in WHOLE and row.score is not None:
            told = {"score": row.score, "ci_low": row.ci_low, "ci_high": row.ci_high, **row.rates}
            for key, value in told.items():
                if value is not None:
                    yield f"{names.of(name)}/{key}", value


def _plots(run: Run, folder: Path) -> Iterator[tuple[str, Path]]:
    for name, figure in draw(build_board([run], None), PLOTS):
        path = folder / f"{name}.png"
        path.write_bytes(render(figure, "png"))
        yield name, path
