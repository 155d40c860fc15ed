"""Published figures of judged benchmarks: beside full runs, in tables of their own."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from orca_eval.names import ids_by_display
from orca_eval.paths import PUBLISHED
from orca_eval.report.board import build_board
from orca_eval.report.judged_tables import published_judged
from orca_eval.results.run import read_run

from .synthetic import Benchmark, Spec, write_run


@pytest.mark.parametrize(
    ("name", "alias", "table"),
    [
        ("qmsum", "QMSum", "orca2_hallucination_published"),
        ("mt_bench", "MT-Bench", "orca2_mt_bench_published"),
        ("wizardlm", "WizardLM prompts", "orca1_open_ended_published"),
    ],
)
def test_another_judges_figures_stand_by_themselves(
    tmp_path: Path, name: str, alias: str, table: str
) -> None:
    spec = Spec("m", benchmarks=(Benchmark(name, alias, {name: 12}, letters=40),))
    board = build_board([read_run(write_run(tmp_path / "full", spec))], None)
    (found,) = published_judged(board)
    assert found.name == table
    assert {row.kind for row in found.rows} == {"published"}
    assert all(row.cells[-1].text for row in found.rows)  # each says how sure it is
    assert "no judge of the tables above" in found.remarks[0]


def test_a_limited_run_has_none(tmp_path: Path) -> None:
    parts = (Benchmark("qmsum", "QMSum", {"qmsum": 12}, letters=40),)
    run = write_run(tmp_path / "part", Spec("m", benchmarks=parts, limit=12))
    assert list(published_judged(build_board([read_run(run)], None))) == []


@pytest.mark.parametrize("path", sorted((PUBLISHED / "judged").glob("*.csv")), ids=lambda p: p.stem)
def test_the_average_is_the_cells(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            cells = [float(row[name]) for name in row if name in ids_by_display()]
            assert float(row["average"]) == pytest.approx(sum(cells) / len(cells), abs=0.051)
