"""The audit sheet: doubtful samples of every benchmark, the evidence marked, replies as text."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from orca_eval.cli import main
from orca_eval.verbs.audit import CUT_OFF, DISAGREE, NO_ANSWER, WEAK, entries

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
    assert sum(token.type == "fence" for token in tokens) == entries_shown > 0


def test_wrong_requests_are_refused(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", f"run={run_folder}", "out=sheet.pdf"]) == 3
    assert main(["audit", f"run={run_folder}", "n=0"]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert json.loads((run_folder / "manifest.json").read_text())["quickstart"] is True
