"""Tables of runs: every figure against one computed here from the samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orca_eval.benchmarks.specs import read_specs
from orca_eval.report.board import Board, build_board
from orca_eval.report.run_tables import run_tables
from orca_eval.results.published import counterpart, published_models
from orca_eval.results.run import read_runs
from orca_eval.score_kind import AS_SAMPLED
from orca_eval.tables.table import Cell, Table

from .synthetic import AVERAGES, FULL, Spec, write_run
from .test_runs import rewrite

REASONING = AVERAGES["Reasoning average"]
FEW = tuple(b for b in FULL if b.id in REASONING)


def by_name(board: Board) -> dict[str, Table]:
    return {table.name: table for table in run_tables(board)}


def cell(table: Table, row: str, column: str, kind: str = "measured") -> Cell:
    keys = [c.key for c in table.columns]
    found = next(r for r in table.rows if r.label == row and r.kind == kind)
    return found.cells[keys.index(column)]


def score(folder: Path, benchmark: str) -> float:
    """A benchmark's score in percent, from the samples alone."""
    frame = pd.read_parquet(folder / "samples.parquet")
    part = frame[frame["benchmark"] == benchmark]
    if benchmark in ("agieval", "bbh"):
        return 100 * float(part.groupby("task")["score"].mean().mean())
    return 100 * float(part["score"].mean())


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def few(folder: Path, model: str, **changes: Any) -> Path:
    return write_run(folder, Spec(model, share=0.02, benchmarks=FEW, **changes))


def test_scores_averages_and_their_heads(board: Board, runs: list[Path]) -> None:
    table = by_name(board)["reasoning"]
    for benchmark in REASONING:
        assert cell(table, "small", benchmark).text == f"{score(runs[2], benchmark):.2f}"
    expected = mean([score(runs[2], benchmark) for benchmark in REASONING])
    average = cell(table, "small", "average")
    assert average.text == f"{expected:.2f}"
    assert average.low is not None
    assert average.high is not None
    assert average.low < expected < average.high
    heads = {column.key: (column.label, column.detail) for column in table.columns}
    assert heads["average"] == ("Reasoning average (6)", "unweighted mean")
    assert heads["bbh"] == ("BBH", "n = 111, mean of 23 tasks")
    assert heads["race"][1] == "n = 99, 2 tasks pooled"
    assert heads["drop"][1] == "n = 191, exact match"


def test_groups_are_apart_and_hellaswag_has_no_average(board: Board) -> None:
    tables = by_name(board)
    assert [c.key for c in tables["knowledge"].columns][-1] == "average"
    assert [c.key for c in tables["text_completion"].columns] == ["hellaswag"]
    assert not any(
        "10" in c.label for t in tables.values() for c in t.columns if "verage" in c.label
    )


def test_measured_rows_rank_among_themselves(board: Board) -> None:
    table = by_name(board)["reasoning"]
    marks = {row.label: row.cells[6].mark for row in table.rows if row.kind == "measured"}
    assert sorted(marks.values()) == ["", "best", "second"]
    published = [row for row in table.rows if row.kind == "published"]
    assert len(published) == len(published_models()) == 10
    assert cell(table, "GPT-4", "average", "published").mark == "best"
    assert cell(table, "Orca-2-13B", "average", "published").text == "64.49"


def test_improvements_are_ratios_with_paired_intervals(board: Board, runs: list[Path]) -> None:
    table = by_name(board)["reasoning_improvement"]
    assert "small" not in [row.label for row in table.rows]
    for key, ours, base in [
        *((name, score(runs[0], name), score(runs[2], name)) for name in REASONING),
        (
            "average",
            mean([score(runs[0], name) for name in REASONING]),
            mean([score(runs[2], name) for name in REASONING]),
        ),
    ]:
        change = cell(table, "Orca-2-13B", key)
        assert change.value == pytest.approx(100 * (ours / base - 1))
        if change.low is not None and change.high is not None:
            assert change.low < change.value < change.high
    assert cell(table, "Orca-2-13B", "average").low is not None


def test_a_run_over_an_equal_one_is_no_certain_zero(tmp_path: Path) -> None:
    one, two = (write_run(tmp_path / name, Spec(name, seed=1)) for name in ("one", "two"))
    tables = by_name(build_board(read_runs([one, two]), "one"))
    changes = [
        cell
        for name, table in tables.items()
        if name.endswith("_improvement")
        for row in table.rows
        for cell in row.cells
        if cell.value is not None and cell.low is not None and cell.high is not None
    ]
    assert len(changes) > 8
    for change in changes:
        assert change.value == 0
        assert change.low is not None
        assert change.high is not None
        assert change.low < 0 < change.high
        assert "[0.00, 0.00]" not in change.interval


