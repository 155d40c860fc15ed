"""What documents take: every figure against one computed here from the samples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from orca_eval.cli import main
from orca_eval.config.schema import Price
from orca_eval.report.board import Board, build_board
from orca_eval.report.cost_table import (
    NO_SHARE,
    NONE_SOLVED,
    NOT_COUNTED,
    NOT_TOLD,
    SECONDS,
    STORED,
    UNPRICED,
    cost_summary,
    cost_table,
)
from orca_eval.results.cost import Cost
from orca_eval.results.run import read_runs
from orca_eval.tables.data import csv_text
from orca_eval.tables.table import Cell

from .synthetic import FULL, Spec, write_run
from .test_runs import rewrite

AVERAGE = "Reasoning average (6)"
PRICE = Price(prompt=2.0, completion=10.0)


def samples(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "samples.parquet")


def timed(folder: Path, generated: Mapping[str, tuple[int, int, float]], seconds: float) -> Path:
    """A run that says how much of each benchmark it generated, and in how long."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, (answers, of, tokens) in generated.items():
        counted = {"answers": answers, "of": of, "tokens": tokens}
        manifest["benchmarks"][name]["generated"] = counted
    rewrite(folder, benchmarks=manifest["benchmarks"], speed={"seconds": seconds})
    return folder


def cells(board: Board, name: str, label: str = "m") -> dict[str, Cell]:
    """The cells of a run's row for a benchmark or average, by column."""
    table = cost_table(board)
    (row,) = (r for r in table.rows if r.label == label and r.cells[0].text == name)
    return dict(zip([column.key for column in table.columns], row.cells, strict=True))


def made(folder: Path, *names: str, share: float = 0.02, **changes: Any) -> Path:
    chosen = tuple(b for b in FULL if not names or b.id in names)
    return write_run(folder, Spec("m", share=share, benchmarks=chosen, **changes))


def board_of(*folders: Path, price: Price | None = None) -> Board:
    runs = read_runs(folders)
    return build_board([replace(run, price=price) for run in runs] if price else runs, None)


def test_tokens_of_a_document_and_of_a_solved_one(tmp_path: Path) -> None:
    board = board_of(folder := made(tmp_path / "m"))
    frame = samples(folder)
    for benchmark in FULL:
        part, found = frame[frame["benchmark"] == benchmark.id], cells(board, benchmark.alias)
        for key, column in (("prompt", "prompt_tokens"), ("completion", "completion_tokens")):
            assert found[key].value == pytest.approx(part[column].mean())
            solved = part[column].sum() / part["score"].sum()
            assert found[f"{key}_solved"].value == pytest.approx(solved)
        assert found["n"].value == len(part)
        assert "reasoning" not in found
        assert "seconds" not in found
    members = [cells(board, b.alias)["completion"].value for b in FULL[:6]]
    average = cells(board, AVERAGE)["completion"].value
    assert average == pytest.approx(sum(members) / 6)  # type: ignore[arg-type]


def test_of_an_average_each_benchmark_counts_alike_and_all_have_to_be_there(tmp_path: Path) -> None:
    less = made(tmp_path / "less", *(b.id for b in FULL if b.id != "crass"))
    costs = read_runs([less])[0].costs
    assert AVERAGE not in costs
    assert "Knowledge average (3)" in costs
    titles = [table.title.split(".")[0] for table in cost_summary(board_of(less))]
    assert titles == ["Knowledge average (3)", "HellaSwag"]


def test_all_answers_to_a_document_are_its_cost(tmp_path: Path) -> None:
    folder = made(tmp_path / "m", "gsm8k")
    frame = samples(folder)
    again = pd.concat([frame, frame.assign(sample_index=1)], ignore_index=True)
    again.to_parquet(folder / "samples.parquet", index=False)
    found = cells(board_of(folder), "GSM8K")["completion"].value
    assert found == pytest.approx(2 * frame["completion_tokens"].mean())


