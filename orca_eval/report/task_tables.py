"""Tables in the style of Orca 1: a row per task, a column per model, an average row."""

from collections.abc import Iterable, Mapping, Sequence
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

Part = tuple[str, Mapping[str, ScoreRow]]
"""A row: its label, and every run's score by the run's label."""
BARE: dict[str, Any] = {"n": 0, "ci_low": None, "ci_high": None}  # not known of a figure


def task_tables(board: Board) -> list[Table]:
    """A table per benchmark of several tasks, and one of their categories where it has some."""
    tables = []
    for benchmark in board.columns.benchmarks:
        tasks = [(task_name(task), scores) for task, scores in board.tasks(benchmark).items()]
        shown = board.columns.reference(benchmark).presentation
        if len(tasks) > 1:
            tables.append(_table(board, benchmark, shown.parts, tasks))
        if figures := _figures(board, benchmark):
            tables.append(_table(board, benchmark, "figures", figures))
        if categories := _categories(dict(tasks), shown.categories):
            tables.append(_table(board, benchmark, "categories", categories))
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


def _table(board: Board, benchmark: str, what: str, parts: Sequence[Part]) -> Table:
    alias = board.columns.alias(benchmark)
    reference = board.columns.reference(benchmark)
    over = board.baseline if board.baseline in board.labels else None
    columns = (
        Column("n", "n"),
        *(Column(label, label, "baseline" if label == over else "") for label in board.labels),
    )
    if reference.aggregate == "mean_of_tasks":
        label, kind = f"Average ({len(parts)})", "unweighted mean of the tasks"
    else:
        label = f"All {reference.n:,}"
        kind = f"all questions pooled{' as sampled' if reference.as_sampled else ''}"
    total = {
        run.label: score
        for run in board.runs
        if not board.columns.why_not(run, benchmark)
        and (score := run.benchmark(benchmark)) is not None
    }
    rows = [_row(board, benchmark, over, *part) for part in parts]
    rows.append(replace(_row(board, benchmark, over, label, total), kind="summary"))
    unit = reference.measure.unit
    change = f"; relative improvement over {over}, %, in brackets" if over else ""
    return Table(
        name=f"{benchmark}_{what}",
        title=f"{alias} by {what}: {'accuracy, ' * (unit == '%')}{unit}{change}",
        head=what.removesuffix("s") if what != "categories" else "category",
        columns=columns,
        rows=tuple(rows),
        remarks=(
            f"Last row: {kind}; its percentage is the ratio of these, not a mean of percentages."
            if over
            else f"Last row: {kind}.",
            *((AS_SAMPLED,) if reference.as_sampled else ()),
        ),
    )


def _row(
    board: Board, benchmark: str, over: str | None, label: str, scores: Mapping[str, ScoreRow]
) -> Row:
    n = next((score.n for score in scores.values()), None)
    cells, measure = [count(n or None)], board.columns.measure(benchmark)
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
