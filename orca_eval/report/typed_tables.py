"""Tables of typed-in scores: averages and relative improvements, exact from the decimal cells."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from orca_eval.numbers import improvement, mean, rounded
from orca_eval.report import cells
from orca_eval.results.typed_scores import TypedScores, decimals, find_model
from orca_eval.tables.table import Cell, Column, Row, Table, ranked

AVERAGE = "average"  # no item of a file is called so: it would be the average that the file states
_SHARES = (
    "No score is above 1, so they look like shares; they are shown as typed, and every other table "
    "has percentages: write 44 for 0.44, or 0.44% where less than one percent is meant."
)
_DIGITS = {"model": 2, "task": 1}  # of an average


def typed_tables(scores: TypedScores, baseline: str | None) -> list[Table]:
    """The tables of one file: scores with averages, and improvements over `baseline` if named."""
    over = find_model(baseline, scores.models, scores.source) if baseline else None
    if scores.layout == "task":
        return [_by_task(scores, over)]
    return [_by_model(scores)] + ([_improvement_table(scores, over)] if over else [])


def score(scores: TypedScores, model: str, item: str = AVERAGE) -> Fraction | None:
    """The cell as typed, or the unweighted mean of them all; None where one is missing."""
    return _mean(scores, scores.cells, model, item)


def relative_improvement(
    scores: TypedScores, model: str, baseline: str, item: str = AVERAGE
) -> Fraction | None:
    """Ratio of the unrounded scores minus one, in percent; from counts where all are known."""
    for numbers in (scores.counted, scores.cells):
        mine, base = (_mean(scores, numbers, name, item) for name in (model, baseline))
        if mine is not None and base is not None:
            return improvement(mine, base)
    return None


def _mean(
    scores: TypedScores,
    numbers: Mapping[tuple[str, str], Fraction | Decimal],
    model: str,
    item: str,
) -> Fraction | None:
    items = scores.items if item == AVERAGE else (item,)
    known = [Fraction(numbers[model, part]) for part in items if (model, part) in numbers]
    return mean(known) if len(known) == len(items) else None


def _figure(scores: TypedScores, model: str, item: str) -> Cell:
    """Averages have their layout's digits; cells are shown as typed."""
    digits, note = scores.decimals, f"no score in {scores.source}"
    if item == AVERAGE:
        missing = [part for part in scores.items if (model, part) not in scores.cells]
        digits, note = _DIGITS[scores.layout], f"no average without {', '.join(missing)}"
    return cells.figure(score(scores, model, item), digits, note)


def _change(scores: TypedScores, model: str, baseline: str, item: str) -> Cell:
    change = relative_improvement(scores, model, baseline, item)
    if change is not None:
        return cells.change(change)
    missing = None in (score(scores, model, item), score(scores, baseline, item))
    return Cell(notes=(f"no score in {scores.source}" if missing else cells.ZERO_BASELINE,))


def _row(
    scores: TypedScores,
    label: str,
    figures: Iterable[Cell],
    printed: Iterable[Mapping[str, str]] = (),
) -> Row:
    """Figures that name where they were printed are published ones."""
    texts = (Cell(column.get(label, "")) for column in printed)
    published = label in scores.provenance
    return Row(label, (*figures, *texts), "published" if published else "measured")


def _columns(scores: TypedScores, average: str) -> tuple[Column, ...]:
    label = f"Average ({len(scores.items)})"
    return (*(Column(item, item) for item in scores.items), Column(AVERAGE, label, average))


def _by_model(scores: TypedScores) -> Table:
    columns = _columns(scores, "unweighted mean")
    rows = []
    for model in scores.models:
        figures = (_figure(scores, model, column.key) for column in columns)
        rows.append(_row(scores, model, figures, scores.printed.values()))
    return _score_table(scores, columns, ranked(rows), None)