def test_a_prompt_that_was_not_sent_costs_nothing(tmp_path: Path) -> None:
    skipped = {0: {"finish_reason": "skipped", "prompt_tokens": 10**6, "completion_tokens": 0}}
    spec = Spec("m", share=0.02, benchmarks=FULL[5:6])
    folder = write_run(tmp_path / "m", spec, skipped)
    frame = samples(folder)
    found = cells(board_of(folder), "GSM8K")["prompt"].value
    assert found == pytest.approx(frame["prompt_tokens"][1:].sum() / len(frame))


def test_reasoning_is_apart_where_it_was_counted(tmp_path: Path) -> None:
    folder = made(tmp_path / "m", "gsm8k", "crass")
    frame = samples(folder)
    thought = frame["benchmark"] == "gsm8k"
    frame["reasoning_tokens"] = (frame["completion_tokens"] // 2).where(thought).astype("Int64")
    frame.to_parquet(folder / "samples.parquet", index=False)
    price = Price(prompt=0.0, completion=10.0, reasoning=0.0)
    board = board_of(folder, price=price)
    own = frame[thought]
    assert cells(board, "GSM8K")["reasoning"].value == pytest.approx(own["reasoning_tokens"].mean())
    assert cells(board, "CRASS")["reasoning"].notes == (NOT_TOLD,)
    answers = own["completion_tokens"] - own["reasoning_tokens"]
    money = cells(board, "GSM8K")["money_USD"].value
    assert money == pytest.approx(answers.mean() * 10 / 1e6)


@pytest.mark.parametrize(
    ("scored", "measure", "why"),
    [(False, {}, NONE_SOLVED), (True, {"high": 10, "name": "rating"}, NO_SHARE),
     (True, {"better": "lower", "name": "error"}, NO_SHARE)],
)  # fmt: skip
def test_where_nothing_is_solved_there_is_a_dash(
    tmp_path: Path, scored: bool, measure: dict[str, object], why: str
) -> None:
    folder = made(tmp_path / "m", "gsm8k", accuracy=0.5 if scored else -9.0)
    if not scored:
        rows = pd.read_csv(folder / "scores.csv")
        rows.assign(score=rows["score"] * 0).to_csv(folder / "scores.csv", index=False)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["benchmarks"]["gsm8k"]["measure"] = measure
    rewrite(folder, benchmarks=manifest["benchmarks"])
    found = cells(board_of(folder), "GSM8K")
    assert found["completion"].value
    assert found["completion_solved"] == Cell(notes=(why,))


def test_a_server_that_counts_nothing_is_no_model_that_says_nothing(tmp_path: Path) -> None:
    folder = made(tmp_path / "m", "gsm8k")
    samples(folder).assign(completion_tokens=0).to_parquet(folder / "samples.parquet", index=False)
    board = board_of(folder, price=PRICE)
    for key in ("completion", "money_USD", "completion_solved"):
        assert cells(board, "GSM8K")[key] == Cell(notes=(NOT_COUNTED,))
    assert cells(board, "GSM8K")["prompt"].value


def test_seconds_are_shared_out_by_tokens_and_make_the_whole(tmp_path: Path) -> None:
    folder = made(tmp_path / "m", "gsm8k", "crass", "drop")
    sizes = samples(folder)["benchmark"].value_counts()
    half = int(sizes["drop"]) // 2
    parts = {
        "gsm8k": (int(sizes["gsm8k"]), int(sizes["gsm8k"]), 3000.0),
        "crass": (0, int(sizes["crass"]), 0.0),
        "drop": (half, int(sizes["drop"]), 1000.0),
    }
    board = board_of(timed(folder, parts, 40.0), price=Price(hour=90.0))
    gsm8k, crass, drop = (cells(board, name) for name in ("GSM8K", "CRASS", "DROP"))
    assert gsm8k["seconds"].value == pytest.approx(30.0 / sizes["gsm8k"])
    assert gsm8k["seconds"].notes == ()
    assert gsm8k["money_USD"].value == pytest.approx(30.0 / sizes["gsm8k"] * 90 / 3600)
    assert drop["seconds"].value == pytest.approx(10.0 / half)
    (note,) = drop["seconds"].notes
    assert f"{100 * half / sizes['drop']:.0f} %" in note
    assert drop["money_USD"].notes == (note,)
    for key in ("seconds", "seconds_solved", "money_USD"):
        assert crass[key] == Cell(notes=(STORED,))
    assert SECONDS in cost_table(board).remarks


money = st.floats(0, 1e4)
counted = st.floats(0, 1e7)


@given(counted, counted, st.floats(0, 1), money, money)
def test_reasoning_costs_as_the_completion_unless_it_has_a_price(
    prompt: float, completion: float, share: float, of_prompt: float, of_completion: float
) -> None:
    cost = Cost(prompt, completion, share * completion, None, 1.0, 0.5)
    price = Price(prompt=of_prompt, completion=of_completion)
    plain = (prompt * of_prompt + completion * of_completion) / 1e6
    for same in (price, replace(price, reasoning=of_completion)):
        assert cost.money(same) == pytest.approx(plain)
    free = cost.money(replace(price, reasoning=0.0))
    assert free == pytest.approx(plain - share * completion * of_completion / 1e6, abs=1e-9)
    assert cost.money(Price()) is None
    assert cost.money(Price(hour=2.0)) is None


def test_every_currency_has_columns_of_its_own(tmp_path: Path) -> None:
    folders = [write_run(tmp_path / n, Spec(n, share=0.02, benchmarks=FULL[5:6])) for n in "abc"]
    rewrite(folders[0], price={"prompt": 1.0, "completion": 2.0})
    rewrite(folders[1], price={"hour": 3.0, "currency": "=EUR|$"})
    board = board_of(*folders)
    table = cost_table(board)
    assert [c.label for c in table.columns if c.key.startswith("money_")][:2] == ["USD", "=EUR|$"]
    assert cells(board, "GSM8K", "c")["money_USD"].notes == (UNPRICED,)
    assert cells(board, "GSM8K", "a")["money_=EUR|$"].notes == (UNPRICED,)
    notes = {row.label: row.notes for row in table.rows}
    assert "1 USD for a million tokens in, 2 out" in notes["a"][0]
    assert "3 =EUR|$ for an hour" in notes["b"][0]
    assert notes["c"] == ()


def test_a_price_of_all_is_said_once(tmp_path: Path) -> None:
    table = cost_table(board_of(made(tmp_path / "m", "gsm8k"), price=PRICE))
    assert [row.notes for row in table.rows] == [()]
    assert table.remarks[-1] == "Price: 2 USD for a million tokens in, 10 out."


def test_small_figures_keep_two_digits_and_are_numbers_in_csv(tmp_path: Path) -> None:
    board = board_of(made(tmp_path / "m"), price=Price(prompt=0.001, completion=0.001))
    table = cost_table(board)
    texts = [
        row.cells[[c.key for c in table.columns].index("money_USD")].text for row in table.rows
    ]
    assert len({len(text) for text in texts}) == 1
    assert all(float(text) > 0 for text in texts)
    text = csv_text(table).splitlines()
    assert len(text) == 1 + len(table.rows)
    assert "money_USD_solved" in text[0]


def test_the_reports_price_takes_the_place_of_the_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made(tmp_path / "m", "gsm8k")
    rewrite(folder, price={"prompt": 1.0, "completion": 2.0})
    told = {}
    for out, more in (("own", []), ("other", ["price.hour=7", "price.currency=CHF"])):
        assert main(["report", f"runs={folder}", f"out={tmp_path / out}", *more]) == 0
        told[out] = (tmp_path / out / "tables" / "cost.csv").read_text().splitlines()[0]
        capsys.readouterr()
    assert "money_USD" in told["own"]
    assert "money_CHF" in told["other"]
    assert "USD" not in told["other"]
    assert (tmp_path / "own" / "plots" / "cost.svg").is_file()


def test_what_a_solved_document_takes() -> None:
    assert Cost(1.0, 2.0, None, None, 1.0, 0.0).per_solved(2.0) is None
    assert Cost(1.0, 2.0, None, None, 1.0, 0.5).per_solved(2.0) == 4.0
