"""Every format from one definition of a table."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from orca_eval.tables.data import csv_text, json_text
from orca_eval.tables.html import html_fragment, html_page
from orca_eval.tables.latex import latex
from orca_eval.tables.markdown import markdown
from orca_eval.tables.table import Table

FORMATS: Mapping[str, Callable[[Table], str]] = {
    "md": markdown,
    "tex": latex,
    "html": html_page,
    "csv": csv_text,
    "json": json_text,
}

__all__ = ["FORMATS", "csv_text", "html_fragment", "html_page", "json_text", "latex", "markdown"]


def write_tables(tables: Sequence[Table], folder: Path) -> None:
    """Each table as `<name>.<format>` in every format."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        for suffix, render in FORMATS.items():
            (folder / f"{table.name}.{suffix}").write_text(render(table), encoding="utf-8")
