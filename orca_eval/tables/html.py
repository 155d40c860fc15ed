"""A table as HTML: a fragment for the report, or a small page of its own."""

from orca_eval.numbers import ends, with_minus
from orca_eval.safe_text import html as escape
from orca_eval.tables.table import Cell, Column, Row, Table, plain

_MARKS = {"best": "<strong>{}</strong>", "second": "<u>{}</u>"}
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_FEW = 3  # notes of a kind that are not folded
_STYLE = (
    "body{font:15px/1.4 system-ui,sans-serif;margin:2rem}table{border-collapse:collapse}"
    "th,td{padding:.25rem .6rem;border-bottom:1px solid #8886;text-align:right}"
    "th:first-child,td.text,th.text{text-align:left}small{font-weight:normal}"
    ".interval{display:block;white-space:nowrap}"
    "@media print{details::details-content{content-visibility:visible;block-size:auto}}"
)


def html_fragment(table: Table) -> str:
    """`<figure>` with the table, its notes and remarks. Cells carry `data-value` for sorting."""
    notes = table.footnotes()
    head = "".join(map(_head, table.columns))
    rows = "\n".join(_row(row, table, notes) for row in table.rows)
    caption = f'<figcaption class="notes">{_under(table, notes)}</figcaption>\n'
    caption = caption if notes or table.remarks else ""
    return (
        f'<figure class="table" id="table-{escape(table.name)}">\n'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.title)}">\n'
        f"<table>\n<caption>{escape(table.title)}</caption>\n"
        f'<thead><tr><th scope="col">{escape(table.head)}</th>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table>\n</div>\n{caption}</figure>\n"
    )


def _under(table: Table, notes: dict[str, str]) -> str:
    """The notes by kind and the remarks; many of one kind are folded."""
    kinds = {
        kind: [f"<sup>{notes[text]}</sup> {escape(text)}" for text in texts]
        for kind, texts in table.notes_by_kind().items()
    }
    if table.remarks:
        kinds["How to read it"] = [escape(remark) for remark in table.remarks]
    return "".join(_fold(kind, lines) for kind, lines in kinds.items())


def _fold(kind: str, lines: list[str]) -> str:
    text = "".join(f"<p>{line}</p>" for line in lines)
    if len(lines) <= _FEW:
        return text
    return f"<details><summary>{kind}: {len(lines)} notes</summary>{text}</details>"


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
    interval = _interval(cell)
    value = plain(cell)
    sort = f' data-value="{escape(value)}"' if value is not None and not column.text else ""
    title = f' title="{escape(_title(cell))}"' if _title(cell) else ""
    kind = ' class="text"' if column.text else ""
    return f"<td{kind}{sort}{title}>{text}{change}{_sup(cell.notes, notes)}{interval}</td>"


def _interval(cell: Cell) -> str:
    """Beneath the figure: no mouse is needed to read it."""
    if not cell.text or cell.low is None or cell.high is None:
        return ""
    digits = 2 if cell.show_interval else len(cell.text.partition(".")[2])
    low, high = ends(cell.low, cell.high, digits)
    shown = with_minus(f"[{low}, {high}]")
    return f' <small class="interval">{shown}</small>'


def _title(cell: Cell) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {100 * rate:.1f} %" for name, rate in cell.rates.items()
    )


def _sup(texts: tuple[str, ...], notes: dict[str, str]) -> str:
    return f"<sup>{','.join(notes[text] for text in texts)}</sup>" if texts else ""
