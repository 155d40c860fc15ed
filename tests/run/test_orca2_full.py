"""All of Orca 2 in one run, over the real files, with a model and a judge that say one thing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orca_eval.cli import main
from tests.benchmarks.raw_rows import SHARED, needs_data
from tests.run.judged_servers import rows_of

pytestmark = needs_data


def test_the_whole_suite_ends_with_its_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = {
        "model": "###Final answer: (A) [[10]] [[hallucinated]]",
        "judge": "Rating: [[7]]\n[[grounded]]",
    }
    for name, text in lines.items():
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"default": True, "text": text}))
    command = [
        *("run", "suite=orca2_full", f"data.root={SHARED}", "limit=1", "model.path=m"),
        *("engine=replay", f"engine.script={tmp_path / 'model.jsonl'}", "judge.model.path=toy"),
        *("judge.engine=replay", f"judge.engine.script={tmp_path / 'judge.jsonl'}"),
        *(f"results_dir={tmp_path / 'r'}", "report.samples=false"),
    ]
    assert main(command) == 0
    said = " ".join(capsys.readouterr().out.split())
    (folder,) = (tmp_path / "r").glob("m/orca2_full-*")
    rows = rows_of(folder)
    assert sum(level == "benchmark" for level, _ in rows) == 18
    assert {name for level, name in rows if level == "average"} == {
        "Reasoning average (6)", "Knowledge average (3)", "Grounding average (3)",
    }  # fmt: skip
    assert rows["benchmark", "mt_bench"].score == 7
    assert rows["average", "Grounding average (3)"].score == 0
    assert "Answers that hold a verdict themselves, which sets no grade" in said
    assert main(["report", f"runs={folder}", f"out={tmp_path / 'report'}"]) == 0
    tables = {file.stem for file in (tmp_path / "report/tables").glob("*.md")}
    assert {"reasoning", "knowledge", "grounding", "safety", "open-ended"} <= tables
