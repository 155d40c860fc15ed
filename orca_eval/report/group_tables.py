"""Tables in the style of Orca 2: a row per model and prompt, a column per benchmark."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from orca_eval.report.board import Board, Group
from orca_eval.report.cells import Value, change, figure, scored
from orca_eval.report.judge_table import judge_remarks
from orca_eval.results.notes import CONFLICT_NOTE_RATE, KINDS, NOTE_RATE
from orca_eval.results.published import SOURCE
from orca_eval.results.run import BenchmarkRun, Run
from orca_eval.score_kind import AS_SAMPLED
from orca_eval.tables.table import Cell, Column, Row, Table, ranked
from orca_eval.types import EXACT_MATCH

COMPARABLE = (
    "Generative, zero-shot, answers taken from free text: not comparable with log-likelihood "
    "acc/acc_norm leaderboards."
)
PUBLISHED = f"Published: figures as printed ({SOURCE}), not measured here, ranked apart."
_RATE_NOTES = {
    "unread_rate": (NOTE_RATE, "hold no answer that could be read"),
    "truncation_rate": (NOTE_RATE, "are cut off at max_tokens"),
    "empty_rate": (NOTE_RATE, "are empty"),
    "only_reasoning_rate": (NOTE_RATE, "are whole and all reasoning: see the server's parser"),
    "conflict_rate": (CONFLICT_NOTE_RATE, "name two options, by letter and by text"),
}


def group_tables(board: Board) -> list[Table]:
    """Scores per group, then improvements over the baseline per group where one is named."""
    tables = [_scores(board, group) for group in board.groups]
    if board.baseline:
        tables += [_improvements(board, group) for group in board.groups if board.compared()]
    return tables


def score_cell(board: Board, run: Run, key: str) -> Cell:
    """A score in percent with what a reader has to know of it; an empty cell says why."""
    value, benchmark = board.values[run.label, key], run.benchmarks.get(key)
    cell = scored(value)
    cut = (f"cut off at max_tokens: {value.cut_note}",) if value.cut_note else ()
    notes = (*cell.notes, *cut, *_rate_notes(value))
    if benchmark is not None and benchmark.skipped:
        notes += (f"{benchmark.skipped:,} prompts skipped, counted wrong",)
    if benchmark is not None and benchmark.failed:
        notes += (f"{benchmark.failed:,} requests failed or timed out, counted wrong",)
    return replace(cell, notes=notes)


def change_cell(board: Board, run: Run, key: str) -> Cell:
    """A relative improvement in percent with its interval."""
    value = board.changes[run.label, key]
    notes = (value.note,) if value.note else ()
    if value.number is None:
        return Cell(notes=notes)
    return replace(
        change(value.number), notes=notes, low=value.low, high=value.high, show_interval=True
    )


def run_notes(board: Board, run: Run) -> tuple[str, ...]:
    """What a reader of the run's row has to know: its extent, protocol, and its own notes."""
    aliases = tuple(f"{benchmark.alias}:" for benchmark in run.benchmarks.values())
    told = (*aliases, *KINDS, "Generative,", "Quickstart", "limit=", AS_SAMPLED)
    own = [str(note) for note in run.manifest.notes if not str(note).startswith(told)]
    extent = (run.extent,) if run.extent else ()
    return (*extent, *board.columns.protocol_notes(run), *own)


def benchmark_column(board: Board, benchmark: str) -> Column:
    """The head says over how many documents, and what kind of mean."""
    alias = board.columns.alias(benchmark)
    if benchmark not in board.columns.benchmarks:
        return Column(benchmark, alias, "did not run")
    reference = board.columns.reference(benchmark)
    kind = f", {reference.kind}" if reference.kind else ""
    measure = reference.measure
    named = measure.in_percent and measure.name != EXACT_MATCH.name
    details = [
        "exact match" if board.columns.exact_match(benchmark) else "",
        measure.name.replace("_", " ") if named else "",
        measure.unit if measure.unit != "%" else "",
    ]
    metric = "".join(f", {detail}" for detail in details if detail)
    judge = f", judge: {reference.judge}" if reference.judge else ""
    judge += f", prompt: {reference.judge_prompt}" if reference.judge_prompt else ""
    judge += f", reference: {reference.reference}" if reference.reference else ""
    return Column(benchmark, alias, f"n = {reference.n:,}{kind}{metric}{judge}")


