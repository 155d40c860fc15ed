"""The table on the screen at the end of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from orca_eval.results.aggregate import ScoreRow
from orca_eval.results.manifest import BenchmarkEntry, Manifest
from orca_eval.score_kind import score_kind
from orca_eval.screen import plain, screen


def print_scores(rows: Sequence[ScoreRow], manifest: Manifest, folder: Path) -> None:
    """Benchmarks, averages, footnotes and the run folder. Task rows stay in scores.csv."""
    console = screen()
    labels = {name: label(entry) for name, entry in manifest.benchmarks.items()}
    table = Table(box=SIMPLE_HEAD)
    table.add_column("benchmark")
    for name in ("n", "score", "95 % interval", "answered", "cut off", "empty"):
        table.add_column(name, justify="right", no_wrap=True)
    shown = [row for row in rows if row.level != "task"]
    for position, row in enumerate(shown):
        if row.level == "average" and shown[position - 1].level == "benchmark":
            table.add_section()
        table.add_row(*map(plain, cells(row, labels)))
    console.print("\n ", plain(title(manifest), "bold"), soft_wrap=True)
    console.print(table)
    for note in manifest.notes:
        console.print(" ", plain(note, "dim"), soft_wrap=True)
    if manifest.speed:
        console.print(f"\n  {speed_line(manifest.speed)}")
    console.print("\n ", plain(str(folder)), soft_wrap=True)


def label(entry: BenchmarkEntry) -> str:
    """A benchmark of the manifest with the kind of its score: "BBH (mean of 23 tasks)"."""
    kind = score_kind(entry.aggregate, len(entry.task_versions), entry.n, entry.full_n)
    return f"{entry.alias} ({kind})" if kind else entry.alias


def title(manifest: Manifest) -> str:
    """What was run, in one line."""
    what = "QUICKSTART ITEMS, not benchmark scores" if manifest.quickstart else manifest.suite
    limit = f" · limit={manifest.limit}" if manifest.limit else ""
    return (
        f"{manifest.model.name} · {what}{limit} · prompt {manifest.prompt.name} · "
        f"{manifest.engine.name} · zero-shot, generative"
    )


def speed_line(speed: Mapping[str, float]) -> str:
    """What was generated and how fast, in one line."""
    parts = [
        f"{speed['completion_tokens']:,} tokens generated in {speed['seconds']:.0f} s "
        f"({speed['completion_tokens_per_second']:.0f}/s; prompts "
        f"{speed['prompt_tokens_per_second']:.0f}/s)"
    ]
    if "engine_busy" in speed:
        parts.append(f"engine busy {percent(speed['engine_busy'])} % of that time")
    if "prefix_cache_hits" in speed:
        parts.append(
            f"{percent(speed['prefix_cache_hits'])} % of prompt tokens from the prefix cache"
        )
    return " · ".join(parts)


def cells(row: ScoreRow, labels: Mapping[str, str]) -> list[str]:
    """One row's cells; an average that has no score says why in its first cell."""
    name = labels.get(row.benchmark, row.benchmark)
    if row.score is None:
        return [f"{name}: {row.note}", str(row.n), "–", "", "", "", ""]
    interval = f"{percent(row.ci_low)} – {percent(row.ci_high)}"
    rates = [percent(r) for r in (row.extraction_rate, row.truncation_rate, row.empty_rate)]
    score = percent(row.score, digits=2)
    if row.f1 is not None:
        name += f" (exact match; F1 {percent(row.f1, digits=2)})"
    return [name, str(row.n), score, interval, *rates]


def percent(share: float | None, digits: int = 1) -> str:
    """0.4993 → "49.9"."""
    return "" if share is None else f"{100 * share:.{digits}f}"
