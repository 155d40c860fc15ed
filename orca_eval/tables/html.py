"""A table as HTML: a fragment for the report, or a small page of its own."""

from orca_eval.numbers import ends
from orca_eval.safe_text import html as escape
from orca_eval.tables.table import Cell, Column, Row, Table, plain

_MARKS = {"best": "<strong>{}</strong>", "second": "<u>{}</u>"}
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = (
    "body{font:15px/1.4 system-ui,sans-serif;margin:2rem}table{border-collapse:collapse}"
    "th,td{padding:.25rem .6rem;border-bottom:1px solid #8886;text-align:right}"
    "th:first-child,td.text,th.text{text-align:left}small{font-weight:normal}"
)


def html_fragment(table: Table) -> str:
    """`<figure>` with the table, its notes and remarks. Cells carry `data-value` for sorting."""
    notes = table.footnotes()
    head = "".join(map(_head, table.columns))
    rows = "\n".join(_row(row, table, notes) for row in table.rows)
    under = [
        *(f"<p><sup>{mark}</sup> {escape(text)}</p>" for text, mark in notes.items()),
        *(f"<p>{escape(remark)}</p>" for remark in table.remarks),
    ]
    caption = f'<figcaption class="notes">{"".join(under)}</figcaption>\n' if under else ""
    return (
        f'<figure class="table" id="table-{escape(table.name)}">\n'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.title)}">\n'
        f"<table>\n<caption>{escape(table.title)}</caption>\n"
        f'<thead><tr><th scope="col">{escape(table.head)}</th>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table>\n</div>\n{caption}</figure>\n"
    )


def html_page(table: Table) -> str:
    """The fragment as a page that stands alone, without script."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{escape(table.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{html_fragment(table)}</body>\n</html>\n"
    )


def _head(column: Column) -> str:
    detail = f"<br><small>{escape(column.detail)}</small>" if column.detail else ""
    kind = ' class="text"' if column.text else ""
    return f'<th scope="col"{kind}>{escape(column.label)}{detail}</th>'


def _row(row: Row, table: Table, notes: dict[str, str]) -> str:
    published = ' <span class="published">(published)</span>' if row.kind == "published" else ""
    label = f"{escape(row.label)}{published}{_sup(row.notes, notes)}"
    cells = "".join(
        _cell(cell, column, notes) for cell, column in zip(row.cells, table.columns, strict=True)
    )
    return f'<tr class="{row.kind}"><th scope="row">{label}</th>{cells}</tr>'


def _cell(cell: Cell, column: Column, notes: dict[str, str]) -> str:
    text = _MARKS.get(cell.mark, "{}").format(escape(cell.text)) if cell.text else "–"
    change = f" <small>({escape(cell.change)}&nbsp;%)</small>" if cell.change else ""
    interval = f" <small>{escape(cell.interval)}</small>" if cell.interval else ""
    value = plain(cell)
    sort = f' data-value="{escape(value)}"' if value is not None and not column.text else ""
    title = f' title="{escape(_title(cell))}"' if _title(cell) else ""
    kind = ' class="text"' if column.text else ""
    return f"<td{kind}{sort}{title}>{text}{change}{interval}{_sup(cell.notes, notes)}</td>"


def _title(cell: Cell) -> str:
    parts = []
    if cell.low is not None and cell.high is not None and not cell.show_interval:
        parts.append(f"95 % interval {' to '.join(ends(cell.low, cell.high, 2))}")
    parts += [f"{name.replace('_', ' ')} {100 * rate:.1f} %" for name, rate in cell.rates.items()]
    return ", ".join(parts)


def _sup(texts: tuple[str, ...], notes: dict[str, str]) -> str:
    return f"<sup>{','.join(notes[text] for text in texts)}</sup>" if texts else ""