def _references(board: Board, group: Group) -> list[BenchmarkRun]:
    """The group's benchmarks that some run has."""
    ran = board.columns.benchmarks
    return [board.columns.reference(name) for name in group.benchmarks if name in ran]


def _as_sampled(references: Iterable[BenchmarkRun]) -> tuple[str, ...]:
    """The footnote that scores pooled over a limited sample need."""
    return (AS_SAMPLED,) if any(reference.as_sampled for reference in references) else ()


def _columns(board: Board, group: Group, detail: str) -> tuple[Column, ...]:
    columns = [benchmark_column(board, name) for name in group.benchmarks]
    if group.average:
        columns.append(Column("average", group.average, detail))
    return tuple(columns)


def _rows(
    board: Board, group: Group, runs: Iterable[Run], cell: Callable[[Board, Run, str], Cell]
) -> tuple[Row, ...]:
    return tuple(
        Row(
            run.label,
            tuple(cell(board, run, key) for key in group.columns()),
            notes=run_notes(board, run),
        )
        for run in runs
    )


def _scores(board: Board, group: Group) -> Table:
    columns = _columns(board, group, "unweighted mean")
    measured = _rows(board, group, board.runs, score_cell)
    published = tuple(
        Row(
            model.label,
            tuple(
                figure(group.published(model, key), missing="not published")
                for key in group.columns()
            ),
            kind="published",
        )
        for model in board.published
        if not model.scores.keys().isdisjoint(group.benchmarks)
    )
    references = _references(board, group)
    return Table(
        name=group.name.lower(),
        title=f"{group.name}: {_unit(references)}",
        head="model",
        columns=columns,
        rows=ranked(
            (*measured, *published),
            {at for at, key in enumerate(group.columns()) if board.measure(key).better == "lower"},
        ),
        remarks=(
            COMPARABLE,
            *_as_sampled(references),
            *dict.fromkeys(text for reference in references for text in _caveats(reference)),
            *_of_judges(board, group),
            *((PUBLISHED,) if published else ()),
        ),
    )


def _of_judges(board: Board, group: Group) -> Iterable[str]:
    """What is known of the judges of a group's scores, each said once."""
    said: dict[str, None] = {}
    for run in board.runs:
        rows = [row for name in group.benchmarks if (row := run.benchmark(name)) is not None]
        label = run.label if len(board.runs) > 1 else ""
        said |= dict.fromkeys(judge_remarks(run.manifest, rows, run.folder.parent.parent, label))
    return said


def _unit(references: Iterable[BenchmarkRun]) -> str:
    """What the scores of a table are; where they differ, every column says its own."""
    units = {reference.measure.unit for reference in references} or {"%"}
    return "scores" if len(units) > 1 else "accuracy, %" if units == {"%"} else units.pop()


def _caveats(reference: BenchmarkRun) -> list[str]:
    left_out = reference.excluded
    excluded = left_out if isinstance(left_out, int) else len(left_out)
    name = f"{reference.alias}: "
    rows = [f"{name}{excluded} rows without a usable gold are left out"] if excluded else []
    return [*rows, *(name + text.removeprefix(name) for text in reference.caveats)]


def _rate_notes(value: Value) -> tuple[str, ...]:
    rates = dict(value.rates or {})
    if value.cut_note:  # which says more
        rates.pop("truncation_rate")
    rates["unread_rate"] = 1 - rates.get("extraction_rate", 1.0)
    return tuple(
        f"over {100 * least:.0f} % of the replies {what}; see the rates"
        for name, (least, what) in _RATE_NOTES.items()
        if rates.get(name, 0.0) > least
    )


def _improvements(board: Board, group: Group) -> Table:
    measured = board.baseline in board.labels
    how = (
        "Improvement: in brackets the 95 % interval, paired by document (bootstrap of both runs "
        "together)."
        if measured
        else f"{board.baseline} is published ({SOURCE}): a fixed figure, so no interval is given."
    )
    return Table(
        name=f"{group.name.lower()}_improvement",
        title=f"{group.name}: relative improvement over {board.baseline}"
        + ("" if measured else " (published)")
        + ", %",
        head="model",
        columns=_columns(board, group, "ratio of the averages"),
        rows=_rows(board, group, board.compared(), change_cell),
        remarks=(
            "Improvement: ratio of the unrounded scores minus one.",
            how,
            COMPARABLE,
            *_as_sampled(_references(board, group)),
        ),
    )
