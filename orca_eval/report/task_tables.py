"""Tables in the style of Orca 1: a row per task, a column per model, an average row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from orca_eval.benchmarks.specs import read_specs
from orca_eval.names import task_name
from orca_eval.report.board import Board
from orca_eval.report.cells import ZERO_BASELINE, Value, count, scored, with_change
from orca_eval.results.run import Run, Score
from orca_eval.score_kind import AS_SAMPLED
from orca_eval.stats import wilson
from orca_eval.tables.table import Cell, Column, Row, Table


@dataclass(frozen=True, slots=True)
class Part:
    """A row: its label, and every run's score by the run's label."""

    label: str
    scores: dict[str, Score]


def task_tables(board: Board) -> list[Table]:
    """A table per benchmark of several tasks, and one of their categories where it has some."""
    tables = []
    for benchmark in board.columns.benchmarks:
        parts = _tasks(board, benchmark)
        spec = read_specs().get(benchmark)
        if len(parts) > 1:
            tables.append(_table(board, benchmark, spec.parts if spec else "tasks", parts))
        if spec and (categories := _categories(parts, spec.categories)):
            tables.append(_table(board, benchmark, "categories", categories))
    return tables


def _having(board: Board, benchmark: str) -> list[Run]:
    return [run for run in board.runs if not board.columns.why_not(run, benchmark)]


def _tasks(board: Board, benchmark: str) -> list[Part]:
    scores = {run.label: run.tasks(benchmark) for run in _having(board, benchmark)}
    tasks = dict.fromkeys(task for by_task in scores.values() for task in by_task)
    return [
        Part(
            task_name(task),
            {label: by_task[task] for label, by_task in scores.items() if task in by_task},
        )
        for task in tasks
    ]


def _categories(parts: Sequence[Part], categories: Mapping[str, Sequence[str]]) -> list[Part]:
    """Questions pooled over a category's tasks; none unless every task is in one."""
    by_name = {part.label: part for part in parts}
    known = {task for tasks in categories.values() for task in tasks}
    if not by_name or not set(by_name) <= known:
        return []
    return [
        Part(category, _pooled([by_name[name] for name in tasks if name in by_name]))
        for category, tasks in categories.items()
        if any(name in by_name for name in tasks)
    ]


def _pooled(parts: Sequence[Part]) -> dict[str, Score]:
    return {
        label: _pool([part.scores[label] for part in parts])
        for label in parts[0].scores
        if all(label in part.scores for part in parts)
    }


def _pool(scores: Iterable[Score]) -> Score:
    known = [(score.n, score.score) for score in scores if score.score is not None]
    n = sum(size for size, _ in known)
    right = sum(size * share for size, share in known)
    interval = wilson(round(right), n)
    return Score(n, right / n, interval.low, interval.high, rates={}, f1=None)


def _table(board: Board, benchmark: str, what: str, parts: Sequence[Part]) -> Table:
    alias = board.columns.alias(benchmark)
    reference = board.columns.reference(benchmark)
    over = board.baseline if board.baseline in board.labels else None
    columns = (
        Column("n", "n"),
        *(Column(label, label, "baseline" if label == over else "") for label in board.labels),
    )
    rows = [_row(board, benchmark, over, part) for part in parts]
    total = Part(
        f"Average ({len(parts)})"
        if reference.aggregate == "mean_of_tasks"
        else f"All {reference.n:,}",
        {
            run.label: score
            for run in _having(board, benchmark)
            if (score := run.benchmark(benchmark)) is not None
        },
    )
    rows.append(replace(_row(board, benchmark, over, total), kind="summary"))
    kind = (
        "unweighted mean of the tasks"
        if reference.aggregate == "mean_of_tasks"
        else f"all questions pooled{' as sampled' if reference.as_sampled else ''}"
    )
    change = f"; relative improvement over {over}, %, in brackets" if over else ""
    return Table(
        name=f"{benchmark}_{what}",
        title=f"{alias} by {what}: accuracy, %{change}",
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


def _row(board: Board, benchmark: str, over: str | None, part: Part) -> Row:
    n = next((score.n for score in part.scores.values()), None)
    cells = [count(n)]
    for run in board.runs:
        score = part.scores.get(run.label)
        if score is None or score.score is None:
            reason = board.columns.why_not(run, benchmark) or f"{part.label} did not run"
            cells.append(Cell(notes=(reason,)))
            continue
        cell = scored(Value.of(score), 1)
        base = part.scores.get(over) if over and over != run.label else None
        cells.append(cell if base is None else _compared(cell, score, base))
    return Row(part.label, tuple(cells))


def _compared(cell: Cell, score: Score, base: Score) -> Cell:
    if score.score is None or base.score is None:
        return cell
    if base.score <= 0:
        return replace(cell, notes=(ZERO_BASELINE,))
    return with_change(cell, 100 * (score.score / base.score - 1))
