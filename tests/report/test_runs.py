"""Reading run folders: what may be missing, what may not, and how rows are called."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from orca_eval.errors import InputError
from orca_eval.report.board import Board, build_board
from orca_eval.report.html.pack import Texts
from orca_eval.report.paired import doc_scores
from orca_eval.report.replies import reply_shares
from orca_eval.results.run import Run, read_run, read_runs
from orca_eval.results.scores import read_scores

from .synthetic import FULL, Spec, write_run

SMALL = tuple(b for b in FULL if b.id in ("gsm8k", "crass"))


def rewrite(folder: Path, **changes: object) -> None:
    """Change a manifest; None takes a key out."""
    path = folder / "manifest.json"
    manifest = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in manifest.items() if v is not None}))


def test_a_folder_of_runs_stands_for_all_in_it(runs: list[Path]) -> None:
    found = read_runs([runs[0].parent])
    assert [run.label for run in found] == ["Orca-2-13B w/ cautious sm", "Orca-2-13B", "small"]


def test_a_rescored_copy_is_no_further_run_unless_it_is_named(tmp_path: Path) -> None:
    spec = Spec("m", share=0.02, benchmarks=SMALL)
    run = write_run(tmp_path / "results" / "m" / "suite-empty-1", spec)
    copy = write_run(run / "rescored" / "2", spec)
    assert [found.folder for found in read_runs([tmp_path / "results"])] == [run]
    assert [found.folder for found in read_runs([copy])] == [copy]
    assert [found.folder for found in read_runs([run / "rescored"])] == [copy]


def test_rows_of_the_same_model_and_prompt_are_told_apart(tmp_path: Path) -> None:
    spec = Spec("m", share=0.02, benchmarks=SMALL)
    folders = [write_run(tmp_path / name, spec) for name in ("suite-empty-1", "suite-empty-2")]
    labels = [run.label for run in read_runs(folders)]
    assert labels == ["m (suite-empty-1)", "m (suite-empty-2)"]


def test_the_same_run_twice_is_one_row(runs: list[Path]) -> None:
    assert len(read_runs([runs[0], runs[0]])) == 1


def test_a_manifest_needs_little(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "m" / "run", Spec("m", share=0.02, benchmarks=SMALL))
    benchmarks = {name: {} for name in ("gsm8k", "crass")}
    (folder / "manifest.json").write_text(json.dumps({"benchmarks": benchmarks}))
    run = read_run(folder)
    assert (run.label, run.full, run.averages) == ("m", True, {})
    assert build_board([run], None).values["m", "gsm8k"].number is not None


def test_only_an_unlimited_run_of_real_items_is_full(tmp_path: Path) -> None:
    for number, (spec, extent) in enumerate(
        [
            (Spec("a", share=0.02, benchmarks=SMALL), ""),
            (Spec("a", share=0.02, benchmarks=SMALL, limit=7), "limit=7"),
            (Spec("a", share=0.02, benchmarks=SMALL, quickstart=True), "quickstart items, not"),
        ]
    ):
        run = read_run(write_run(tmp_path / str(number), spec))
        assert run.full is (not extent)
        assert run.extent.startswith(extent)


def test_an_interval_without_width_of_an_older_version_is_none(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Spec("m", share=0.02, benchmarks=SMALL))
    head = "level,benchmark,task,n,score,ci_low,ci_high\n"
    rows = "benchmark,drop,,8,0.0,0.0,0.0\nbenchmark,race,,8,0.5,0.2,0.8\n"
    (folder / "scores.csv").write_text(head + rows)
    drop, race = read_scores(folder)
    assert (drop.score, drop.ci_low, drop.ci_high) == (0.0, None, None)
    assert (race.ci_low, race.ci_high) == (0.2, 0.8)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("manifest.json", "{", "not JSON"),
        ("manifest.json", "[]", "not a manifest"),
        ("samples.parquet", "no", "can't be read"),
        ("scores.csv", "a,b\n1,2\n", "no column 'level'"),
        (
            "scores.csv",
            "level,benchmark,task,n,score,ci_low,ci_high\nbenchmark,x,,1,zero,,\n",
            "could not convert",
        ),
    ],
)
def test_a_broken_file_is_named_in_one_line(
    tmp_path: Path, name: str, content: str, words: str
) -> None:
    folder = write_run(tmp_path / "run", Spec("m", share=0.02, benchmarks=SMALL))
    (folder / name).write_text(content)
    with pytest.raises(InputError) as caught:
        read_run(folder)
    message = str(caught.value)
    assert name in message
    assert words in message
    assert "\n" not in message


@pytest.mark.parametrize("build", [reply_shares, lambda run: Texts(run).rows(np.arange(3))])
def test_texts_that_turn_out_damaged_are_named_in_one_line(
    tmp_path: Path, build: Callable[[Run], object]
) -> None:
    folder = write_run(tmp_path / "run", Spec("m", share=0.02, benchmarks=SMALL))
    run = read_run(folder)
    path = folder / "samples.parquet"
    at = pq.ParquetFile(path).schema_arrow.names.index("response")
    column = pq.read_metadata(path).row_group(0).column(at)
    with path.open("r+b") as file:
        file.seek(column.data_page_offset)
        file.write(b"\xff" * (column.total_compressed_size // 2))
    with pytest.raises(InputError, match=r"samples\.parquet: can't be read"):
        build(run)


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_what_is_no_run_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=name):
        read_runs([tmp_path / name])
    with pytest.raises(InputError, match="no run given"):
        read_runs([])


def test_an_unknown_baseline_names_runs_and_published_models(runs: list[Path]) -> None:
    with pytest.raises(InputError, match=r"nearest: .*small"):
        build_board(read_runs(runs), "smal")


def test_the_baseline_may_be_published_or_measured(runs: list[Path], board: Board) -> None:
    assert board.baseline == "small"
    assert build_board(read_runs(runs), "llama-2-chat-13b").baseline == "LLAMA-2-Chat-13B"


def test_samples_pair_by_task_and_document_whatever_their_order(
    runs: list[Path], tmp_path: Path
) -> None:
    run = read_run(runs[0])
    table = run.samples().to_pandas()
    shuffled = table.sample(frac=1, random_state=1)
    for name in ("manifest.json", "scores.csv"):
        (tmp_path / name).write_bytes((runs[0] / name).read_bytes())
    shuffled.to_parquet(tmp_path / "samples.parquet", index=False)
    ours, theirs = doc_scores(run), doc_scores(read_run(tmp_path))
    for name, frame in ours.items():
        pd.testing.assert_frame_equal(
            frame.reset_index(drop=True), theirs[name].reset_index(drop=True)
        )
