"""Tables of typed-in scores: averages and relative improvements, exact from the decimal cells."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from orca_eval.report.numbers import improvement, mean, rounded, signed
from orca_eval.report.table import Cell, Column, Row, RowKind, Table, ranked
from orca_eval.report.typed_scores import TypedScores, decimals, find_model

ZERO_BASELINE = "no relative improvement over a baseline of 0"


def typed_tables(scores: TypedScores, baseline: str | None) -> list[Table]:
    """The tables of one file: scores with averages, and improvements over `baseline` if named."""
    over = find_model(baseline, scores.models, scores.source) if baseline else None
    if scores.layout == "task":
        return [_task_table(scores, over)]
    return [_score_table(scores)] + ([_improvement_table(scores, over)] if over else [])


def average(scores: TypedScores, model: str) -> Fraction | None:
    """The unweighted mean of the model's cells as typed; None where one is missing."""
    values = [scores.score(model, item) for item in scores.items]
    known = [value for value in values if value is not None]
    return mean(known) if len(known) == len(values) else None


def average_improvement(scores: TypedScores, model: str, baseline: str) -> Fraction | None:
    """Ratio of the unrounded averages minus one, in percent; from counts where all are known."""
    counted = all(
        (name, item) in scores.counts for name in (model, baseline) for item in scores.items
    )
    if counted:
        ours, theirs = (
            mean([Fraction(*scores.counts[name, item]) for item in scores.items])
            for name in (model, baseline)
        )
        return improvement(ours, theirs)
    mine, base = average(scores, model), average(scores, baseline)
    return None if mine is None or base is None else improvement(mine, base)


def item_improvement(scores: TypedScores, model: str, baseline: str, item: str) -> Fraction | None:
    """The same for one item: from counts where both are known, else from the cells as typed."""
    if (model, item) in scores.counts and (baseline, item) in scores.counts:
        ours, theirs = scores.exact(model, item), scores.exact(baseline, item)
    else:
        ours, theirs = scores.score(model, item), scores.score(baseline, item)
    return None if ours is None or theirs is None else improvement(ours, theirs)


def _kind(scores: TypedScores, row: str) -> RowKind:
    """Figures that name where they were printed are published ones."""
    return "published" if row in scores.provenance else "measured"


def _score_cell(scores: TypedScores, model: str, item: str) -> Cell:
    typed = scores.cells.get((model, item))
    if typed is None:
        return Cell(notes=(f"no score in {scores.source}",))
    return Cell(text=str(rounded(Fraction(typed), scores.decimals)), value=typed)


def _average_cell(scores: TypedScores, model: str, digits: int) -> Cell:
    value = average(scores, model)
    if value is None:
        return Cell(notes=(f"no average without {', '.join(scores.missing(model))}",))
    return Cell(text=str(rounded(value, digits)), value=float(value))


def _change_cell(change: Fraction | None, base: Fraction | None, source: str, digits: int) -> Cell:
    if change is None:
        return Cell(notes=(ZERO_BASELINE if base is not None else f"no score in {source}",))
    return Cell(text=signed(rounded(change, digits)), value=float(change))


def _printed_columns(scores: TypedScores) -> list[Column]:
    return [
        Column(name, name.removeprefix("printed_").replace("_", " "), "as printed", text=True)
        for name in scores.printed
    ]


def _printed_cells(scores: TypedScores, row: str) -> list[Cell]:
    return [Cell(text=values.get(row, "")) for values in scores.printed.values()]


def _score_table(scores: TypedScores) -> Table:
    columns = (
        *(Column(item, item) for item in scores.items),
        Column("average", f"Average ({len(scores.items)})", "unweighted mean"),
        *_printed_columns(scores),
    )
    rows = tuple(
        Row(
            model,
            (
                *(_score_cell(scores, model, item) for item in scores.items),
                _average_cell(scores, model, 2),
                *_printed_cells(scores, model),
            ),
            kind=_kind(scores, model),
        )
        for model in scores.models
    )
    numeric = tuple(index for index, column in enumerate(columns) if not column.text)
    return Table(
        name="scores",
        title=f"Scores from {scores.source}",
        head="model",
        columns=columns,
        rows=ranked(rows, numeric),
        remarks=(*_source_remarks(scores), *_comparison(scores, 2)),
    )