def test_over_a_published_baseline_there_is_no_interval(runs: list[Path]) -> None:
    table = by_name(build_board(read_runs(runs), "LLaMA-2-Chat-13B"))["reasoning_improvement"]
    change = cell(table, "small", "gsm8k")
    assert change.value == pytest.approx(100 * (score(runs[2], "gsm8k") / 25.09 - 1))
    assert change.low is None
    assert "(published)" in table.title


def test_reproduction_says_whether_the_interval_covers(board: Board, runs: list[Path]) -> None:
    table = by_name(board)["reproduction"]
    keys = [c.key for c in table.columns]
    rows = {(r.label, r.cells[0].text): dict(zip(keys, r.cells, strict=True)) for r in table.rows}
    assert not any(label == "small" for label, _ in rows)
    for label, folder in (("Orca-2-13B", runs[0]), ("Orca-2-13B w/ cautious sm", runs[1])):
        row = rows[label, "GSM8K"]
        printed = 59.14 if folder is runs[0] else 65.73
        ours = score(folder, "gsm8k")
        assert row["published"].text == f"{printed}"
        assert row["difference"].value == pytest.approx(ours - printed)
        assert row["ours"].low is not None
        assert row["ours"].high is not None
        covered = row["ours"].low <= printed <= row["ours"].high
        assert row["covered"].text == ("yes" if covered else "no")
    assert rows["Orca-2-13B", "Reasoning average (6)"]["published"].text == "64.49"


@pytest.mark.parametrize(
    ("model", "prompt", "label"),
    [
        ("microsoft/Orca-2-13b", "empty", "Orca-2-13B"),
        ("orca-2-13b", "cautious", "Orca-2-13B w/ cautious sm"),
        ("meta-llama/Llama-2-70b-chat-hf", "empty", "LLAMA-2-Chat-70B"),
        ("WizardLM-13B-V1.2", "empty", "WizardLM-13B"),
        ("orca-2-13b", "other", None),
        ("smollm2-135m-instruct", "empty", None),
    ],
)
def test_published_counterparts(model: str, prompt: str, label: str | None) -> None:
    found = counterpart(model, prompt)
    assert (found.label if found else None) == label


def test_task_tables_have_the_change_in_brackets_and_an_average_row(
    board: Board, runs: list[Path]
) -> None:
    table = by_name(board)["agieval_tasks"]
    ours, base = (
        pd.read_parquet(folder / "samples.parquet").query("task == 'agieval/logiqa-en'")["score"]
        for folder in (runs[0], runs[2])
    )
    task = cell(table, "logiqa-en", "Orca-2-13B")
    assert task.text == f"{100 * ours.mean():.1f}"
    assert task.change_value == pytest.approx(100 * (ours.mean() / base.mean() - 1))
    assert cell(table, "logiqa-en", "n").text == str(len(ours))
    assert cell(table, "logiqa-en", "small").change == ""
    last = cell(table, "Average (8)", "Orca-2-13B", "summary")
    assert last.change_value == pytest.approx(
        100 * (score(runs[0], "agieval") / score(runs[2], "agieval") - 1)
    )


def test_bbh_race_and_mmlu_have_sub_tables(board: Board, runs: list[Path]) -> None:
    tables = by_name(board)
    assert len(tables["bbh_files"].rows) == 23 + 1
    assert [row.label for row in tables["race_levels"].rows] == ["high", "middle", "All 99"]
    assert len(tables["mmlu_subjects"].rows) == 57 + 1
    frame = pd.read_parquet(runs[2] / "samples.parquet")
    for category, subjects in read_specs()["mmlu"].presentation.categories.items():
        part = frame[frame["task"].isin([f"mmlu/{subject}" for subject in subjects])]
        shown = cell(tables["mmlu_categories"], category, "small")
        assert shown.value == pytest.approx(100 * part["score"].mean())
        assert cell(tables["mmlu_categories"], category, "n").value == len(part)


def test_rates_stand_behind_every_score(board: Board, runs: list[Path]) -> None:
    table = by_name(board)["rates"]
    keys = [c.key for c in table.columns]
    frame = pd.read_parquet(runs[2] / "samples.parquet").query("benchmark == 'drop'")
    row = next(r for r in table.rows if r.label == "small" and r.cells[0].text == "DROP")
    cells = dict(zip(keys, row.cells, strict=True))
    assert cells["answered"].value == pytest.approx(100 * frame["answer"].notna().mean())
    assert cells["cut_off"].value == pytest.approx(
        100 * (frame["finish_reason"] == "length").mean()
    )
    assert cells["f1"].value == pytest.approx(100 * frame["f1"].mean())
    assert len(table.rows) == 3 * len(FULL)


