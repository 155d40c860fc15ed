"""Exports, read back by the tools they are for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from huggingface_hub import ModelCard
from lm_eval.utils import (
    get_file_datetime,
    get_file_task_name,
    get_results_filenames,
    get_sample_results_filenames,
    make_table,
)

from orca_eval.benchmarks.specs import read_specs
from orca_eval.paths import TASKS
from orca_eval.report.board import Board
from orca_eval.report.exports.lm_eval import lm_eval_results, write_results
from orca_eval.report.exports.model_card import model_index
from orca_eval.report.exports.write import write_exports
from orca_eval.results.run import read_run

from .synthetic import FULL, Spec, write_run

FEW = tuple(b for b in FULL if b.id in ("race", "drop", "gsm8k"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "run"
    manifest = {"finished": "2024-05-06T07:08:09+00:00"}
    spec = Spec("Orca/2", share=0.02, benchmarks=FEW, parameters=0.5, manifest=manifest)
    return write_run(path, spec)


def test_lm_eval_prints_the_same_scores(folder: Path) -> None:
    results = lm_eval_results(read_run(folder))
    frame = pd.read_parquet(folder / "samples.parquet")
    by_task = frame.groupby("task")["score"].mean()
    race = frame[frame["benchmark"] == "race"]["score"].mean()
    assert results["results"]["orca_race"]["acc,orca"] == pytest.approx(race)
    high = results["results"]["orca_race::high"]
    assert high["acc,orca"] == pytest.approx(by_task["race/high"])
    n = (frame["task"] == "race/high").sum()
    expected = (by_task["race/high"] * (1 - by_task["race/high"]) / (n - 1)) ** 0.5
    assert high["acc_stderr,orca"] == pytest.approx(expected)
    drop = frame[frame["benchmark"] == "drop"]
    assert results["results"]["orca_drop"]["f1,orca"] == pytest.approx(drop["f1"].mean())
    assert results["group_subtasks"]["orca_race"] == ["orca_race::high", "orca_race::middle"]
    table = make_table(results)
    assert f"{by_task['race/high']:.4f}" in table
    assert "GSM8K" in table
    assert "orca_race" in results["groups"]
    assert results["model_name_sanitized"] == "Orca__2"


def test_results_are_named_by_the_time(folder: Path) -> None:
    path = write_results(read_run(folder), folder)
    assert path.name == "results_2024-05-06T07-08-09-00-00.json"
    assert json.loads(path.read_text())["n-shot"]["orca_gsm8k"] == 0
    path.unlink()


def test_lm_evals_own_functions_find_the_files_and_their_times(
    folder: Path, tmp_path: Path
) -> None:
    from orca_eval.report.board import build_board

    write_exports(build_board([read_run(folder)], None), tmp_path, samples=True)
    files = sorted(map(str, tmp_path.rglob("*.json*")))
    (results,) = get_results_filenames(files)
    samples = get_sample_results_filenames(files)
    assert len(samples) == 4
    assert {get_file_datetime(name) for name in samples} == {"2024-05-06T07-08-09-00-00"}
    tasks = {get_file_task_name(Path(name).name) for name in samples}
    content = json.loads(Path(results).read_text("utf-8"))
    assert tasks <= set(content["results"])
    assert content["date"] == 1714979289.0


@pytest.mark.parametrize("name", sorted(read_specs()))
def test_a_benchmark_is_exported_under_the_name_that_its_file_has(name: str) -> None:
    (path,) = TASKS.glob(f"*/{name}.yaml")
    found = re.findall(r"^(?:group|task): (\w+)$", path.read_text("utf-8"), re.MULTILINE)
    assert found == [read_specs()[name].presentation.name]


def test_samples_are_lines_of_every_task(folder: Path, tmp_path: Path) -> None:
    from orca_eval.report.board import build_board

    write_exports(build_board([read_run(folder)], None), tmp_path, samples=True)
    (target,) = tmp_path.iterdir()
    assert target.name == "Orca_2"
    frame = pd.read_parquet(folder / "samples.parquet")
    files = sorted(target.glob("samples_*.jsonl"))
    assert [path.name.split("_2024")[0] for path in files] == [
        "samples_orca_drop",
        "samples_orca_gsm8k",
        "samples_orca_race::high",
        "samples_orca_race::middle",
    ]
    lines = [json.loads(line) for path in files for line in path.read_text().splitlines()]
    assert len(lines) == len(frame)
    by_key = {(line["doc"]["task"], line["doc_id"]): line for line in lines}
    for row in pq.read_table(folder / "samples.parquet").to_pylist():
        line = by_key[row["task"], row["doc_id"]]
        assert line["resps"] == [[row["response"]]]
        assert line["filtered_resps"] == [row["answer"]]
        assert line["acc"] == row["score"]
        assert line["extracted"] == float(row["answer"] is not None)
        assert line["arguments"]["gen_args_0"]["arg_0"] == row["prompt"]
        assert ("f1" in line["metrics"]) == (row["task"] == "drop/drop")


def test_the_model_index_is_one_that_the_hub_reads(folder: Path) -> None:
    run = read_run(folder)
    card = ModelCard(model_index(run) + "# A card\n")
    results = {result.dataset_name: result for result in card.data.eval_results or []}
    score = run.benchmark("gsm8k")
    assert score is not None
    assert score.score is not None
    assert results["GSM8K"].metric_value == round(100 * score.score, 2)
    assert results["GSM8K"].dataset_type == "openai/gsm8k"
    assert results["DROP"].metric_type == "exact_match"
    assert len(results) == 3


@pytest.mark.parametrize("changes", [{"limit": 5}, {"quickstart": True}])
def test_scores_of_less_than_the_benchmark_get_no_model_index(
    tmp_path: Path, changes: dict[str, int]
) -> None:
    spec = Spec("m", share=0.02, benchmarks=FEW, **changes)  # type: ignore[arg-type]
    assert model_index(read_run(write_run(tmp_path / "m", spec))) == ""


def test_runs_of_one_name_have_folders_of_their_own(board: Board, tmp_path: Path) -> None:
    write_exports(board, tmp_path, samples=False)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["Orca-2-13B", "Orca-2-13B_w_cautious_sm", "small"]
    assert not list(tmp_path.rglob("samples_*"))
