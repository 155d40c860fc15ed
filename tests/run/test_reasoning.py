"""Reasoning from a run's first reply to its files: kept, out of the answer, and read on request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orca_eval.audit.doubtful import doubtful as entries
from orca_eval.audit.entry import ONLY_REASONING
from orca_eval.audit.sheet import Sheet, html_sheet, markdown_sheet
from orca_eval.benchmarks.load import load_benchmark
from orca_eval.cli import main
from orca_eval.gate.side import read_side, rescored
from orca_eval.report.board import build_board
from orca_eval.report.html.pack import pack
from orca_eval.report.replies import reply_shares
from orca_eval.results.notes import reasoning_note
from orca_eval.results.run import read_run
from orca_eval.results.samples import read_samples
from tests.report.test_html import read_index, read_texts

Output = pytest.CaptureFixture[str]
SUITE = ["suite.benchmarks=[arc_easy]", "suite.quickstart=true"]
THOUGHT = "Both look right. <b>C</b>, or rather … 🤔"
SAID = "The answer is B."


def replies(number: int) -> Mapping[str, Any]:
    """In turn: set apart, between marks, all of it reasoning, cut off while reasoning, none."""
    return [
        {"text": SAID, "reasoning": THOUGHT},
        {"text": f"<think>{THOUGHT}</think>{SAID}"},
        {"text": "", "reasoning": f"{THOUGHT} {SAID}"},
        {"text": "", "reasoning": THOUGHT, "finish_reason": "length"},
        {"text": SAID},
    ][number % 5]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    script = tmp_path_factory.mktemp("script") / "script.jsonl"
    docs = [d for t in load_benchmark("arc_easy", None, quickstart=True).tasks for d in t.docs]
    lines = [
        json.dumps({"prompt": doc.messages[-1]["content"], **replies(number)})
        for number, doc in enumerate(docs)
    ]
    script.write_text("\n".join(lines) + "\n")
    return ["run", *SUITE, "engine=replay", f"engine.script={script}", "model.path=m"]


def run(command: list[str], results: Path, *more: str) -> Path:
    assert main([*command, f"results_dir={results}", *more]) == 0
    (manifest,) = results.glob("m/*/manifest.json")
    return manifest.parent


@pytest.fixture(scope="module")
def folder(command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(command, tmp_path_factory.mktemp("results"))


def rows(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_samples(folder / "samples.parquet").to_pylist()
    return found


def notes(folder: Path) -> list[str]:
    found: list[str] = json.loads((folder / "manifest.json").read_text())["notes"]
    return found


def test_every_reply_is_in_the_samples_with_its_reasoning(folder: Path) -> None:
    for number, row in enumerate(rows(folder)):
        asked = replies(number)
        between = THOUGHT if "<think>" in asked["text"] else None
        assert row["response"] == asked["text"]
        assert row["reasoning"] == asked.get("reasoning", between)
        assert row["answer"] == (None if asked["text"] == "" else "B")
        assert row["reasoning_tokens"] is None


def test_what_is_all_reasoning_is_a_count_of_its_own(folder: Path, capsys: Output) -> None:
    found = rows(folder)
    silent = [n for n in range(len(found)) if n % 5 == 2]
    score = read_run(folder).benchmark("arc_easy")
    assert score is not None
    assert score.only_reasoning_rate == pytest.approx(len(silent) / len(found))
    assert score.empty_rate == 0
    assert reasoning_note(len(silent), "apart") in notes(folder)
    shares = reply_shares(read_run(folder))["arc_easy"]
    assert (shares.empty, shares.only_reasoning) == (0, pytest.approx(len(silent) / len(found)))
    assert shares.cut_off > 0


def test_the_gate_counts_empty_replies_as_the_scores_do(folder: Path) -> None:
    score, side = read_run(folder).benchmark("arc_easy"), read_side(str(folder))
    assert score is not None
    for frame in (side.frame, rescored(side).frame):
        assert frame["empty"].mean() == score.empty_rate == 0


def test_it_is_the_answer_where_that_is_asked_for(
    command: list[str], folder: Path, tmp_path: Path, capsys: Output
) -> None:
    other = run(command, tmp_path, "reasoning=as_answer")
    assert other.name != folder.name  # other numbers, another run
    assert main(["rescore", f"run={folder}", "reasoning=as_answer"]) == 0
    assert "rescored/" in capsys.readouterr().out
    (rescored,) = (folder / "rescored").glob("*-as_answer")
    made, again = rows(other), rows(rescored)
    for number, (row, twin) in enumerate(zip(made, again, strict=True)):
        assert row["answer"] == twin["answer"] == (None if number % 5 == 3 else "B")
        assert row["response"] == twin["response"] == replies(number)["text"]
        if number % 5 == 2:
            assert row["reasoning"][int(row["evidence_start"]) : int(row["evidence_end"])] in SAID
            assert row["evidence_start"] == twin["evidence_start"]
    for place in (other, rescored):
        extract = json.loads((place / "manifest.json").read_text())["extract"]
        assert extract == {"conflict": "none", "reasoning": "as_answer"}
        assert [note for note in notes(place) if "reasoning" in note] == [
            reasoning_note(sum(n % 5 == 2 for n in range(len(made))), "as_answer")
        ]
    gate = ["gate", f"baseline={folder}", f"candidate={other}", f"out={tmp_path / 'gate'}"]
    assert main(gate) == 3
    assert "reasoning: baseline apart, candidate as_answer" in capsys.readouterr().err
    assert main(["rescore", f"run={rescored}", "reasoning=apart"]) == 0
    (back,) = (rescored / "rescored").glob("*")
    assert [row["answer"] for row in rows(back)] == [row["answer"] for row in rows(folder)]
    assert notes(back) == notes(folder)


def test_what_is_no_choice_is_one_line(command: list[str], tmp_path: Path, capsys: Output) -> None:
    assert main([*command, f"results_dir={tmp_path}", "reasoning=as_anwser"]) == 3
    assert "reasoning=as_anwser: did you mean as_answer?" in capsys.readouterr().err


def test_the_sheet_folds_reasoning_and_names_replies_that_are_nothing_else(folder: Path) -> None:
    found = entries(pd.read_parquet(folder / "samples.parquet"), 1000)
    silent = [entry for entry in found if ONLY_REASONING in entry.reasons]
    assert silent
    assert all(entry.folded == 0 and SAID in entry.response for entry in silent)
    samples = pd.read_parquet(folder / "samples.parquet").assign(answer=None)
    reasoned = [entry for entry in entries(samples, 1000) if entry.folded]
    assert {entry.response[entry.folded :] for entry in reasoned} == {SAID}
    made = Sheet("t", reasoned, [""] * len(reasoned))
    page, sheet = html_sheet(made), markdown_sheet(made)
    assert page.count("<summary>reasoning</summary>") == len(reasoned)
    assert "<b>C</b>" not in page
    assert sheet.count("Reasoning:") == len(reasoned)


def test_the_report_packs_every_reply_once_behind_its_reasoning(
    folder: Path, command: list[str], tmp_path: Path
) -> None:
    for place in (folder, run(command, tmp_path, "reasoning=as_answer")):
        with pack(build_board([read_run(place)], None), tmp_path) as packed:
            _, columns = read_index(packed)
            replies = [reply for _, reply in read_texts(packed)]
        for number, (row, reply) in enumerate(zip(rows(place), replies, strict=True)):
            units = reply.encode("utf-16-le")
            start, end = (2 * int(columns[name][number]) for name in ("start", "end"))
            span = units[start:end].decode("utf-16-le")
            assert span in SAID
            assert bool(span) == (row["answer"] == "B")
            answer = units[2 * int(columns["folded"][number]) :].decode("utf-16-le")
            assert answer == ("" if row["response"] == "" else SAID)
            assert reply.count(THOUGHT) == (row["reasoning"] is not None)