def _improvement_table(scores: TypedScores, baseline: str) -> Table:
    base_average = average(scores, baseline)
    rows = tuple(
        Row(
            model,
            (
                *(
                    _change_cell(
                        item_improvement(scores, model, baseline, item),
                        _base(scores, model, baseline, item),
                        scores.source,
                        2,
                    )
                    for item in scores.items
                ),
                _change_cell(
                    average_improvement(scores, model, baseline),
                    None if scores.missing(model) else base_average,
                    scores.source,
                    2,
                ),
            ),
            kind=_kind(scores, model),
        )
        for model in scores.models
        if model != baseline
    )
    columns = (
        *(Column(item, item) for item in scores.items),
        Column("average", f"Average ({len(scores.items)})", "ratio of the averages"),
    )
    return Table(
        name="improvement",
        title=f"Relative improvement over {baseline}, %",
        head="model",
        columns=columns,
        rows=rows,
        remarks=(
            "Ratio of the unrounded scores minus one, without intervals: the figures are as given.",
            *_source_remarks(scores),
        ),
    )


def _base(scores: TypedScores, model: str, baseline: str, item: str) -> Fraction | None:
    """The baseline's score where the model has one too: None means that a score is missing."""
    return None if scores.score(model, item) is None else scores.score(baseline, item)


def _task_table(scores: TypedScores, baseline: str | None) -> Table:
    sizes = [Column("n", "n")] if scores.sizes else []
    columns = (
        *sizes,
        *(Column(model, model, "baseline" if model == baseline else "") for model in scores.models),
        *_printed_columns(scores),
    )
    rows: list[Row] = []
    for item in scores.items:
        size = scores.sizes.get(item)
        cells = [Cell(text="" if size is None else f"{size:,}", value=size)] if sizes else []
        cells += [_task_cell(scores, model, item, baseline) for model in scores.models]
        rows.append(Row(item, (*cells, *_printed_cells(scores, item)), kind=_kind(scores, item)))
    return Table(
        name="scores",
        title=f"Scores from {scores.source}"
        + (f", relative improvement over {baseline} in brackets" if baseline else ""),
        head="task",
        columns=columns,
        rows=(*rows, _average_row(scores, baseline, bool(sizes))),
        remarks=(*_count_remarks(scores, baseline), *_comparison(scores, 1)),
    )


def _task_cell(scores: TypedScores, model: str, item: str, baseline: str | None) -> Cell:
    cell = _score_cell(scores, model, item)
    if not baseline or model == baseline or cell.value is None:
        return cell
    change = item_improvement(scores, model, baseline, item)
    base = scores.score(baseline, item)
    if change is None:
        return replace(cell, notes=_change_cell(None, base, scores.source, 1).notes)
    return replace(cell, change=signed(rounded(change, 1)), change_value=float(change))


def _average_row(scores: TypedScores, baseline: str | None, sized: bool) -> Row:
    cells = [Cell()] if sized else []
    for model in scores.models:
        cell = _average_cell(scores, model, 1)
        change = None
        if baseline and model != baseline and cell.value is not None:
            change = average_improvement(scores, model, baseline)
        if change is not None:
            text = signed(rounded(change, 1))
            cell = replace(cell, change=text, change_value=float(change))
        cells.append(cell)
    return Row("Average", (*cells, *_printed_cells(scores, "Average")), kind="summary")


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
    if baseline and scores.counts:
        remarks.append(
            "Percentages come from counts where both models' counts are known; that of the "
            "average is the ratio of the averages."
        )
    off = [
        f"{model} on {item} (typed {scores.cells[model, item]}, counts give "
        f"{rounded(Fraction(100 * correct, n), 2)})"
        for (model, item), (correct, n) in scores.counts.items()
        if (model, item) in scores.cells
        and abs(Fraction(100 * correct, n) - Fraction(scores.cells[model, item]))
        > Fraction(1, 10 ** decimals(scores.cells[model, item]))
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
        value = average(scores, model)
        if value is not None and rounded(value, decimals(number)) != number:
            off.append(f"{model} (stated {number}, computed {rounded(value, digits)})")
    if off:
        return ["The file's own averages differ for " + "; ".join(off) + "."]
    return ["The file's own averages are those computed here."]