def test_many_unanswered_replies_get_a_footnote(tmp_path: Path) -> None:
    changes = {row: {"answer": None, "finish_reason": "length", "score": 0.0} for row in range(40)}
    folder = write_run(tmp_path / "m", Spec("m", share=0.02, benchmarks=FEW), changes)
    table = by_name(build_board(read_runs([folder]), None))["reasoning"]
    notes = " ".join(cell(table, "m", "agieval").notes)
    assert "no answer" in notes
    assert "cut off" in notes


def test_skipped_prompts_get_a_footnote(tmp_path: Path) -> None:
    folder = write_run(
        tmp_path / "m", Spec("m", share=0.02, benchmarks=FEW), {0: {"finish_reason": "skipped"}}
    )
    table = by_name(build_board(read_runs([folder]), None))["reasoning"]
    assert "1 prompts skipped, counted wrong" in cell(table, "m", "agieval").notes


@pytest.mark.parametrize("reason", ["failed", "timeout"])
def test_requests_without_an_answer_get_a_footnote(tmp_path: Path, reason: str) -> None:
    changed = {0: {"finish_reason": reason}}
    folder = write_run(tmp_path / "m", Spec("m", share=0.02, benchmarks=FEW), changed)
    notes = cell(by_name(build_board(read_runs([folder]), None))["reasoning"], "m", "agieval").notes
    assert "1 requests failed or timed out, counted wrong" in notes


def test_a_benchmark_that_did_not_run_empties_the_average(tmp_path: Path) -> None:
    without = tuple(b for b in FEW if b.id != "gsm8k")
    folders = [
        few(tmp_path / "a", "a"),
        write_run(tmp_path / "b", Spec("b", share=0.02, benchmarks=without)),
    ]
    table = by_name(build_board(read_runs(folders), None))["reasoning"]
    assert cell(table, "b", "gsm8k") == Cell(notes=("did not run",))
    assert cell(table, "b", "average").notes == ("no average: GSM8K: did not run",)
    assert cell(table, "b", "average").text == ""
    assert cell(table, "a", "average").text
    assert "did not run" in table.footnotes()


