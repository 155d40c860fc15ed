"""Each format: what is printed comes back when its own reader reads it, hostile text included."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from orca_eval.errors import InputError
from orca_eval.paths import PUBLISHED
from orca_eval.report.board import Board
from orca_eval.report.run_report import main_report_csv
from orca_eval.report.run_tables import run_tables
from orca_eval.report.typed_tables import typed_tables
from orca_eval.results.typed_scores import read_typed_scores
from orca_eval.tables import FORMATS, csv_text, html_page, json_text, latex, markdown
from orca_eval.tables.latex import PREAMBLE, plain_latex
from orca_eval.tables.markdown import plain_markdown
from orca_eval.tables.table import Cell, Column, Row, Table, letters

from .conftest import HOSTILE, HOSTILE_NAME

EVIL = Table(
    name="evil",
    title=f"title {HOSTILE_NAME}",
    head="model",
    columns=(Column("a", HOSTILE_NAME, HOSTILE), Column("b", "b", text=True)),
    rows=(
        Row(HOSTILE_NAME, (Cell("1.00", 1.0, notes=(HOSTILE,)), Cell(HOSTILE))),
        Row("plain", (Cell("2.00", 2.0, mark="best", change="+100.0"), Cell("=1+1"))),
        Row("empty", (Cell(notes=("a reason",)), Cell()), kind="published"),
    ),
    remarks=(HOSTILE,),
)
PAPER = typed_tables(read_typed_scores(PUBLISHED / "orca2_reasoning.csv"), "WizardLM-13B")


class Reader(HTMLParser):
    """The tags and the table's cells of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.rows: list[list[str]] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._in_cell = True
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def markdown_rows(text: str) -> list[list[str]]:
    """The cells of the first table as a reader of GitHub's Markdown sees them."""
    tree = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(text))
    table = next(node for node in tree.walk() if node.type == "table")
    rows = [node for node in table.walk() if node.type == "tr"]
    return [["".join(_texts(cell)) for cell in row.children] for row in rows]


def _texts(node: SyntaxTreeNode) -> list[str]:
    return [part.content for part in node.walk() if part.type == "text"]


def test_markdown_reads_as_a_table_with_the_same_figures() -> None:
    rows = markdown_rows(markdown(PAPER[0]))
    assert rows[0][:3] == ["model", "AGIEval", "BBH"]
    printed = {row[0]: row[1:] for row in rows[1:]}
    for row in PAPER[0].rows:
        assert printed[f"{row.label} (published)"] == [cell.text for cell in row.cells]


def test_best_is_bold_and_second_underlined_in_every_format() -> None:
    assert "**79.03**" in markdown(PAPER[0])
    assert "<ins>67.65</ins>" in markdown(PAPER[0])
    assert r"\textbf{79.03}" in latex(PAPER[0])
    assert r"\underline{67.65}" in latex(PAPER[0])
    assert "<strong>79.03</strong>" in html_page(PAPER[0])
    assert "<u>67.65</u>" in html_page(PAPER[0])


def test_csv_has_the_printed_figures_and_json_the_unrounded_ones() -> None:
    rows = {row["model"]: row for row in csv.DictReader(io.StringIO(csv_text(PAPER[1])))}
    assert rows["Orca-2-13B"]["average"] == "28.15"
    assert rows["Orca-2-7B"]["GSM8K"] == "-2.82"
    content = json.loads(json_text(PAPER[1]))
    row = next(row for row in content["rows"] if row["model"] == "Orca-2-13B")
    assert row["cells"]["average"]["value"] == pytest.approx(100 * (386.95 / 301.94 - 1))
    assert row["source"] == "published"


def test_csv_carries_intervals_and_rates(board: Board) -> None:
    table = run_tables(board)[0]
    row = next(csv.DictReader(io.StringIO(csv_text(table))))
    cell = table.rows[0].cells[0]
    assert float(row["agieval_ci_low"]) == pytest.approx(cell.low)
    assert float(row["agieval_extraction_rate"]) == pytest.approx(cell.rates["extraction_rate"])