def _by_task(scores: TypedScores, baseline: str | None) -> Table:
    rows = []
    for item in (*scores.items, AVERAGE):
        size = [cells.count(scores.sizes.get(item))] if scores.sizes else []
        figures = (_task_cell(scores, model, item, baseline) for model in scores.models)
        label = "Average" if item == AVERAGE else item
        rows.append(_row(scores, label, (*size, *figures), scores.printed.values()))
    rows[-1] = replace(rows[-1], kind="summary")
    columns = [Column("n", "n")] if scores.sizes else []
    columns += [
        Column(name, name, "baseline" if name == baseline else "") for name in scores.models
    ]
    return _score_table(scores, columns, rows, baseline)


def _score_table(
    scores: TypedScores, columns: Iterable[Column], rows: Iterable[Row], baseline: str | None
) -> Table:
    printed = [
        Column(name, name.removeprefix("printed_").replace("_", " "), "as printed", text=True)
        for name in scores.printed
    ]
    over = f", relative improvement over {baseline} in brackets" if baseline else ""
    return Table(
        name="scores",
        title=f"Scores from {scores.source}{over}",
        head=scores.layout,
        columns=(*columns, *printed),
        rows=tuple(rows),
        remarks=(
            *_source_remarks(scores),
            *([_SHARES] if scores.as_shares else []),
            *_count_remarks(scores, baseline),
            *_comparison(scores),
        ),
    )


def _improvement_table(scores: TypedScores, baseline: str) -> Table:
    columns = _columns(scores, "ratio of the averages")
    return Table(
        name="improvement",
        title=f"Relative improvement over {baseline}, %",
        head="model",
        columns=columns,
        rows=tuple(
            _row(scores, model, (_change(scores, model, baseline, at.key) for at in columns))
            for model in scores.models
            if model != baseline
        ),
        remarks=(
            "Ratio of the unrounded scores minus one, without intervals: the figures are as given.",
            *_source_remarks(scores),
        ),
    )


def _task_cell(scores: TypedScores, model: str, item: str, baseline: str | None) -> Cell:
    cell = _figure(scores, model, item)
    if not baseline or model == baseline or cell.value is None:
        return cell
    change = relative_improvement(scores, model, baseline, item)
    if change is not None:
        return cells.with_change(cell, change)
    notes = () if item == AVERAGE else _change(scores, model, baseline, item).notes
    return replace(cell, notes=notes)


def _source_remarks(scores: TypedScores) -> list[str]:
    rows: dict[str, list[str]] = {}
    for row, text in scores.provenance.items():
        rows.setdefault(text, []).append(row)
    stated = "; ".join(f"{text} ({', '.join(names)})" for text, names in rows.items())
    source = f"Published figures, not measured here ({scores.source}). Provenance: {stated}."
    return [source] if rows else []


def _count_remarks(scores: TypedScores, baseline: str | None) -> list[str]:
    remarks = []
    if baseline and scores.counted:
        remarks.append(
            "Percentages come from counts where both models' counts are known; that of the "
            "average is the ratio of the averages."
        )
    off = [
        f"{model} on {item} (typed {typed}, counts give {rounded(share, 2)})"
        for (model, item), share in scores.counted.items()
        if (typed := scores.cells.get((model, item))) is not None
        and abs(share - Fraction(typed)) > Fraction(1, 10 ** decimals(typed))
    ]
    if off:
        remarks.append("Counts and typed scores disagree: " + "; ".join(off) + ".")
    return remarks


def _comparison(scores: TypedScores) -> list[str]:
    """How the averages that the file states itself compare with those computed here."""
    stated = dict(scores.averages)
    for model, text in scores.printed.get("printed_average", {}).items():
        with contextlib.suppress(ArithmeticError):
            stated.setdefault(model, Decimal(text))
    if not stated:
        return []
    digits = _DIGITS[scores.layout]
    off = [
        f"{model} (stated {number}, computed {rounded(value, digits)})"
        for model, number in stated.items()
        if (value := score(scores, model)) is not None
        and rounded(value, decimals(number)) != number
    ]
    if off:
        return ["The file's own averages differ for " + "; ".join(off) + "."]
    return ["The file's own averages are those computed here."]
