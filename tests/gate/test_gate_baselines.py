"""Baselines that are no run: the exported file and published scores."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from conftest import shipped
from gate_runs import MANIFEST, flipped, samples, write_run

from orca_eval.errors import InputError
from orca_eval.gate import main_baseline_export, main_gate
from orca_eval.gate.verb import gate
from orca_eval.results.published import read_published


def exported(tmp_path: Path, run: str) -> str:
    path = tmp_path / "baseline.parquet"
    assert main_baseline_export(run, path).exit_code == 0
    return str(path)


def test_export_gives_the_same_result_as_the_run(tmp_path: Path) -> None:
    before = samples({"drop/drop": 1000, "gsm8k/gsm8k": 700, "race/high": 300}, passage=7)
    before.loc[:40, "answer"] = None
    before.loc[:30, "finish_reason"] = "length"
    before.loc[:20, "response"] = ""
    run = write_run(tmp_path / "a", before)
    candidate = write_run(tmp_path / "b", flipped(before, 90, 30))
    policy = shipped("default")
    from_run = gate(run, candidate, policy)
    from_file = gate(exported(tmp_path, run), candidate, policy)
    for one, two in zip(from_run.lines, from_file.lines, strict=True):
        assert one.comparison.name == two.comparison.name
        assert one.p_adjusted == two.p_adjusted
        assert one.comparison.result.difference == two.comparison.result.difference
        assert one.comparison.result.p_unclustered == two.comparison.result.p_unclustered
        assert one.comparison.rates == two.comparison.rates
    assert from_run.verdict is from_file.verdict


def test_export_holds_no_texts_and_no_paths(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", samples({"gsm8k/gsm8k": 400}), MANIFEST)
    path = exported(tmp_path, run)
    assert not {"answer", "response", "prompt", "gold"} & set(pq.read_schema(path).names)
    raw = Path(path).read_bytes()
    assert b"/private/place" not in raw
    assert str(tmp_path).encode() not in raw


def test_export_keeps_the_versions_that_must_agree(tmp_path: Path) -> None:
    frame = samples({"gsm8k/gsm8k": 400})
    path = exported(tmp_path, write_run(tmp_path / "a", frame, MANIFEST))
    other = json.loads(json.dumps(MANIFEST))
    other["prompt"]["name"] = "cautious"
    run = write_run(tmp_path / "b", frame, other)
    with pytest.raises(InputError, match=r"prompt\.name"):
        main_gate(path, run, shipped("default"))


def test_export_into_a_folder_has_a_name(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", samples({"gsm8k/gsm8k": 40}))
    assert main_baseline_export(run, tmp_path).exit_code == 0
    assert (tmp_path / "baseline.parquet").is_file()


def test_export_keeps_ids_that_are_no_numbers(tmp_path: Path) -> None:
    frame = samples({"gsm8k/gsm8k": 300})
    frame["doc_id"] = [f"row-{i}" for i in frame["doc_id"]]
    run = write_run(tmp_path / "a", frame)
    assert main_gate(exported(tmp_path, run), run, shipped("default"), tmp_path).exit_code == 0


def test_export_of_other_data_is_refused(tmp_path: Path) -> None:
    frame = samples({"gsm8k/gsm8k": 400})
    path = exported(tmp_path, write_run(tmp_path / "a", frame))
    frame["doc_hash"] = "x" + frame["doc_hash"]
    with pytest.raises(InputError, match="other data"):
        main_gate(path, write_run(tmp_path / "b", frame), shipped("default"))


def test_export_of_an_unknown_format_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", samples({"gsm8k/gsm8k": 40}))
    path = exported(tmp_path, run)
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({b"orca_eval.baseline": b'{"format": 9}'}), path)
    with pytest.raises(InputError, match="another version"):
        main_gate(path, run, shipped("default"))


def test_export_of_the_core_suite_is_a_few_hundred_kilobytes(tmp_path: Path) -> None:
    sizes = {"drop/drop": 9536, "hellaswag/hellaswag": 10042, "race/high": 4934}
    frame = samples({**sizes, **{f"mmlu/{i}": 246 for i in range(110)}}, passage=8)
    path = Path(exported(tmp_path, write_run(tmp_path / "a", frame)))
    assert len(frame) > 51_000
    assert path.stat().st_size < 500_000


CSV = """model,GSM8K,BBH,printed_average,provenance
Good,40.0,50.0,45.0,quoted
Partial,,30.5,,recalled
"""


def test_published_scores_by_benchmark(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text(CSV)
    (tmp_path / "two.csv").write_text("model,MMLU,provenance\nGood,60,quoted\n")
    (tmp_path / "three.csv").write_text("task,Human\nx,1\n")
    models = read_published(sorted(tmp_path.glob("*.csv")))
    assert models["Good"].scores == {"gsm8k": 40, "bbh": 50, "mmlu": 60}
    assert models["Partial"].scores == {"bbh": Fraction("30.5")}
    assert "Human" not in models


@pytest.mark.parametrize(("right", "code"), [(0.70, 0), (0.50, 1)])
def test_against_a_published_model(tmp_path: Path, right: float, code: int) -> None:
    run = write_run(tmp_path / "run", samples({"gsm8k/gsm8k": 1319}, right=right))
    out = tmp_path / "out"
    assert main_gate("published:Orca-2-13B", run, shipped("default"), out).exit_code == code
    content = json.loads((out / "gate.json").read_text())
    (line,) = content["lines"]
    assert line["baseline"] == pytest.approx(0.5914)
    assert line["method"] == "exact binomial"
    assert line["losses"] is None
    assert "taken as fixed and compared unpaired" in content["notes"][0]
    assert "own error" in content["notes"][0]


def test_a_limited_run_against_published_scores_is_cautioned(tmp_path: Path) -> None:
    limited = {**MANIFEST, "limit": 300}
    limited["benchmarks"] = MANIFEST["benchmarks"] | {"race": {"full_n": 4934}}
    tasks = {"gsm8k/gsm8k": 300, "race/high": 300, "race/middle": 300, "own/own": 300}
    run = write_run(tmp_path / "run", samples(tasks, right=0.9), limited)
    result = gate("published:Orca-2-13B", run, shipped("default"))
    assert "Scores: RACE 2 tasks pooled as sampled." in result.notes
    cautions = result.cautions
    assert "limit=300" in cautions[0]


def test_published_averages_are_of_unrounded_cells(tmp_path: Path) -> None:
    six = ("agieval", "bbh", "drop", "crass", "race", "gsm8k")
    run = write_run(tmp_path / "run", samples({f"{name}/x": 300 for name in six}, right=0.9))
    lines = {li.comparison.name: li for li in gate("published:Orca-2-13B", run,
             shipped("default")).lines}  # fmt: skip
    average = lines["Reasoning average (6)"].comparison.result.baseline
    assert 100 * average == pytest.approx(64.4917, abs=1e-4)