def test_hostile_text_is_only_text_in_html() -> None:
    page = html_page(EVIL)
    reader = Reader()
    reader.feed(page)
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    assert len(reader.rows) == 4
    assert {len(row) for row in reader.rows} == {3}
    assert reader.rows[1][0].startswith("=evil|<img src=x")
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_hostile_text_breaks_no_markdown_table() -> None:
    text = markdown(EVIL)
    rows = markdown_rows(text)
    assert {len(row) for row in rows} == {3}
    assert rows[1][0].startswith("=evil|<img src=x onerror=alert(1)>")
    tree = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [part for token in tree for part in token.children or ()]
    assert {part.content for part in inline if part.type == "html_inline"} <= {
        "<br>",
        "<sub>",
        "</sub>",
        "<sup>",
        "</sup>",
        "<ins>",
        "</ins>",
    }
    assert not {part.type for part in inline} & {"image", "link_open"}
    assert not re.search(r"(@|(?<!&)#)(?!\u200b)\w", text.replace("### ", ""))


def test_no_line_of_a_printed_table_is_a_command_of_a_ci_log() -> None:
    text = markdown(replace(EVIL, remarks=("::error::x", "##[error]x")))
    assert not re.search(r"(?m)^\s*::|##\w*\[", text)


@pytest.mark.parametrize(
    "text",
    ["a|b", "a\\|b", "*a* _b_ `c` ~~d~~", "[x](http://y)", "![x](y)", "<b>", "&amp;", "http://x.y"],
)
def test_plain_markdown_shows_the_text_itself(text: str) -> None:
    source = f"| h |\n| --- |\n| {plain_markdown(text)} |\n"
    assert markdown_rows(source)[1] == [text]
    assert "www\\." in plain_markdown("www.example.org")


def test_hostile_text_is_no_formula_in_csv() -> None:
    rows = list(csv.reader(io.StringIO(csv_text(EVIL))))
    assert {len(row) for row in rows} == {len(rows[0])}
    cells = [cell for row in rows for cell in row]
    assert "'=1+1" in cells
    assert not any(re.match(r"[=@\t\r]|[+-](?!\d)", cell) for cell in cells)


def test_json_is_strict() -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    assert json.loads(json_text(EVIL), parse_constant=refuse)["name"] == "evil"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs Debian's texlive-latex-base")
def test_latex_compiles(board: Board, tmp_path: Path) -> None:
    tables = [EVIL, *PAPER, *(t for t in run_tables(board) if len(t.rows) < 40)]
    body = "\n\\clearpage\n".join(map(latex, tables))
    document = (
        f"\\documentclass{{article}}\n{PREAMBLE}\n\\begin{{document}}\n{body}\\end{{document}}\n"
    )
    (tmp_path / "tables.tex").write_text(document, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "tables.tex"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:].decode(errors="replace")
    assert (tmp_path / "tables.pdf").stat().st_size > 1000


def test_latex_uses_booktabs_and_escapes() -> None:
    text = latex(EVIL)
    assert text.count(r"\midrule") == 2
    assert r"\input" not in text
    assert r"\textbackslash{}input\{a\}" in text
    assert plain_latex("模 −3 é “q”") == "[U+6A21] $-$3 é [U+201C]q[U+201D]"


@pytest.mark.skipif(shutil.which("tidy") is None, reason="needs Debian's tidy")
def test_html_validates(board: Board) -> None:
    for table in (EVIL, *PAPER, *run_tables(board)):
        done = subprocess.run(
            ["tidy", "-errors", "-quiet", "-utf8"],
            input=html_page(table).encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()


def test_every_table_comes_in_every_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = PUBLISHED / "orca1_agieval.csv"
    assert main_report_csv(source, tmp_path, "Vicuna-13B").exit_code == 0
    files = {path.name for path in (tmp_path / "tables").iterdir()}
    assert files == {f"scores.{suffix}" for suffix in FORMATS}
    assert "27.9 (+39.2 %)" in capsys.readouterr().out
    assert r"27.9 (+39.2\,\%)" in (tmp_path / "tables" / "scores.tex").read_text()


def test_an_output_folder_that_cant_be_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="out="):
        main_report_csv(PUBLISHED / "orca1_agieval.csv", tmp_path / "file", None)


@pytest.mark.parametrize(("index", "text"), [(0, "a"), (25, "z"), (26, "aa"), (52, "ba")])
def test_footnote_marks(index: int, text: str) -> None:
    assert letters(index) == text
