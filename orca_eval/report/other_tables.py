"""The tables beside the scores: rates, reproduction of published figures, and what was run."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

from orca_eval.report.board import Board
from orca_eval.report.cells import Value, change, count, figure, percent, scored
from orca_eval.results.aggregate import RATE_NAMES, ScoreRow
from orca_eval.results.notes import conflict_note, has_bounds
from orca_eval.results.published import SOURCE, counterpart
from orca_eval.results.run import Run
from orca_eval.tables.table import Cell, Column, Row, Table, columns, text_row, together
from orca_eval.types import Measure

JUDGE = "judge"  # a row only where a run has one


class _More(NamedTuple):
    """Columns that are there where any score has something for them."""

    heads: tuple[Column, ...]
    wanted: Callable[[ScoreRow], object]
    values: Callable[[ScoreRow, Measure], Iterable[float | None]]


def _by_conflict(score: ScoreRow, _: Measure) -> Iterable[float | None]:
    return map(percent, (score.conflict_rate, score.score_by_letter, score.score_by_text))


def _bounds(score: ScoreRow, measure: Measure) -> Iterable[float | None]:
    """None where so few replies were cut that they move little."""
    ends = (score.score_cut_wrong, score.score_cut_left_out) if has_bounds(score) else (None, None)
    return map(measure.shown, ends)


def _only_reasoning(score: ScoreRow, _: Measure) -> Iterable[float | None]:
    return [percent(score.only_reasoning_rate)]


_MORE = (
    _More(
        (
            Column("conflict", RATE_NAMES["conflict_rate"], "% of replies"),
            Column("by_letter", "by letter", "score that it would give"),
            Column("by_text", "by text", "score that it would give"),
        ),
        conflict_note,
        _by_conflict,
    ),
    _More(
        (
            Column("cut_wrong", "cut wrong", "score with cut replies counted wrong"),
            Column("cut_left_out", "cut left out", "score without cut replies"),
        ),
        has_bounds,
        _bounds,
    ),
    _More(
        (Column("only_reasoning", RATE_NAMES["only_reasoning_rate"], "% of replies"),),
        lambda score: score.only_reasoning_rate,
        _only_reasoning,
    ),
)


def rates_table(board: Board) -> Table:
    """Every score with what tells a broken run from a weak model."""
    heads: tuple[Column, ...] = (
        Column("benchmark", "benchmark", text=True),
        Column("n", "n"),
        Column("score", "score", "% with 95 % interval"),
        Column("f1", "F1", "%"),
        Column("answered", "answered", "% of replies"),
        Column("cut_off", "cut off", "% at max_tokens"),
        Column("empty", "empty", "% of replies"),
    )
    benchmarks = [run.benchmark(name) for run in board.runs for name in run.benchmarks]
    scores = [score for score in benchmarks if score is not None]
    more = [part for part in _MORE if any(map(part.wanted, scores))]
    heads += tuple(head for part in more for head in part.heads)
    rows = []
    for run in board.runs:
        for name, benchmark in run.benchmarks.items():
            score = run.benchmark(name)
            if score is None or score.score is None:
                continue
            unit = "" if benchmark.measure.unit == "%" else f" ({benchmark.measure.unit})"
            cells = (
                Cell(text=benchmark.alias + unit),
                count(score.n),
                _with_interval(Value.of(score, benchmark.measure)),
                figure(percent(score.f1)),
                *(
                    figure(percent(score.rates.get(rate)), missing="not recorded")
                    for rate in ("extraction_rate", "truncation_rate", "empty_rate")
                ),
                *(figure(v) for part in more for v in part.values(score, benchmark.measure)),
            )
            notes = (run.extent,) if run.extent else ()
            rows.append(Row(run.label, cells, notes=notes))
    return Table(
        name="rates",
        title="Rates behind every score",
        head="model",
        columns=heads,
        rows=tuple(rows),
        remarks=("A reply without a readable answer counts as wrong, and is counted here.",),
    )


def reproduction_table(board: Board) -> Table | None:
    """Ours beside the published figures of the same model and prompt; None without any."""
    heads = (
        Column("benchmark", "benchmark", text=True),
        Column("n", "n"),
        Column("ours", "ours", "% with 95 % interval"),
        Column("published", "published", "%"),
        Column("difference", "difference", "points"),
        Column("covered", "our interval covers it", text=True),
    )
    rows = []
    remarks = [
        "A published figure is taken as fixed: the paper's own error is not in the interval."
    ]
    for run in board.runs:
        model = counterpart(run.model, run.prompt)
        if model is None:
            continue
        remarks += [f"{run.label}: {text}" for text in model.provenance]
        for group in board.groups:
            for key in group.columns():
                if (theirs := group.published(model, key)) is not None:
                    rows.append(Row(run.label, _reproduction_cells(board, run, key, theirs)))
    if not rows:
        return None
    return Table(
        name="reproduction",
        title=f"Reproduction: ours beside {SOURCE}",
        head="model",
        columns=heads,
        rows=tuple(rows),
        remarks=tuple(remarks),
    )


def _reproduction_cells(board: Board, run: Run, key: str, theirs: Fraction) -> tuple[Cell, ...]:
    value = board.values[run.label, key]
    if not run.full:
        value = Value(note=f"{run.extent}: not put beside published figures")
    score = run.benchmark(key) or run.average(key)
    size = count(None if score is None else score.n)
    shown = (Cell(board.name(key)), size, _with_interval(value), figure(theirs))
    if value.number is None:
        return (*shown, Cell(), Cell())
    covered = "no interval"
    if value.low is not None and value.high is not None:
        covered = "yes" if value.low <= float(theirs) <= value.high else "no"
    return (*shown, change(Fraction(value.number) - theirs), Cell(covered))


def runs_table(board: Board) -> Table:
    """What was run, a column per run: model and weights, data, prompt, sampling, versions."""
    described = [_described(run) for run in board.runs]
    notes = together((run.label, note) for run in board.runs for note in run.manifest.notes)
    return Table(
        name="runs",
        title="What was run",
        head="what",
        columns=columns(*board.labels, text=board.labels),
        rows=tuple(
            text_row(name, *(texts[name] for texts in described))
            for name in described[0]
            if name != JUDGE or any(texts[JUDGE] for texts in described)
        ),
        remarks=tuple(f"{', '.join(names)}: {note}" for note, names in notes.items()),
    )


def _described(run: Run) -> dict[str, str]:
    recorded = run.manifest.get
    message, tokens = run.manifest.prompt.system_message, run.manifest.tokens
    return {
        "checkpoint": _text(recorded("model", "path")),
        "weights sha256": _text(recorded("model", "weights_sha256")),
        "parameters (billion)": _text(run.parameters),
        "engine": " ".join(_text(recorded("engine", key)) for key in ("name", "version")).strip(),
        "suite": _text(recorded("suite")) + (f" ({run.extent})" if run.extent else ""),
        "system message": f"{run.prompt}: {message}" if message else f"{run.prompt} (empty)",
        JUDGE: _text(recorded("judge", "model", "name")),
        "sampling": _text(recorded("sampling")),
        "max_tokens": _text(recorded("max_tokens")),
        "tokens": f"{_count(tokens.get('prompt'))} in, {_count(tokens.get('completion'))} out",
        "orca-eval": _text(recorded("orca_eval_version")),
        "extractor": _text(recorded("extractor_version")),
        "data sha256": " ".join(
            f"{benchmark.alias}={benchmark.data_sha256[:8]}"
            for benchmark in run.benchmarks.values()
        ),
    }


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{key}={_text(part)}" for key, part in value.items())
    return value if isinstance(value, str) else json.dumps(value)


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else "?"


def _with_interval(value: Value) -> Cell:
    return replace(scored(value), rates={}, show_interval=True)
