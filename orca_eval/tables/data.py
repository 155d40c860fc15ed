"""A table for programs: CSV with the printed figures, JSON with the unrounded ones too."""

import json

from orca_eval.safe_text import csv_cell
from orca_eval.tables.table import Cell, Table


def csv_text(table: Table) -> str:
    """One line per row; texts that a spreadsheet would run as a formula are defused."""
    frame = table.frame()
    for name in [table.head, *(column.key for column in table.columns if column.text)]:
        frame[name] = [csv_cell(text) if isinstance(text, str) else text for text in frame[name]]
    frame.columns = [csv_cell(str(name)) for name in frame.columns]
    return frame.to_csv(index=False, lineterminator="\n")


def json_text(table: Table) -> str:
    """Renders `content`."""
    return json.dumps(content(table), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def content(table: Table) -> dict[str, object]:
    """The table's rows with text, value, interval, change, rates and notes of every cell."""
    return {
        "name": table.name,
        "title": table.title,
        "columns": [
            {"key": column.key, "label": column.label, "detail": column.detail}
            for column in table.columns
        ],
        "rows": [
            {
                table.head: row.label,
                "source": row.kind,
                "notes": row.notes,
                "cells": {
                    column.key: _cell(cell)
                    for column, cell in zip(table.columns, row.cells, strict=True)
                },
            }
            for row in table.rows
        ],
        "remarks": table.remarks,
    }


def _cell(cell: Cell) -> dict[str, object]:
    full: dict[str, object] = {
        "text": cell.text,
        "value": cell.value,
        "ci_low": cell.low,
        "ci_high": cell.high,
        "improvement_pct": cell.change_value,
        "mark": cell.mark,
        **cell.rates,
        "notes": cell.notes,
    }
    return {name: value for name, value in full.items() if value not in (None, "", ())}
