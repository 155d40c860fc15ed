"""A table as GitHub-flavoured Markdown."""

import re

from orca_eval.safe_text import terminal
from orca_eval.tables.table import Column, Markup, Table

# What starts markup, a link, a mention, a reference or a CI log's command (the tables are printed).
_ACTIVE = re.compile(r"[\\`*_~\[\]<>|&!@#$]|:(?=//|:)|(?<=www)\.", re.IGNORECASE)
_ZERO_WIDTH = "\u200b"


def markdown(table: Table) -> str:
    """Title, table, footnotes and remarks; every text from outside is escaped."""
    notes = table.footnotes()
    lines = [f"### {plain_markdown(table.title)}", "", *grid(table)]
    for text, mark in notes.items():
        lines += ["", f"<sup>{mark}</sup> {plain_markdown(text)}"]
    for remark in table.remarks:
        lines += ["", plain_markdown(remark)]
    return "\n".join(lines) + "\n"


def grid(table: Table) -> list[str]:
    """The table alone: a line for its head, one for the columns' sides, and one for every row."""
    notes = table.footnotes()
    return [
        _line([plain_markdown(table.head), *map(_head, table.columns)]),
        _line([":---", *(":---" if column.text else "---:" for column in table.columns)]),
        *(
            _line([_MARKUP.label(row, notes), *(_MARKUP.cell(cell, notes) for cell in row.cells)])
            for row in table.rows
        ),
    ]


def plain_markdown(text: str) -> str:
    """One line of text inside a line of Markdown, readable in the source, with nothing active.

    Mentions and references are recognised after entities are decoded: a zero-width space parts
    them from their sign.
    """
    return _ACTIVE.sub(_escape, terminal(text))


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    escaped = f"&#{ord(char)};" if char in "\\|<>&" else f"\\{char}"
    return escaped + (_ZERO_WIDTH if char in "@#" else "")


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _head(column: Column) -> str:
    label = plain_markdown(column.label)
    return f"{label}<br><sub>{plain_markdown(column.detail)}</sub>" if column.detail else label


_MARKUP = Markup(
    plain=plain_markdown,
    bold="**{}**",
    second="<ins>{}</ins>",
    sup="<sup>{}</sup>",
    change=" ({} %)",
    interval=" {}",
    missing="–",
)