def test_an_improvement_says_which_side_is_missing(tmp_path: Path) -> None:
    without = tuple(b for b in FEW if b.id != "gsm8k")
    folders = [
        few(tmp_path / "a", "a"),
        write_run(tmp_path / "b", Spec("b", share=0.02, benchmarks=without)),
    ]
    for baseline, row, note in (("a", "b", "did not run"), ("b", "a", "b: did not run")):
        table = by_name(build_board(read_runs(folders), baseline))["reasoning_improvement"]
        assert cell(table, row, "gsm8k").notes == (note,)
        assert cell(table, row, "race").value is not None
        assert cell(table, row, "average").value is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"limit": 3, "share": 0.01}, "limit=3, the others have limit=none"),
        ({"share": 0.01}, "other documents (n = "),
        ({"quickstart": True, "share": 0.01}, "quickstart items, not benchmark scores"),
    ],
)
def test_other_documents_are_not_put_in_one_column(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    folders = [few(tmp_path / "a", "a"), few(tmp_path / "b", "b", seed=1)]
    folders.append(write_run(tmp_path / "c", Spec(**{"model": "c", "benchmarks": FEW, **changes})))
    table = by_name(build_board(read_runs(folders), "a"))["reasoning"]
    assert words in cell(table, "c", "gsm8k").notes[0]
    assert cell(table, "c", "average").value is None
    assert cell(table, "b", "gsm8k").value is not None


def test_other_data_or_task_versions_are_not_put_in_one_column(tmp_path: Path) -> None:
    folders = [few(tmp_path / name, name) for name in ("a", "b", "c")]
    runs = read_runs(folders)
    entries = {name: dict(runs[1].manifest.content["benchmarks"][name]) for name in REASONING}
    entries["gsm8k"]["data_sha256"] = "f" * 64
    rewrite(folders[1], benchmarks=entries)
    entries = {name: dict(runs[2].manifest.content["benchmarks"][name]) for name in REASONING}
    entries["race"]["task_versions"] = {"high": 2, "middle": 2}
    rewrite(folders[2], benchmarks=entries)
    table = by_name(build_board(read_runs(folders), None))["reasoning"]
    assert "another sha256" in cell(table, "b", "gsm8k").notes[0]
    assert "another version" in cell(table, "c", "race").notes[0]
    assert cell(table, "c", "gsm8k").value is not None


def test_the_majority_and_not_the_first_run_decides(tmp_path: Path) -> None:
    folders = [
        write_run(tmp_path / "odd", Spec("odd", share=0.01, benchmarks=FEW, limit=3)),
        few(tmp_path / "a", "a"),
        few(tmp_path / "b", "b"),
    ]
    table = by_name(build_board(read_runs(folders), None))["reasoning"]
    assert cell(table, "odd", "gsm8k").value is None
    assert cell(table, "a", "gsm8k").value is not None


def test_another_protocol_is_said(tmp_path: Path) -> None:
    folders = [few(tmp_path / "a", "a"), few(tmp_path / "b", "b")]
    rewrite(folders[1], max_tokens=64, sampling={"temperature": 0.7, "top_p": 1.0, "seed": 0})
    table = by_name(build_board(read_runs(folders), None))["reasoning"]
    notes = {row.label: row.notes for row in table.rows}
    assert notes["b"] == (
        "other protocol: max_tokens 64 (others: 1024), temperature 0.7 (others: 0.0)",
    )
    assert notes["a"] == ()


def test_limited_runs_stand_alone(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "m", Spec("Orca-2-13B", share=0.02, benchmarks=FEW, limit=5))
    tables = by_name(build_board(read_runs([folder]), None))
    rows = tables["reasoning"].rows
    assert [row.kind for row in rows] == ["measured"]
    assert rows[0].notes == ("limit=5",)
    assert rows[0].cells[-1].value is not None
    assert all(row.cells[2].value is None for row in tables["reproduction"].rows)
    over = by_name(build_board(read_runs([folder]), "GPT-4"))["reasoning_improvement"]
    assert over.rows[0].cells[0].notes == ("limit=5: not compared with published figures",)


def test_a_limited_score_is_not_called_pooled_without_saying_how(tmp_path: Path) -> None:
    benchmarks = tuple(b for b in FULL if b.id in ("race", "bbh", "gsm8k"))
    spec = Spec("m", share=0.02, benchmarks=benchmarks, limit=5, manifest={"notes": [AS_SAMPLED]})
    tables = by_name(build_board(read_runs([write_run(tmp_path / "m", spec)]), None))
    heads = {column.key: column.detail for column in tables["reasoning"].columns}
    assert heads["race"] == "n = 99, 2 tasks pooled as sampled"
    assert heads["bbh"] == "n = 111, mean of 23 tasks"
    assert AS_SAMPLED in tables["reasoning"].remarks
    assert tables["reasoning"].rows[0].notes == ("limit=5",)
    assert AS_SAMPLED in tables["race_levels"].remarks
    assert "pooled as sampled" in tables["race_levels"].remarks[0]
    assert AS_SAMPLED not in tables["bbh_files"].remarks


def test_a_full_pooled_score_needs_no_footnote(board: Board) -> None:
    assert AS_SAMPLED not in [text for t in run_tables(board) for text in t.remarks]


def test_a_baseline_without_a_right_answer_has_no_improvement(tmp_path: Path) -> None:
    size = len(pd.read_parquet(few(tmp_path / "x", "x") / "samples.parquet"))
    zero = {row: {"score": 0.0} for row in range(size)}
    folders = [
        few(tmp_path / "a", "a"),
        write_run(tmp_path / "zero", Spec("zero", share=0.02, benchmarks=FEW), zero),
    ]
    table = by_name(build_board(read_runs(folders), "zero"))["reasoning_improvement"]
    assert {note for c in table.rows[0].cells for note in c.notes} == {
        "no relative improvement over a baseline of 0"
    }


def test_what_was_run_is_told(board: Board) -> None:
    table = by_name(board)["runs"]
    rows = {row.label: [c.text for c in row.cells] for row in table.rows}
    assert rows["checkpoint"][2] == "models/small"
    assert len(rows["weights sha256"][0]) == 64
    assert rows["system message"][:2] == ["empty (empty)", "cautious: You are careful."]
    assert "temperature=0.0" in rows["sampling"][0]


def test_the_speed_of_runs_that_generated_anything(tmp_path: Path) -> None:
    speed = {
        "seconds": 20.0,
        "completion_tokens": 12_345,
        "completion_tokens_per_second": 617.25,
        "prompt_tokens_per_second": 80.5,
        "engine_busy": 0.9995,
    }
    timings = {"check": 0.1, "load": 1.25, "start": 30.0, "generate": 20.0}
    fast = few(tmp_path / "fast", "fast", manifest={"speed": speed, "timings": timings})
    stored = few(tmp_path / "stored", "stored", manifest={"speed": {}, "timings": {"load": 1.0}})
    table = by_name(build_board(read_runs([fast, stored]), None))["speed"]
    assert [row.label for row in table.rows] == ["fast"]
    assert cell(table, "fast", "generated").text == "12,345"
    assert cell(table, "fast", "out_per_second").text == "617.2"
    assert cell(table, "fast", "engine_busy").text == "99.95"
    assert cell(table, "fast", "start").text == "30.0"
    assert cell(table, "fast", "prefix_cache").notes == ("not counted",)
    assert "speed" not in by_name(build_board(read_runs([stored]), None))
