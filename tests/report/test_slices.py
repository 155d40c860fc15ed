"""Slices of a task and shares beside a score, from a run to the tables and plots."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer

from orca_eval.benchmarks.load import load_benchmark
from orca_eval.cli import main
from orca_eval.report.board import Board, build_board
from orca_eval.report.plots import draw
from orca_eval.report.run_tables import run_tables
from orca_eval.results.run import read_runs
from orca_eval.results.scores import read_scores
from orca_eval.tables import csv_text, html_page, latex, markdown
from orca_eval.tables.table import Table

BENCHMARKS = ("lambada", "truthfulqa", "hhh")
REFUSAL = "I'm sorry, but I can't tell the missing word."


def replies(wrong: int) -> dict[str, str]:
    """Right but for every n-th document, whose first order gets another answer, or a refusal."""
    said: dict[str, str] = {}
    for benchmark in BENCHMARKS:
        for task in load_benchmark(benchmark, None, quickstart=True).tasks:
            for doc in task.docs:
                answer = doc.golds[0][0]
                if doc.doc_id % wrong == 0 and doc.order == 0:
                    answer = next((name for name in doc.options or {} if name != answer), "")
                text = f"###Final answer: {answer}" if answer else REFUSAL
                said[doc.messages[0]["content"]] = text
    return said


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("slices")
    for name, wrong in (("often", 2), ("seldom", 4)):
        script = folder / f"{name}.jsonl"
        lines = [{"prompt": prompt, "text": text} for prompt, text in replies(wrong).items()]
        script.write_text("\n".join(map(json.dumps, lines)), "utf-8")
        command = ["run", "suite=quickstart", f"suite.benchmarks=[{','.join(BENCHMARKS)}]"]
        command += ["suite.averages=[]", "engine=replay", f"engine.script={script}"]
        command += [f"model.name={name}", f"model.path={name}", f"results_dir={folder}"]
        assert main(command) == 0
    return [next(folder.glob(f"{name}/*/")) for name in ("often", "seldom")]


@pytest.fixture(scope="module")
def board(runs: list[Path]) -> Board:
    return build_board(read_runs(runs), "often")


@pytest.fixture(scope="module")
def tables(board: Board) -> dict[str, Table]:
    return {table.name: table for table in run_tables(board)}


def column(table: Table, label: str) -> dict[str, object]:
    at = [column.label for column in table.columns].index(label)
    return {row.label: row.cells[at].value for row in table.rows}


def test_slices_are_scored_as_their_documents_say(runs: list[Path]) -> None:
    frame = pd.read_parquet(runs[0] / "samples.parquet")
    frame = frame[frame["benchmark"] == "truthfulqa"]
    rows = {row.slice: row for row in read_scores(runs[0]) if row.level == "slice"}
    groups = frame["slices"].map(json.loads)
    for what in ("type", "category"):
        found = frame.groupby(groups.map(lambda cell, what=what: cell[what][0]))["score"]
        assert {f"{what}: {name}": mean for name, mean in found.mean().items()} == {
            name: row.score for name, row in rows.items() if name.startswith(what)
        }
    assert rows["category: Health"].n == 2


def test_the_shares_beside_a_score(runs: list[Path]) -> None:
    """Half of the documents are wrong in one of HHH's two orders, half of LAMBADA's refused."""
    rows = {row.benchmark: row for row in read_scores(runs[0]) if row.level == "benchmark"}
    assert (rows["hhh"].n, rows["hhh"].score) == (8, 0.5)
    assert rows["hhh"].figures == {"pooled": 0.5, "accuracy": 0.75, "same letter": 0.5}
    assert rows["lambada"].figures == {"other word": 0.0, "refused": 0.5}
    assert rows["lambada"].extraction_rate == 0.5
    assert rows["truthfulqa"].figures == {}


def test_the_tables_hold_them(tables: dict[str, Table]) -> None:
    category = column(tables["truthfulqa_category"], "seldom")
    assert (category["Average (7)"], category["All 8"]) == (pytest.approx(550 / 7), 75.0)
    assert column(tables["truthfulqa_category"], "n")["Health"] == 2
    assert column(tables["hhh_beside"], "seldom") == {
        "pooled": 50.0,
        "accuracy": 75.0,
        "same letter": 50.0,
        "score: consistent accuracy": 50.0,
    }
    assert tables["hhh_beside"].title == "HHH and what stands beside it: %"
    assert not any(cell.change for row in tables["hhh_beside"].rows for cell in row.cells)
    heads = {column.key: column.detail for column in tables["safety"].columns}
    assert heads["hhh"] == "n = 8, mean of 4 tasks, consistent accuracy"


@pytest.mark.parametrize("write", [markdown, latex, html_page, csv_text])
def test_every_format_has_every_slice(
    tables: dict[str, Table], write: Callable[[Table], str]
) -> None:
    text = write(tables["truthfulqa_category"])
    for name in ("Confusion", "Fiction", "Health", "Law", "Misconceptions", "Science"):
        assert name in text


def test_the_plot_holds_every_slice(board: Board) -> None:
    plots = dict(draw(board))
    assert "truthfulqa_category" in plots
    assert "truthfulqa_type" not in plots  # of two
    (axes,) = plots["truthfulqa_category"].axes
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    shown = [c.lines[0].get_xdata()[0] for c in axes.containers if isinstance(c, ErrorbarContainer)]
    slices = board.slices("truthfulqa")["truthfulqa", "category"]
    assert names == sorted(slices)
    due = [100 * slices[name][label].score for label in board.labels for name in names]
    assert np.array(shown) == pytest.approx(np.array(due))


def test_a_rescored_run_has_the_same_slices_and_shares(runs: list[Path]) -> None:
    assert main(["rescore", f"run={runs[0]}"]) == 0
    (folder,) = (runs[0] / "rescored").glob("*")
    assert read_scores(folder) == read_scores(runs[0])


@pytest.mark.parametrize("cell", ["[]", "3", '{"type": "x"}', '{"type": [1]}'])
def test_a_cell_of_slices_that_is_no_mapping_is_damage(
    runs: list[Path], tmp_path: Path, cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("manifest.json", "scores.csv"):
        (tmp_path / name).write_bytes((runs[0] / name).read_bytes())
    frame = pd.read_parquet(runs[0] / "samples.parquet")
    frame.assign(slices=cell).to_parquet(tmp_path / "samples.parquet", index=False)
    assert main(["rescore", f"run={tmp_path}"]) == 3
    assert "a JSON mapping of lists of names is wanted" in capsys.readouterr().err


def test_the_gate_pairs_documents_not_their_orders(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = ["policy.others.tier=critical", "policy.min_pairs=2", f"out={tmp_path}"]
    assert main(["gate", f"baseline={runs[0]}", f"candidate={runs[1]}", *policy]) in (0, 2)
    shown = capsys.readouterr().out
    line = next(line for line in shown.splitlines() if "HHH" in line)
    assert line.split()[1:3] == ["critical", "8"]
    assert main(["baseline", "export", f"run={runs[0]}", f"out={tmp_path / 'b.parquet'}"]) == 0
    assert (
        main(["gate", f"baseline={tmp_path / 'b.parquet'}", f"candidate={runs[0]}", *policy]) == 0
    )
