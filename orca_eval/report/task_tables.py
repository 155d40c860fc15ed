"""Tables in the style of Orca 1: a row per task, a column per model, an average row."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from orca_eval.names import task_name
from orca_eval.numbers import improvement
from orca_eval.report.board import Board
from orca_eval.report.cells import Value, count, scored, with_change
from orca_eval.results.aggregate import ScoreRow
from orca_eval.score_kind import AS_SAMPLED
from orca_eval.stats import score_interval
from orca_eval.tables.table import Cell, Column, Row, Table
from orca_eval.types import HIGHEST, PLAIN, Measure

Part = tuple[str, Mapping[str, ScoreRow]]
"""A row: its label, and every run's score by the run's label."""
SINGULAR = {"categories": "category", "classes": "class"}
MEANING: Mapping[str, str] = {
    "pooled": "the score where every document counts once, not every task",
    "accuracy": "right answers, every order of a document by itself",
    "same letter": "documents whose answers name one letter in every order: the place decides",
    "other word": "answers that are not the right one",
    "refused": "replies that decline",
    "empty": "replies that hold nothing",
    "informative": "answers that say anything, right or wrong",
    "ROUGE-L": "F-measure against what a person wrote, on stems",
    "words": "length of what was written, a mean and no share",
}
_AS_COUNTED = Measure("number", 0, HIGHEST)
BARE: dict[str, Any] = {"n": 0, "ci_low": None, "ci_high": None}  # not known of a figure


def task_tables(board: Board) -> list[Table]:
    """Per benchmark: a table of its tasks where it has several, one of what stands beside its
    score, one of its categories, and one for each way in which a task's documents fall into slices.
    """
    tables = []
    for benchmark in board.columns.benchmarks:
        tasks = [(task_name(task), scores) for task, scores in board.tasks(benchmark).items()]
        reference = board.columns.reference(benchmark)
        shown, shares = reference.presentation, reference.measure.shares
        figures = _figures(board, benchmark)
        if len(tasks) > 1:
            tables.append(_by(board, benchmark, shown.parts, tasks))
        if own := [figure for figure in figures if figure[0] not in shares]:
            tables.append(_by(board, benchmark, "figures", own))
            tables += _by_task(board, benchmark, {name for name, _ in own})
        if beside := [figure for share in shares for figure in figures if figure[0] == share]:
            tables.append(_beside(board, benchmark, beside))
        if categories := _categories(dict(tasks), shown.categories):
            tables.append(_by(board, benchmark, "categories", categories))
        tables += [_by_slice(board, benchmark, *part) for part in board.slices(benchmark).items()]
    return tables


def _categories(
    tasks: Mapping[str, Mapping[str, ScoreRow]], categories: Mapping[str, Sequence[str]]
) -> list[Part]:
    """Questions pooled over a category's tasks; none unless every task is in one."""
    if not set(tasks) <= {task for members in categories.values() for task in members}:
        return []
    found = {
        category: [tasks[task] for task in members if task in tasks]
        for category, members in categories.items()
    }
    return [(category, _pooled(scores)) for category, scores in found.items() if scores]


def _figures(board: Board, benchmark: str) -> list[Part]:
    """What stands beside the score."""
    scores = {run.label: score for run in board.runs if (score := run.benchmark(benchmark))}
    return _figures_of(scores)


def _figures_of(scores: Mapping[str, ScoreRow]) -> list[Part]:
    names = dict.fromkeys(name for score in scores.values() for name in score.figures)
    return [
        (name, {k: replace(v, score=v.figures.get(name), **BARE) for k, v in scores.items()})
        for name in names
    ]


def _pooled(tasks: Sequence[Mapping[str, ScoreRow]]) -> dict[str, ScoreRow]:
    return {
        label: _pool([scores[label] for scores in tasks])
        for label in tasks[0]
        if all(label in scores for scores in tasks)
    }


def _pool(scores: Iterable[ScoreRow]) -> ScoreRow:
    known = [(score.n, score.score) for score in scores if score.score is not None]
    n = sum(size for size, _ in known)
    right = sum(size * share for size, share in known)
    interval = score_interval(round(right) / n, n)
    return ScoreRow("task", "", "", n, right / n, interval.low, interval.high)


def _by(board: Board, benchmark: str, what: str, parts: Sequence[Part]) -> Table:
    """Scores of the benchmark's parts, and the benchmark's own in the last row."""
    reference, over = board.columns.reference(benchmark), board.measured_baseline
    if reference.aggregate == "mean_of_tasks":
        label, kind = f"Average ({reference.tasks})", "unweighted mean of the tasks"
    else:
        label = f"All {reference.n:,}"
        kind = f"all questions pooled{' as sampled' if reference.as_sampled else ''}"
    rows = [_row(board, benchmark, over, *part) for part in parts]
    rows.append(_summary(board, benchmark, over, label, _whole(board, benchmark)))
    remarks = (
        f"Last row: {kind}; its percentage is the ratio of these, not a mean of percentages."
        if over
        else f"Last row: {kind}.",
        *((AS_SAMPLED,) if reference.as_sampled else ()),
    )
    head = SINGULAR.get(what, what.removesuffix("s"))
    return _table(
        board, benchmark, (what, f"by {what}: {_unit(board, benchmark)}"), head, rows, remarks
    )


