"""The audit sheet: doubtful samples of every benchmark, the evidence marked, replies as text."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from orca_eval.audit.doubtful import doubtful as entries
from orca_eval.audit.entry import CUT_OFF, DISAGREE, NO_ANSWER, WEAK
from orca_eval.cli import main

CASES = {
    "The answer is (B). On reflection nothing else fits.\n\n(A)": DISAGREE,
    "I find this hard to say, for many things could follow.": NO_ANSWER,
    "<script>alert(1)</script> I find this hard to say.": NO_ANSWER,
    "````\n![x](http://evil.example/x.png) <b>hard</b> [to](http://evil.example) say.": NO_ANSWER,
}


@pytest.fixture
def doubtful(run_folder: Path, tmp_path: Path) -> Path:
    """A copy of the run with a few replies that need a look."""
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    samples = pd.read_parquet(folder / "samples.parquet")
    rows = samples.index[samples["benchmark"] == "arc_easy"][: len(CASES)]
    for row, text in zip(rows, CASES, strict=True):
        samples.loc[row, "response"] = text
    samples.to_parquet(folder / "samples.parquet", index=False)
    shutil.rmtree(folder / "rescored", ignore_errors=True)
    assert main(["rescore", f"run={folder}"]) == 0
    (target,) = (folder / "rescored").iterdir()
    return target


def test_reasons_are_told_and_the_clear_samples_left_out(doubtful: Path) -> None:
    samples = pd.read_parquet(doubtful / "samples.parquet")
    sheet = entries(samples, 10_000)
    found = {entry.response: entry.reasons for entry in sheet}
    for reply, reason in CASES.items():
        assert reason in found[reply]
    assert not [entry for entry in sheet if entry.benchmark == "crass"]  # all answered plainly


def test_every_benchmark_has_its_turn(run_folder: Path) -> None:
    samples = pd.read_parquet(run_folder / "samples.parquet")
    samples["response"] = "I find this hard to say."
    samples["answer"] = None
    samples["evidence_start"] = pd.NA
    samples["rule"] = "no_commitment"
    samples.loc[0, "finish_reason"] = "length"
    found = entries(samples, samples["benchmark"].nunique())
    assert len({entry.benchmark for entry in found}) == samples["benchmark"].nunique()
    assert {reason for entry in entries(samples, 10_000) for reason in entry.reasons} <= {
        *(CUT_OFF, NO_ANSWER, DISAGREE, WEAK)
    }


@pytest.mark.parametrize("suffix", ["html", "md"])
def test_a_hostile_reply_is_text_and_the_evidence_is_marked(
    doubtful: Path, tmp_path: Path, suffix: str
) -> None:
    sheet = tmp_path / f"sheet.{suffix}"
    assert main(["audit", f"run={doubtful}", "n=60", f"out={sheet}"]) == 0
    text = sheet.read_text("utf-8")
    assert ("<mark>" if suffix == "html" else "⟦") in text
    if suffix == "html":
        assert "<script>" not in text
        assert "default-src 'none'" in text
        return
    tokens = MarkdownIt("commonmark").parse(text)
    spans = [span for token in tokens for span in token.children or ()]
    assert not {span.type for span in spans} & {"image", "link_open"}
    assert {s.content for s in spans if s.type == "html_inline"} == {"<code>", "</code>"}
    assert not [token for token in tokens if token.type == "html_block"]
    entries_shown = len(re.findall(r"^## ", text, re.MULTILINE))
    fences = sum(token.type == "fence" for token in tokens)
    assert fences == 2 * entries_shown > 0  # question and reply


def test_wrong_requests_are_refused(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", f"run={run_folder}", "out=sheet.pdf"]) == 3
    assert main(["audit", f"run={run_folder}", "n=0"]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert json.loads((run_folder / "manifest.json").read_text())["quickstart"] is True


def test_the_page_leads_to_the_reports_sample_and_shows_what_was_asked(run_folder: Path) -> None:
    assert main(["audit", f"run={run_folder}", "sample=20"]) == 0
    page = (run_folder / "audit.html").read_text("utf-8")
    assert page.count('href="report.html#sample=') == 20
    assert page.count("<summary>question</summary>") == 20
    assert "<dt>option A</dt>" in page
    assert page.count('value="as read"') == 20
    assert "script-src 'sha256-" in page


@pytest.mark.parametrize("column", ["prompt", "response", "gold", "answer", "options", "rule"])
def test_no_text_of_a_drawn_sample_acts_on_the_page(
    run_folder: Path, tmp_path: Path, column: str
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    samples = pd.read_parquet(folder / "samples.parquet")
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e'
    options = [
        json.dumps(dict.fromkeys(json.loads(cell), evil)) if isinstance(cell, str) else None
        for cell in samples["options"]
    ]
    samples[column] = options if column == "options" else evil
    samples.to_parquet(folder / "samples.parquet", index=False)
    assert main(["audit", f"run={folder}", "sample=30"]) == 0
    page = (folder / "audit.html").read_text("utf-8")
    assert page.count("<script") == 1  # the page's own
    assert "<img" not in page
    assert "\u202e" not in page


@pytest.fixture
def form(run_folder: Path, tmp_path: Path) -> tuple[Path, pd.DataFrame]:
    """A form of 40 samples, and its cells."""
    path = tmp_path / "sheet.csv"
    assert main(["audit", f"run={run_folder}", "sample=40", f"out={path}"]) == 0
    return path, pd.read_csv(path, dtype=str, keep_default_na=False)


def fill(path: Path, cells: pd.DataFrame, **verdicts: str) -> None:
    """Judges by stratum, the first of each anew."""
    cells["verdict"] = "as read"
    for stratum, verdict in verdicts.items():
        first = cells.index[cells["stratum"] == stratum.replace("_", " ")][0]
        cells.loc[first, "verdict"] = verdict
    cells.to_csv(path, index=False)


def told(capsys: pytest.CaptureFixture[str], *command: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*command, "--json", "--quiet"]) == 0
    return json.loads(capsys.readouterr().out)["findings"]


def test_verdicts_become_the_extractors_error_and_a_corrected_score(
    form: tuple[Path, pd.DataFrame], capsys: pytest.CaptureFixture[str]
) -> None:
    path, cells = form
    fill(path, cells)
    clean = told(capsys, "audit", f"read={path}")
    assert clean["error"]["estimate"] == 0 < clean["error"]["high"] < 0.2
    assert clean["corrected"]["estimate"] == clean["score"]["estimate"]
    width = clean["corrected"]["high"] - clean["corrected"]["low"]
    assert width > clean["score"]["high"] - clean["score"]["low"]
    fill(path, cells, right="Wrong ", wrong="unclear")
    found = told(capsys, "audit", f"read={path}")
    (right,) = (part for part in found["strata"] if part["name"] == "right")
    lost = right["weight"] / right["judged"]
    assert found["error"]["estimate"] == pytest.approx(lost)
    assert found["corrected"]["estimate"] == pytest.approx(found["score"]["estimate"] - lost)
    assert (found["unclear"], found["blank"], found["judged"]) == (1, 0, len(cells) - 1)
    assert main(["audit", f"read={path}"]) == 0
    shown = capsys.readouterr().out
    assert "corrected score" in shown
    assert "1 of the drawn samples are unclear and left out" in shown


def test_an_audit_of_all_samples_leaves_the_extractors_error_no_doubt(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "all.csv"
    assert main(["audit", f"run={run_folder}", "sample=100000", f"out={path}"]) == 0
    cells = pd.read_csv(path, dtype=str, keep_default_na=False)
    fill(path, cells, wrong="right")
    found = told(capsys, "audit", f"read={path}")
    assert found["error"]["low"] == found["error"]["high"] == pytest.approx(1 / len(cells))


def test_a_form_that_was_moved_or_changed_is_told(
    form: tuple[Path, pd.DataFrame], doubtful: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, cells = form
    fill(path, cells)

    def said(frame: pd.DataFrame, *more: str) -> str:
        frame.to_csv(path, index=False)
        assert main(["audit", f"read={path}", *more]) == 3
        return capsys.readouterr().err.split(": ", 1)[1].strip()

    capsys.readouterr()
    gone = cells.assign(run="/nowhere")
    assert "run=/nowhere: no such folder" in said(gone)
    assert "is of several runs" in said(pd.concat([cells, gone]))
    assert "verdict 'yes'; as read, right, wrong, unclear are known" in said(
        cells.assign(verdict="yes")
    )
    assert "twice" in said(pd.concat([cells, cells]))
    assert "no such sample" in said(cells.assign(doc_id="99999"))
    assert "scored anew" in said(cells.assign(digest="s0"))
    assert "not as it was written" in said(cells.assign(times="1.0"))
    assert "no column digest" in said(cells.drop(columns="digest"))
    assert "no verdict counts on any sample of the stratum" in said(cells.assign(verdict=""))
    assert "verdicts are read from a .csv" in _error(capsys, "audit", "read=sheet.html")
    assert "can't be read" in _error(capsys, "audit", f"read={path.parent / 'no.csv'}")
    assert "write: orca-eval audit run=RUN" in _error(capsys, "audit")
    assert "sample=0" in _error(capsys, "audit", f"run={doubtful}", "sample=0")
    assert ".html or .csv" in _error(capsys, "audit", f"run={doubtful}", "sample=9", "out=a.md")


def _error(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    assert main([*command]) == 3
    return capsys.readouterr().err


def test_a_spreadsheet_of_another_country_is_read(
    form: tuple[Path, pd.DataFrame], capsys: pytest.CaptureFixture[str]
) -> None:
    path, cells = form
    fill(path, cells)
    cells.to_csv(path, index=False, sep=";", encoding="utf-8-sig")
    assert told(capsys, "audit", f"read={path}")["judged"] == len(cells)


def test_nothing_in_a_form_acts_in_a_spreadsheet(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "=run"
    shutil.copytree(run_folder, folder)
    samples = pd.read_parquet(folder / "samples.parquet")
    samples["response"] = "=HYPERLINK(1)\n\x1b[31m" + samples["response"]
    samples["prompt"] = "@SUM(1)"
    samples.to_parquet(folder / "samples.parquet", index=False)
    path = tmp_path / "sheet.csv"
    assert main(["audit", f"run={folder}", "sample=30", f"out={path}"]) == 0
    cells = pd.read_csv(path, dtype=str, keep_default_na=False)
    texts = [text for name in cells for text in cells[name]]
    assert not [text for text in texts if text.startswith(("=", "@", "+", "-"))]
    assert not [text for text in texts if "\x1b" in text]
    fill(path, cells)
    assert told(capsys, "audit", f"read={path}")["judged"] == len(cells)
