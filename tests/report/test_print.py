"""The report on paper: a real PDF, in which every table is whole."""

from __future__ import annotations

import base64
import io
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from orca_eval.report.board import Board, build_board
from orca_eval.report.html.page import write_report
from orca_eval.report.run_tables import run_tables
from orca_eval.results.run import read_runs

from .browser import NEEDS_BROWSER, chromium, open_at, texts
from .synthetic import Spec, write_run

pytestmark = NEEDS_BROWSER
A4 = {"paperWidth": 8.27, "paperHeight": 11.69}
SPACE = str.maketrans("", "", "\u200b\ufffd")
# Every row's cells and every note, as they stand in the page.
LINES = "figure.table caption, figure.table tr, figure.table figcaption p"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight models with names of every length: tables of ten columns."""
    folder = tmp_path_factory.mktemp("crowded")
    names = ("Orca-2-13B", "a", "mistral-7b-instruct-v0.3-finetuned-on-a-mixture-with-a-long-name")
    runs = [
        write_run(
            folder / str(number),
            Spec(f"{names[number % 3]}-{number}", share=0.01, seed=number, budgets=[8, 64]),
        )
        for number in range(8)
    ]
    return tables_alone(build_board(read_runs(runs), None), folder)


@pytest.fixture(scope="module")
def three(board: Board, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tables_alone(board, tmp_path_factory.mktemp("three"))


def tables_alone(board: Board, folder: Path) -> Path:
    write_report(folder / "report.html", board, run_tables(board), [], samples=True)
    return folder / "report.html"


def printed(driver: Any) -> PdfReader:
    return PdfReader(
        io.BytesIO(base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", A4)["data"]))
    )


def written(pdf: PdfReader) -> tuple[str, float]:
    """All that is written, without spaces, and how far to the right any begins."""
    furthest, parts = 0.0, []

    def visit(text: str, now: Any, at: Any, *_: object) -> None:
        nonlocal furthest
        if text.strip():
            furthest = max(furthest, at[4] * now[0] + now[4])
            parts.append(text)

    for page in pdf.pages:
        page.extract_text(visitor_text=visit)
    return plain("".join(parts)), furthest


def plain(text: str) -> str:
    """Without spaces, and ligatures as letters."""
    return "".join(unicodedata.normalize("NFKC", text).translate(SPACE).split())


@pytest.mark.parametrize(("name", "scheme"), [("three", "dark"), ("crowded", "light")])
def test_every_table_is_whole_on_paper(
    name: str, scheme: str, driver: Any, request: pytest.FixtureRequest
) -> None:
    media = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    driver.report = request.getfixturevalue(name)
    open_at(driver, "")
    closed = len(texts(driver, "main details:not([open])"))
    lines = texts(driver, LINES)
    pdf = printed(driver)
    text, furthest = written(pdf)
    assert [line for line in lines if plain(line) not in text] == []
    assert furthest < float(pdf.pages[0].mediabox.width)
    assert len(texts(driver, "main details:not([open])")) == closed
