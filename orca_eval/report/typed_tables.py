"""Tables of typed-in scores: averages and relative improvements, exact from the decimal cells."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from orca_eval.numbers import improvement, mean, rounded
from orca_eval.report import cells
from orca_eval.results.typed_scores import TypedScores, decimals, find_model
from orca_eval.tables.table import Cell, Column, Row, RowKind, Table, ranked

AVERAGE = "average"  # no item of a file is called so: it would be the average that the file states


def typed_tables(scores: TypedScores, baseline: str | None) -> list[Table]:
    """The tables of one file: scores with averages, and improvements over `baseline` if named."""
    over = find_model(baseline, scores.models, scores.source) if baseline else None
    if scores.layout == "task":
        return [_task_table(scores, over)]
    return [_score_table(scores)] + ([_improvement_table(scores, over)] if over else [])


def score(scores: TypedScores, model: str, item: str = AVERAGE) -> Fraction | None:
    """The cell as typed, or the unweighted mean of them all; None where one is missing."""
    if item != AVERAGE:
        return scores.score(model, item)
    known = [cell for item in scores.items if (cell := scores.score(model, item)) is not None]
    return mean(known) if len(known) == len(scores.items) else None


def relative_improvement(
    scores: TypedScores, model: str, baseline: str, item: str = AVERAGE
) -> Fraction | None:
    """Ratio of the unrounded scores minus one, in percent; from counts where all are known."""
    items = scores.items if item == AVERAGE else (item,)
    sides = [[scores.counted.get((name, part)) for part in items] for name in (model, baseline)]
    exact = [[share for share in side if share is not None] for side in sides]
    if exact == sides:
        return improvement(mean(exact[0]), mean(exact[1]))
    mine, base = score(scores, model, item), score(scores, baseline, item)
    return None if mine is None or base is None else improvement(mine, base)


def _row(scores: TypedScores, label: str, cells: Iterable[Cell]) -> Row:
    """Figures that name where they were printed are published ones."""
    kind: RowKind = "published" if label in scores.provenance else "measured"
    return Row(label, tuple(cells), kind=kind)


def _figure(scores: TypedScores, model: str, item: str, digits: int) -> Cell:
    """`digits` are the average's; cells are shown as typed."""
    value = score(scores, model, item)
    if item == AVERAGE:
        missing = ", ".join(scores.missing(model))
        return cells.figure(value, digits, f"no average without {missing}")
    return cells.figure(value, scores.decimals, f"no score in {scores.source}")


def _change(scores: TypedScores, model: str, baseline: str, item: str) -> Cell:
    change = relative_improvement(scores, model, baseline, item)
    if change is not None:
        return cells.change(change)
    missing = None in (score(scores, model, item), score(scores, baseline, item))
    return Cell(notes=(f"no score in {scores.source}" if missing else cells.ZERO_BASELINE,))


def _columns(scores: TypedScores, average: str) -> tuple[Column, ...]:
    label = f"Average ({len(scores.items)})"
    return (*(Column(item, item) for item in scores.items), Column(AVERAGE, label, average))


def _printed_columns(scores: TypedScores) -> list[Column]:
    return [
        Column(name, name.removeprefix("printed_").replace("_", " "), "as printed", text=True)
        for name in scores.printed
    ]


def _printed_cells(scores: TypedScores, row: str) -> list[Cell]:
    return [Cell(text=values.get(row, "")) for values in scores.printed.values()]


def _score_table(scores: TypedScores) -> Table:
    columns = _columns(scores, "unweighted mean")
    rows = tuple(
        _row(
            scores,
            model,
            (
                *(_figure(scores, model, column.key, 2) for column in columns),
                *_printed_cells(scores, model),
            ),
        )
        for model in scores.models
    )
    return Table(
        name="scores",
        title=f"Scores from {scores.source}",
        head="model",
        columns=(*columns, *_printed_columns(scores)),
        rows=ranked(rows, tuple(range(len(columns)))),
        remarks=(*_source_remarks(scores), *_comparison(scores, 2)),
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


def _task_table(scores: TypedScores, baseline: str | None) -> Table:
    sizes = [Column("n", "n")] if scores.sizes else []
    columns = (
        *sizes,
        *(Column(model, model, "baseline" if model == baseline else "") for model in scores.models),
        *_printed_columns(scores),
    )
    return Table(
        name="scores",
        title=f"Scores from {scores.source}"
        + (f", relative improvement over {baseline} in brackets" if baseline else ""),
        head="task",
        columns=columns,
        rows=tuple(_task_row(scores, item, baseline) for item in (*scores.items, AVERAGE)),
        remarks=(*_count_remarks(scores, baseline), *_comparison(scores, 1)),
    )


def _task_row(scores: TypedScores, item: str, baseline: str | None) -> Row:
    label = "Average" if item == AVERAGE else item
    sized = [cells.count(scores.sizes.get(item))] if scores.sizes else []
    figures = [_task_cell(scores, model, item, baseline) for model in scores.models]
    row = _row(scores, label, (*sized, *figures, *_printed_cells(scores, label)))
    return replace(row, kind="summary") if item == AVERAGE else row


def _task_cell(scores: TypedScores, model: str, item: str, baseline: str | None) -> Cell:
    cell = _figure(scores, model, item, 1)
    if not baseline or model == baseline or cell.value is None:
        return cell
    change = relative_improvement(scores, model, baseline, item)
    if change is None:
        notes = () if item == AVERAGE else _change(scores, model, baseline, item).notes
        return replace(cell, notes=notes)
    return cells.with_change(cell, change)


def _source_remarks(scores: TypedScores) -> list[str]:
    if not scores.provenance:
        return []
    rows: dict[str, list[str]] = {}
    for row, text in scores.provenance.items():
        rows.setdefault(text, []).append(row)
    stated = "; ".join(f"{text} ({', '.join(names)})" for text, names in rows.items())
    return [f"Published figures, not measured here ({scores.source}). Provenance: {stated}."]


def _count_remarks(scores: TypedScores, baseline: str | None) -> list[str]:
    remarks = _source_remarks(scores)
    if baseline and scores.counted:
        remarks.append(
            "Percentages come from counts where both models' counts are known; that of the "
            "average is the ratio of the averages."
        )
    off = [
        f"{model} on {item} (typed {scores.cells[model, item]}, counts give {rounded(share, 2)})"
        for (model, item), share in scores.counted.items()
        if (typed := scores.cells.get((model, item))) is not None
        and abs(share - Fraction(typed)) > Fraction(1, 10 ** decimals(typed))
    ]
    if off:
        remarks.append("Counts and typed scores disagree: " + "; ".join(off) + ".")
    return remarks


def _comparison(scores: TypedScores, digits: int) -> list[str]:
    """How the averages that the file states itself compare with those computed here."""
    stated = dict(scores.averages)
    for model, text in scores.printed.get("printed_average", {}).items():
        try:
            stated.setdefault(model, Decimal(text))
        except ArithmeticError:
            continue
    if not stated:
        return []
    off = []
    for model, number in stated.items():
        value = score(scores, model)
        if value is not None and rounded(value, decimals(number)) != number:
            off.append(f"{model} (stated {number}, computed {rounded(value, digits)})")
    if off:
        return ["The file's own averages differ for " + "; ".join(off) + "."]
    return ["The file's own averages are those computed here."]