def _by_task(board: Board, benchmark: str, names: Collection[str]) -> list[Table]:
    """The same figures of each task, where there are several."""
    tasks = board.tasks(benchmark)
    return [
        _table(
            board,
            benchmark,
            (f"{task_name(task)}_figures", f"({task_name(task)}) by figures: {unit}"),
            "figure",
            [_row(board, benchmark, None, *figure) for figure in found],
            (),
        )
        for task, scores in (tasks.items() if len(tasks) > 1 else ())
        for unit in [_unit(board, benchmark)]
        if (found := [figure for figure in _figures_of(scores) if figure[0] in names])
    ]


def _beside(board: Board, benchmark: str, shares: Sequence[Part]) -> Table:
    """The shares that stand beside the score, and the score; none is better for being higher."""
    measure = board.columns.measure(benchmark)
    label = f"score: {measure.name.replace('_', ' ')}"
    rows = [
        _row(board, benchmark, None, *share, _AS_COUNTED if share[0] in PLAIN else None)
        for share in shares
    ]
    rows.append(_summary(board, benchmark, None, label, _whole(board, benchmark)))
    remarks = tuple(f"{name}: {MEANING[name]}." for name, _ in shares if name in MEANING)
    return _table(
        board,
        benchmark,
        ("beside", f"and what stands beside it: {'%' if measure.in_percent else measure.unit}"),
        "figure",
        rows,
        remarks,
    )


def _by_slice(
    board: Board, benchmark: str, slices: tuple[str, str], parts: Mapping[str, Any]
) -> Table:
    """Scores of a task's slices, their unweighted mean, and that of the whole task."""
    task, what = slices
    over = board.measured_baseline
    alone = board.columns.reference(benchmark).tasks == 1
    whole = _whole(board, benchmark) if alone else board.tasks(benchmark)[task]
    n = next(score.n for score in whole.values())
    mean = {
        label: replace(score, score=sum(known) / len(known), **BARE)
        for label, score in whole.items()
        if len(known := _scores(parts, label)) == len(parts)
    }
    rows = [_row(board, benchmark, over, *part) for part in parts.items()]
    rows.append(_summary(board, benchmark, over, f"Average ({len(parts)})", mean))
    rows.append(_summary(board, benchmark, over, f"All {n:,}", whole))
    of_task = "" if alone else f"({task_name(task)}) "
    counted = sum(next(iter(scores.values())).n for scores in parts.values())
    remarks = [f"Last rows: unweighted mean over the {len(parts)} above, and every document once."]
    remarks += ["A document that belongs to several counts in each."] if counted > n else []
    name = what if alone else f"{task_name(task)}_{what}"
    return _table(
        board,
        benchmark,
        (name, f"{of_task}by {what}: {_unit(board, benchmark)}"),
        what,
        rows,
        remarks,
    )


def _scores(parts: Mapping[str, Mapping[str, ScoreRow]], label: str) -> list[float]:
    """A run's scores in these parts, where it has them."""
    rows = (scores[label] for scores in parts.values() if label in scores)
    return [row.score for row in rows if row.score is not None]


def _whole(board: Board, benchmark: str) -> dict[str, ScoreRow]:
    """The benchmark's own score by run, of the runs in its column."""
    return {
        run.label: score
        for run in board.runs
        if not board.columns.why_not(run, benchmark)
        and (score := run.benchmark(benchmark)) is not None
    }


def _table(
    board: Board,
    benchmark: str,
    named: tuple[str, str],
    head: str,
    rows: Sequence[Row],
    remarks: Sequence[str],
) -> Table:
    """A column per run; `named` ends the file's name and the title."""
    over = board.measured_baseline
    changes = any(cell.change for row in rows for cell in row.cells)
    change = f"; relative improvement over {over}, %, in brackets" if changes else ""
    return Table(
        name=f"{benchmark}_{named[0]}",
        title=f"{board.columns.alias(benchmark)} {named[1]}{change}",
        head=head,
        columns=(
            Column("n", "n"),
            *(Column(label, label, "baseline" if label == over else "") for label in board.labels),
        ),
        rows=tuple(rows),
        remarks=tuple(remarks),
    )


def _unit(board: Board, benchmark: str) -> str:
    unit = board.columns.measure(benchmark).unit
    return f"accuracy, {unit}" if unit == "%" else unit


def _summary(
    board: Board, benchmark: str, over: str | None, label: str, scores: Mapping[str, ScoreRow]
) -> Row:
    return replace(_row(board, benchmark, over, label, scores), kind="summary")


def _row(
    board: Board,
    benchmark: str,
    over: str | None,
    label: str,
    scores: Mapping[str, ScoreRow],
    measure: Measure | None = None,
) -> Row:
    """A row of the benchmark's scores, or of figures with a `measure` of their own."""
    n = next((score.n for score in scores.values()), None)
    cells, measure = [count(n or None)], measure or board.columns.measure(benchmark)
    for run in board.runs:
        score = scores.get(run.label)
        if score is None or score.score is None:
            reason = board.columns.why_not(run, benchmark) or f"{label} did not run"
            cells.append(Cell(notes=(reason,)))
            continue
        cell = scored(Value.of(score, measure), 1 if measure.in_percent else 2)
        base = scores.get(over) if over and over != run.label else None
        if base is not None and base.score is not None:
            cell = with_change(cell, measure.gain(improvement(score.score, base.score)))
        cells.append(cell)
    return Row(label, tuple(cells))
