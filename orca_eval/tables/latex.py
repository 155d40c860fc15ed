"""A table as LaTeX with booktabs, ready to be \\input into a paper."""

import re
from itertools import pairwise

from orca_eval import safe_text
from orca_eval.tables.table import Markup, Table

PREAMBLE = r"\usepackage{booktabs}"
# Beyond ASCII, pdfTeX's default setup knows these and the accented Latin letters only.
_KNOWN = {"−": "$-$", "–": "--", "…": r"\ldots{}", "×": r"$\times$", "±": r"$\pm$", "†": r"\dag{}"}
_UNKNOWN = re.compile(r"[^\x00-\x7fÀ-ÏÑ-ÖØ-Ýß-ïñ-öø-ýÿ]")


def latex(table: Table) -> str:
    r"""A `table` environment; needs \usepackage{booktabs} and nothing else.

    Notes and remarks stand under the tabular. Rows of another kind are set off by a rule.
    """
    notes = table.footnotes()
    spec = "l" + "".join("l" if column.text else "r" for column in table.columns)
    lines = [
        f"% needs {PREAMBLE}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{plain_latex(table.title)}}}",
        rf"\label{{tab:{table.name.replace('_', '-')}}}",
        rf"\begin{{tabular}}{{{spec}}}",
        r"\toprule",
        *_head(table),
        r"\midrule",
    ]
    previous = [None, *(row.kind for row in table.rows)]
    for (before, kind), row in zip(pairwise(previous), table.rows, strict=True):
        if before is not None and kind != before:
            lines.append(r"\midrule")
        cells = [_MARKUP.label(row, notes), *(_MARKUP.cell(cell, notes) for cell in row.cells)]
        lines.append(" & ".join(cells) + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}"]
    under = [
        *(f"{_MARKUP.marks([mark])} {plain_latex(text)}" for text, mark in notes.items()),
        *(plain_latex(remark) for remark in table.remarks),
    ]
    lines += [rf"\par\smallskip{{\footnotesize {text}\par}}" for text in under]
    lines.append(r"\end{table}")
    return "\n".join(lines) + "\n"


def plain_latex(text: str) -> str:
    """One line that compiles with pdfTeX; a character it has no glyph for shows its code."""
    escaped = safe_text.latex(text).replace(r"\textquotedbl{}", "''")
    return _UNKNOWN.sub(lambda m: _KNOWN.get(m[0], f"[U+{ord(m[0]):04X}]"), escaped)


def _head(table: Table) -> list[str]:
    labels = [table.head, *(column.label for column in table.columns)]
    lines = [" & ".join(map(plain_latex, labels)) + r" \\"]
    if any(column.detail for column in table.columns):
        details = ["", *(plain_latex(column.detail) for column in table.columns)]
        lines.append(r" & \scriptsize ".join(details) + r" \\")
    return lines


_MARKUP = Markup(
    plain=plain_latex,
    bold=r"\textbf{{{}}}",
    second=r"\underline{{{}}}",
    sup=r"\textsuperscript{{{}}}",
    change=r" ({}\,\%)",
    interval=r" {{\scriptsize {}}}",
    missing="--",
)
