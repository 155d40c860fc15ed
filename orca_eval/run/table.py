"""The table on the screen at the end of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from orca_eval.config.schema import OWN_STRATEGY
from orca_eval.numbers import ends
from orca_eval.report.cost_table import cost_screen
from orca_eval.report.judge_table import judge_remarks
from orca_eval.report.repeats_table import repeats_screen
from orca_eval.results.aggregate import RATE_NAMES, RATES, WHOLE, ScoreRow
from orca_eval.results.cost import costs
from orca_eval.results.manifest import BenchmarkEntry, Manifest, read_manifest
from orca_eval.results.notes import conflict_note, has_bounds
from orca_eval.results.scores import read_scores
from orca_eval.score_kind import score_kind
from orca_eval.screen import paragraph, print_path, screen
from orca_eval.tables.screen import show
from orca_eval.tables.table import Cell, Row, RowKind, Table, columns, text_row
from orca_eval.types import Measure

INTERVAL = "95 % interval"
BOUNDS = "cut wrong … left out"


def print_scores(folder: Path) -> None:
    """Prints a finished run's benchmarks, averages and footnotes, and its folder. Task rows stay
    in scores.csv."""
    manifest, console = read_manifest(folder, whole=True), screen()
    rows = read_scores(folder)
    names = labels(manifest)
    repeats = repeats_screen(rows, names, manifest)
    cost = cost_screen(rows, names, manifest, costs(folder, manifest, rows))
    remarks = judge_remarks(manifest, rows, folder.parent.parent)
    show(console, scores_table(rows, manifest, remarks), *([repeats] if repeats else []), cost)
    if manifest.speed:
        console.print()
        paragraph(console, speed_line(manifest.speed))
    print_path(console, folder)


def scores_table(
    rows: Sequence[ScoreRow], manifest: Manifest, further: Sequence[str] = ()
) -> Table:
    """Lists benchmarks and averages, in percent, over the run's remarks and `further` ones."""
    names, rates = labels(manifest), [*RATES[:3]]
    rates += [RATES[3]] * any(map(conflict_note, rows))
    rates += [RATES[4]] * any(row.only_reasoning_rate for row in rows)
    shown = [RATE_NAMES[rate] for rate in rates]
    whole = [row for row in rows if row.level in WHOLE]
    cut = any(map(has_bounds, whole))
    heads = ["n", "score", INTERVAL, *([BOUNDS] if cut else []), *shown]
    return Table(
        name="scores",
        title=title(manifest),
        head="benchmark",
        columns=columns(*heads, giving_way=(shown, [BOUNDS], [INTERVAL])),
        rows=tuple(_row(row, names, manifest, rates, cut=cut) for row in whole),
        remarks=(*manifest.notes, *further),
    )


def labels(manifest: Manifest) -> dict[str, str]:
    """The manifest's benchmarks with the kind of their scores: "BBH (mean of 23 tasks)"."""
    return {name: _label(entry) for name, entry in manifest.benchmarks.items()}


def _label(entry: BenchmarkEntry) -> str:
    kind = score_kind(entry.aggregate, len(entry.task_versions), entry.n, entry.full_n)
    return f"{entry.alias} ({kind})" if kind else entry.alias


def title(manifest: Manifest) -> str:
    """What was run, in one line."""
    what = "QUICKSTART ITEMS, not benchmark scores" if manifest.quickstart else manifest.suite
    limit = f" · limit={manifest.limit}" if manifest.limit else ""
    name = manifest.strategy.name
    strategy = "" if name == OWN_STRATEGY.name else f"strategy {name} · "
    return (
        f"{manifest.model.name} · {what}{limit} · prompt {manifest.prompt.name} · {strategy}"
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


def _row(
    row: ScoreRow, names: Mapping[str, str], manifest: Manifest, rates: Sequence[str], *, cut: bool
) -> Row:
    """An average that has no score says why in a note; where any row has bounds, all may."""
    name = names.get(row.benchmark, row.benchmark)
    kind: RowKind = "summary" if row.level == "average" else "measured"
    if row.score is None:
        blank = [Cell()] * (1 + cut + len(rates))
        return Row(name, (Cell(str(row.n)), Cell(notes=(row.note,)), *blank), kind)
    if row.f1 is not None:
        name += f" (exact match; F1 {percent(row.f1, digits=2)})"
    measure = manifest.measure(row.benchmark)
    name += "" if measure.unit == "%" else f" ({measure.unit})"
    digits = 1 if measure.in_percent else 2
    low, high = measure.shown(row.ci_low), measure.shown(row.ci_high)
    return text_row(
        name,
        str(row.n),
        f"{measure.shown(row.score):.2f}",
        "–" if low is None or high is None else " – ".join(ends(low, high, digits)),
        *([_bounds(row, measure, digits)] if cut else []),
        *(percent(row.rates.get(rate)) for rate in rates),
        kind=kind,
    )


def _bounds(row: ScoreRow, measure: Measure, digits: int) -> str:
    """The score with cut replies counted wrong, and without them."""
    if not has_bounds(row):
        return ""
    ends = (measure.shown(end) for end in (row.score_cut_wrong, row.score_cut_left_out))
    return " … ".join("–" if end is None else f"{end:.{digits}f}" for end in ends)


def percent(share: float | None, digits: int = 1) -> str:
    """0.4993 → "49.9"."""
    return "" if share is None else f"{100 * share:.{digits}f}"
