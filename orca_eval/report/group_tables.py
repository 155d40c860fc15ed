"""Tables in the style of Orca 2: a row per model and prompt, a column per benchmark."""

from dataclasses import replace

from orca_eval.report.board import Board, Group
from orca_eval.report.cells import Value, change, figure, scored
from orca_eval.results.published import SOURCE, PublishedModel
from orca_eval.results.run import Run
from orca_eval.score_kind import AS_SAMPLED
from orca_eval.tables.table import Cell, Column, Row, Table, ranked

NOTE_RATE = 0.05
COMPARABLE = (
    "Generative, zero-shot, answers taken from free text: not comparable with log-likelihood "
    "acc/acc_norm leaderboards."
)
PUBLISHED = f"Published: figures as printed ({SOURCE}), not measured here, ranked apart."
_RATE_NOTES = {
    "unread_rate": "hold no answer that could be read",
    "truncation_rate": "are cut off at max_tokens",
    "empty_rate": "are empty",
}


def group_tables(board: Board) -> list[Table]:
    """Scores per group, then improvements over the baseline per group where one is named."""
    tables = [_scores(board, group) for group in board.groups]
    if board.baseline:
        tables += [_improvements(board, group) for group in board.groups if board.compared()]
    return tables


def score_cell(value: Value, notes: tuple[str, ...] = ()) -> Cell:
    """A score in percent; an empty cell says why."""
    cell = scored(value)
    return replace(cell, notes=(*cell.notes, *_rate_notes(value), *notes))


def change_cell(value: Value) -> Cell:
    """A relative improvement in percent with its interval."""
    notes = (value.note,) if value.note else ()
    if value.number is None:
        return Cell(notes=notes)
    return replace(
        change(value.number), notes=notes, low=value.low, high=value.high, show_interval=True
    )


def run_notes(board: Board, run: Run) -> tuple[str, ...]:
    """What a reader of the run's row has to know: its extent, protocol, and its own notes."""
    aliases = tuple(f"{benchmark.alias}:" for benchmark in run.benchmarks.values())
    own = [
        str(note)
        for note in run.manifest.notes
        if not str(note).startswith((*aliases, "Generative,", "Quickstart", "limit=", AS_SAMPLED))
    ]
    extent = (run.extent,) if run.extent else ()
    return (*extent, *board.columns.protocol_notes(run), *own)


def benchmark_column(board: Board, benchmark: str) -> Column:
    """The head says over how many documents, and what kind of mean."""
    alias = board.columns.alias(benchmark)
    if benchmark not in board.columns.benchmarks:
        return Column(benchmark, alias, "did not run")
    reference = board.columns.reference(benchmark)
    kind = f", {reference.kind}" if reference.kind else ""
    metric = ", exact match" if board.columns.exact_match(benchmark) else ""
    return Column(benchmark, alias, f"n = {reference.n:,}{kind}{metric}")


def _as_sampled(board: Board, group: Group) -> tuple[str, ...]:
    """The footnote that scores pooled over a limited sample need."""
    ran = [name for name in group.benchmarks if name in board.columns.benchmarks]
    return (AS_SAMPLED,) if any(board.columns.reference(n).as_sampled for n in ran) else ()


def _columns(board: Board, group: Group, detail: str) -> tuple[Column, ...]:
    columns = [benchmark_column(board, name) for name in group.benchmarks]
    if group.average:
        columns.append(Column("average", group.average, detail))
    return tuple(columns)


def _scores(board: Board, group: Group) -> Table:
    columns = _columns(board, group, "unweighted mean")
    measured = tuple(
        Row(
            run.label,
            tuple(
                score_cell(board.values[run.label, key], notes=_skipped(run, key))
                for key in group.columns()
            ),
            notes=run_notes(board, run),
        )
        for run in board.runs
    )
    published = tuple(
        row for model in board.published if (row := _published_row(model, group)) is not None
    )
    caveats = dict.fromkeys(
        f"{board.columns.alias(name)}: {text}"
        for name in group.benchmarks
        if name in board.columns.benchmarks
        for text in _caveats(board, name)
    )
    return Table(
        name=group.name.lower(),
        title=f"{group.name}: accuracy, %",
        head="model",
        columns=columns,
        rows=ranked((*measured, *published), tuple(range(len(columns)))),
        remarks=(
            COMPARABLE,
            *_as_sampled(board, group),
            *caveats,
            *((PUBLISHED,) if published else ()),
        ),
    )


def _caveats(board: Board, benchmark: str) -> list[str]:
    reference = board.columns.reference(benchmark)
    left_out = reference.excluded
    excluded = left_out if isinstance(left_out, int) else len(left_out)
    rows = [f"{excluded} rows with a malformed gold are left out"] if excluded else []
    caveats = [text.removeprefix(f"{reference.alias}: ") for text in reference.caveats]
    return [*rows, *caveats]


def _skipped(run: Run, key: str) -> tuple[str, ...]:
    benchmark = run.benchmarks.get(key)
    if benchmark is None or not benchmark.skipped:
        return ()
    return (f"{benchmark.skipped:,} prompts skipped, counted wrong",)


def _rate_notes(value: Value) -> tuple[str, ...]:
    rates = dict(value.rates or {})
    rates["unread_rate"] = 1 - rates.get("extraction_rate", 1.0)
    return tuple(
        f"over {100 * NOTE_RATE:.0f} % of the replies {what}; see the rates"
        for name, what in _RATE_NOTES.items()
        if rates.get(name, 0.0) > NOTE_RATE
    )


def _published_row(model: PublishedModel, group: Group) -> Row | None:
    if not any(name in model.scores for name in group.benchmarks):
        return None
    numbers = (group.published(model, key) for key in group.columns())
    cells = tuple(figure(number, 2, "not published") for number in numbers)
    return Row(model.label, cells, kind="published")


def _improvements(board: Board, group: Group) -> Table:
    measured = board.baseline in board.labels
    rows = tuple(
        Row(
            run.label,
            tuple(change_cell(board.changes[run.label, key]) for key in group.columns()),
            notes=run_notes(board, run),
        )
        for run in board.compared()
    )
    how = (
        "In brackets the 95 % interval, paired by document (bootstrap of both runs together)."
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
        rows=rows,
        remarks=(
            "Ratio of the unrounded scores minus one.",
            how,
            COMPARABLE,
            *_as_sampled(board, group),
        ),
    )
