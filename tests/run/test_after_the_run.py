"""What is made once the results are there: it can fail, and the run stays finished."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from orca_eval.cli import main
from orca_eval.errors import InputError
from orca_eval.results.samples import read_frame
from orca_eval.run import results


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    return run_command(tmp_path, "###Final answer: {4}")


def run_command(folder: Path, text: str) -> list[str]:
    script = folder / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": text}) + "\n")
    engine = ["engine=replay", f"engine.script={script}"]
    return ["run", *engine, "suite=gsm8k", "suite.quickstart=true", f"results_dir={folder / 'r'}"]


def folder_of(command: list[str]) -> Path:
    (manifest,) = Path(command[-1].partition("=")[2]).glob("*/*/manifest.json")
    return manifest.parent


@pytest.mark.parametrize("text", ["😀 ###Final answer: {4}", "𝑥 = 4\n###Final answer: {4}"])
def test_evidence_in_every_sample_and_a_wide_character(tmp_path: Path, text: str) -> None:
    command = run_command(tmp_path, text)
    assert main(command) == 0
    folder = folder_of(command)
    samples = pd.read_parquet(folder / "samples.parquet")
    assert samples["evidence_start"].notna().all()
    assert (folder / "report.html").is_file()


def fails(*_: object, **__: object) -> Any:
    raise MemoryError("no room\nat all")


@pytest.mark.parametrize(
    ("name", "missing"),
    [("write_run_report", "report.html"), ("write_results", "results_*.json")],
)
def test_a_part_that_fails_leaves_a_finished_run_and_is_made_by_the_same_command(
    command: list[str],
    name: str,
    missing: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(results, name, fails)
        assert main(command) == 0
        folder = folder_of(command)
        assert not list(folder.glob(missing))
        assert not (folder / ".writing").exists()
        out, err = capsys.readouterr()
        (line,) = [line for line in err.splitlines() if "can't be made" in line]
        assert "the run is finished" in line
        assert "(MemoryError: no room at all)" in line
        assert "GSM8K" in out
    assert main(command) == 0
    assert len(list(folder.glob(missing))) == 1
    assert "this run is finished" in capsys.readouterr().err


def test_the_line_names_a_command_that_makes_the_report(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(results, "write_run_report", fails)
    assert main(command) == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "can't be made" in line]
    verb, runs, _ = line.partition("orca-eval ")[2].split()
    assert main([verb, runs.strip("'"), f"out={tmp_path / 'made'}"]) == 0
    assert (tmp_path / "made" / "report.html").is_file()


def test_a_run_that_is_made_again_keeps_no_report_of_the_older_result(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(command) == 0
    folder = folder_of(command)
    monkeypatch.setattr(results, "write_run_report", fails)
    monkeypatch.setattr(results, "write_results", fails)
    assert main([*command, "fresh=true"]) == 0
    assert not list(folder.glob("report.html"))
    assert not list(folder.glob("results_*.json"))


def test_a_flipped_bit_in_any_page_of_the_samples_is_seen(command: list[str]) -> None:
    assert main(command) == 0
    path = folder_of(command) / "samples.parquet"
    whole = path.read_bytes()
    group = pq.ParquetFile(path).metadata.row_group(0)
    for column in map(group.column, range(group.num_columns)):
        start = column.dictionary_page_offset or column.data_page_offset
        damaged = bytearray(whole)
        damaged[start + column.total_compressed_size - 1] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(InputError):
            read_frame(path)


def test_rescoring_where_a_sample_has_no_evidence_any_more(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from orca_eval.benchmarks import scorer
    from orca_eval.extract import Extraction

    assert main(command) == 0
    whole: Callable[..., Extraction] = scorer.extract_answer
    given = iter([Extraction(None, "no_commitment", None)])
    monkeypatch.setattr(
        scorer, "extract_answer", lambda *a, **k: next(given, None) or whole(*a, **k)
    )
    assert main(["rescore", f"run={folder_of(command)}"]) == 0
    (path,) = folder_of(command).glob("rescored/*/samples.parquet")
    rescored = pd.read_parquet(path)
    assert rescored["evidence_start"].isna().sum() == 1


def test_no_cell_of_the_scores_is_a_formula_and_names_come_back(tmp_path: Path) -> None:
    from orca_eval.results.aggregate import ScoreRow
    from orca_eval.results.scores import read_scores, write_scores

    names = ["=1+1", "@x", "-cmd", "plain", "-12", "'"]
    numbers = {"n": 1, "score": 0.5, "ci_low": 0.1, "ci_high": 0.9, "metric": "exact_match"}
    rates = {"extraction_rate": 1.0, "truncation_rate": 0.0, "empty_rate": 0.0}
    rows = [
        ScoreRow(level="task", benchmark="b", task=name, **numbers, **rates)  # type: ignore[arg-type]
        for name in names
    ]
    write_scores(tmp_path, rows)
    assert [row.task for row in read_scores(tmp_path)] == names
    assert ",=1+1," not in (tmp_path / "scores.csv").read_text()
