"""Every model against every other: figures against the samples, and Holm's correction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from orca_eval.report.board import build_board
from orca_eval.report.pairs_table import MOST_RUNS, pairs_tables
from orca_eval.results.run import read_run, read_runs
from orca_eval.stats import paired_difference, two_sided_p
from orca_eval.tables import json_text

from .synthetic import FULL, Spec, write_run

CRASS = tuple(benchmark for benchmark in FULL if benchmark.id == "crass")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    return [
        write_run(folder / name, Spec(name, accuracy=accuracy, seed=seed, benchmarks=CRASS))
        for seed, (name, accuracy) in enumerate([("a", 0.7), ("b", 0.55), ("c", 0.5)])
    ]


def test_differences_and_p_are_those_of_the_samples(folders: list[Path]) -> None:
    frames = [pd.read_parquet(folder / "samples.parquet")["score"] for folder in folders]
    (table,) = pairs_tables(build_board(read_runs(folders), None))
    pairs = [(0, 1), (0, 2), (1, 2)]
    assert [row.label for row in table.rows] == ["a − b", "a − c", "b − c"]
    raw = []
    for row, (one, other) in zip(table.rows, pairs, strict=True):
        cell = row.cells[0]
        assert cell.value == pytest.approx(100 * (frames[one] - frames[other]).mean())
        assert cell.low is not None
        assert cell.high is not None
        assert cell.low < (cell.value or 0) < cell.high
        raw.append(mcnemar(pd.crosstab(frames[one], frames[other]), exact=True).pvalue)
    expected = multipletests(raw, method="holm")[1]
    assert [row.cells[1].value for row in table.rows] == pytest.approx(list(expected))


def test_models_on_other_documents_are_not_compared(tmp_path: Path, folders: list[Path]) -> None:
    spec = Spec("d", benchmarks=CRASS, share=0.5, seed=9)
    runs = [*map(read_run, folders), read_run(write_run(tmp_path / "d", spec))]
    (table,) = pairs_tables(build_board(runs, None))
    cells = {row.label: row.cells for row in table.rows}
    assert cells["a − d"][0].text == ""
    assert "d: other documents" in cells["a − d"][0].notes[0]


def test_one_passage_a_task_has_no_interval(tmp_path: Path) -> None:
    """One unit has no spread; nor has one document, as with limit=1."""
    (bbh,) = (b for b in FULL if b.id == "bbh")
    passages = (replace(bbh, tasks=dict.fromkeys(bbh.tasks, 2), passage=2),)
    specs = [Spec(name, seed=seed, benchmarks=passages) for seed, name in enumerate("ab")]
    runs = [read_run(write_run(tmp_path / spec.model, spec)) for spec in specs]
    (table,) = pairs_tables(build_board(runs, None))
    difference, p = table.rows[0].cells[:2]
    assert difference.text
    assert (difference.low, difference.high, difference.interval) == (None, None, "")
    assert p.value == 1
    assert json_text(table)


def test_one_model_and_too_many_have_no_pairs(folders: list[Path]) -> None:
    run = read_run(folders[0])
    many = [replace(run, label=str(number)) for number in range(MOST_RUNS + 1)]
    assert not list(pairs_tables(build_board([run], None)))
    assert not list(pairs_tables(build_board(many, None)))


def test_a_bootstraps_p_is_two_sided() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random(60), rng.random(60)
    there = paired_difference([one], [other])
    back = paired_difference([other], [one])
    assert two_sided_p(there) == pytest.approx(two_sided_p(back), abs=0.02)
    assert two_sided_p(there) == pytest.approx(2 * min(there.p, back.p), abs=0.02)
    assert two_sided_p(paired_difference([one], [one])) == 1.0
