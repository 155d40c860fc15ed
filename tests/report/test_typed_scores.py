"""Averages and improvements of typed-in scores, first of all those that the papers printed."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from orca_eval.errors import InputError
from orca_eval.numbers import improvement, mean, rounded, signed
from orca_eval.paths import PUBLISHED
from orca_eval.report.typed_tables import (
    relative_improvement,
    score,
    typed_tables,
)
from orca_eval.results.typed_scores import find_model, read_typed_scores

# Printed by the paper, and not what its own counts give.
PRINTED_EXCEPTIONS = {"LogiQA": ("18.1", "18.0")}


def write(folder: Path, text: str) -> Path:
    path = folder / "scores.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("row", range(10))
def test_every_printed_reasoning_average_comes_out(row: int) -> None:
    scores = read_typed_scores(PUBLISHED / "orca2_reasoning.csv")
    model = scores.models[row]
    value = score(scores, model)
    assert value is not None
    assert rounded(value, 2) == Decimal(scores.printed["printed_average"][model])


def test_the_known_tie_rounds_to_even() -> None:
    scores = read_typed_scores(PUBLISHED / "orca2_reasoning.csv")
    value = score(scores, "Orca-2-13B w/ cautious sm")
    assert value == Fraction(66925, 1000)
    assert str(rounded(value, 2)) == "66.92"


@pytest.mark.parametrize(
    ("baseline", "printed"), [("LLaMA-2-Chat-13B", "47.54"), ("WizardLM-13B", "28.15")]
)
def test_the_printed_improvements_come_out(baseline: str, printed: str) -> None:
    scores = read_typed_scores(PUBLISHED / "orca2_reasoning.csv")
    table = typed_tables(scores, baseline)[1]
    frame = table.frame().set_index("model")
    assert frame.loc["Orca-2-13B", "average"] == printed
    assert baseline.casefold() not in [name.casefold() for name in frame.index]


def test_agieval_averages_and_percentages_come_out() -> None:
    scores = read_typed_scores(PUBLISHED / "orca1_agieval.csv")
    for model, stated in scores.averages.items():
        value = score(scores, model)
        assert value is not None
        assert rounded(value, 1) == stated, model
    printed = scores.printed["printed_improvement_over_Vicuna_pct"]
    for task in scores.items:
        change = relative_improvement(scores, "Orca-13B", "Vicuna-13B", task)
        assert change is not None
        text = str(rounded(change, 1))
        assert (printed[task], text) == PRINTED_EXCEPTIONS.get(task, (text, text))
    total = relative_improvement(scores, "Orca-13B", "Vicuna-13B")
    assert total is not None
    assert str(rounded(total, 1)) == printed["Average"] == "42.1"


def test_a_task_table_prints_the_change_in_brackets_and_sizes() -> None:
    table = typed_tables(read_typed_scores(PUBLISHED / "orca1_agieval.csv"), "vicuna-13b")[0]
    frame = table.frame().set_index("task")
    assert frame.loc["AQuA-RAT", "Orca-13B"] == "27.9"
    assert frame.loc["AQuA-RAT", "Orca-13B_improvement_pct"] == "39.2"
    assert frame.loc["Average", "Orca-13B"] == "41.7"
    assert frame.loc["LogiQA", "n"] == "651"
    assert frame.loc["Average", "source"] == "summary"
    assert "Vicuna-13B_correct" not in frame.columns


def test_without_counts_the_percentage_comes_from_the_cells(tmp_path: Path) -> None:
    path = write(tmp_path, "task,a,b\nt1,20.1,27.9\nt2,50,50\n")
    change = relative_improvement(read_typed_scores(path), "b", "a", "t1")
    assert change is not None
    assert str(rounded(change, 1)) == "38.8"


def test_a_missing_cell_empties_the_average_and_says_why(tmp_path: Path) -> None:
    path = write(tmp_path, "model,x,y\na,50,\nb,40,60\n")
    scores, improved = typed_tables(read_typed_scores(path), "b")
    cell = scores.rows[0].cells[2]
    assert (cell.text, cell.value) == ("", None)
    assert cell.notes == ("no average without y",)
    assert improved.rows[0].cells[2].text == ""
    assert improved.rows[0].cells[0].text == "+25.00"


def test_no_improvement_over_zero(tmp_path: Path) -> None:
    path = write(tmp_path, "model,x\na,50\nb,0\n")
    cell = typed_tables(read_typed_scores(path), "b")[1].rows[0].cells[0]
    assert cell.value is None
    assert "baseline of 0" in cell.notes[0]


def test_best_is_marked_once_per_column_and_ties_share_it(tmp_path: Path) -> None:
    path = write(tmp_path, "model,x,y\na,50,1\nb,50,2\nc,40,3\n")
    rows = typed_tables(read_typed_scores(path), None)[0].rows
    assert [row.cells[0].mark for row in rows] == ["best", "best", "second"]
    assert [row.cells[1].mark for row in rows] == ["", "second", "best"]


def test_published_rows_are_marked_and_bring_their_provenance() -> None:
    for path in sorted(PUBLISHED.glob("*.csv")):
        tables = typed_tables(read_typed_scores(path), None)
        assert {row.kind for row in tables[0].rows} <= {"published", "summary"}, path.name
        assert any("Provenance" in remark for remark in tables[0].remarks), path.name


def test_stated_averages_that_differ_are_named() -> None:
    table = typed_tables(read_typed_scores(PUBLISHED / "orca2_mt_bench.csv"), None)[0]
    assert any("Orca-2-7B (stated 5.65, computed 5.64)" in text for text in table.remarks)
    assert [column.key for column in table.columns] == ["turn_1", "turn_2", "average"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no scores"),
        ("model,x\n", "no scores"),
        ("id,x\n1,2\n", "first column is 'id'"),
        ("model,x\na,4O.1\n", "'4O.1' is not a plain number"),
        ("model,x\na,1e9\n", "'1e9' is not a plain number"),
        ("model,x\na,nan\n", "'nan' is not a plain number"),
        ("model,x\na,1,2\n", "row 2 has 3 cells"),
        ("model,x,x\na,1,2\n", "two columns are named 'x'"),
        ("model,x\na,1\na,2\n", "two rows are named 'a'"),
        ("model,x\n,1\n", "row 2 has no name"),
        ("model,,x\na,1,2\n", "column 2 has no name"),
        ("model,n\na,1\n", "no score columns"),
        ("task,a,n,a_correct\nt,50,2,3\n", "3 of n = 2"),
        ("task,a,a_correct\nt,50,3\n", "3 of n = nothing"),
        ("task,a,n\nt,50,two\n", "'two' is not a count"),
        ('model,x\na,"1\n', "not a CSV file"),
    ],
)
def test_a_file_that_cant_be_read_is_refused_in_one_line(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_typed_scores(write(tmp_path, text))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "where", "cell"),
    [
        ("model,x,y\na,101,50\nb,4,55\n", "row 'a', column 'x'", "101"),
        ("model,x,y\na,10,50\nb,-0.5,55\n", "row 'b', column 'x'", "-0.5"),
        ("model,x,y\na,10,50\nb,5,100.01\n", "row 'b', column 'y'", "100.01"),
        ("model,x,y,Average\na,10,50,300\n", "row 'a', column 'Average'", "300"),
        ("task,a,b\nt,50,40\nu,50,999999\n", "row 'u', column 'b'", "999999"),
        ("task,a,b\nt,50,40\nAverage,-1,40\n", "row 'Average', column 'a'", "-1"),
        ("model,x\na,120%\n", "row 'a', column 'x'", "120%"),
    ],
)
def test_a_score_lies_between_0_and_100(tmp_path: Path, text: str, where: str, cell: str) -> None:
    with pytest.raises(InputError) as caught:
        read_typed_scores(write(tmp_path, text))
    assert f"{where}: {cell} is no score" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "where", "cell", "share"),
    [
        ("model,x,y\na,0.61,70\nb,0.59,72\n", "row 'a', column 'x'", "0.61", "61.00"),
        ("model,x,y\na,61,70\nb,0.59,0.72\n", "row 'b', column 'x'", "0.59", "59.00"),
        ("model,x,y\na,61,70\nb,59,0.725\n", "row 'b', column 'y'", "0.725", "72.500"),
        ("model,x\na,0.9\nb,1.5\n", "row 'a', column 'x'", "0.9", "90.0"),
        ("model,x,Average\na,61,0.61\n", "row 'a', column 'Average'", "0.61", "61.00"),
        ("task,a,b\nt,0.3,0.4\nu,30,40\n", "row 't', column 'a'", "0.3", "30.0"),
        ("task,a,b\nt,0.3,30\nAverage,0.3,30\n", "row 't', column 'a'", "0.3", "30.0"),
        ("model,x,y\na,.5,1\n".replace(".5", "0.5%") + "b,0.5,2\n", "row 'b'", "0.5", "50.0"),
    ],
)
def test_shares_among_percentages_are_refused_by_their_row(
    tmp_path: Path, text: str, where: str, cell: str, share: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_typed_scores(write(tmp_path, text))
    assert where in str(caught.value)
    assert f"{cell} beside scores of up to" in str(caught.value)
    assert f"write {share} for a share, or {cell}%" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "model,x,y\na,0,100\nb,1,50\n",
        "model,x,y\na,0.00,100.0\nb,1.0,50\n",
        "model,x,y\na,0.4%,50 %\nb,44,55%\n",
        "model,x,n\na,50,1000\n",
        "model,x,printed_change\na,50,-0.4\n",
        "task,a,n,a_correct\nt,50,200,100\n",
    ],
)
def test_percentages_are_let_be(tmp_path: Path, text: str) -> None:
    scores = read_typed_scores(write(tmp_path, text))
    assert not scores.as_shares
    assert not any("shares" in remark for remark in typed_tables(scores, None)[0].remarks)


def test_a_percent_sign_is_no_part_of_the_number(tmp_path: Path) -> None:
    scores = read_typed_scores(write(tmp_path, "model,x,y\na,0.40%,50 %\n"))
    assert scores.cells == {("a", "x"): Decimal("0.40"), ("a", "y"): Decimal(50)}


@pytest.mark.parametrize(
    "text",
    [
        "model,x,y\na,0.40,0.50\nb,0.44,1\n",
        "model,x\na,0.9\n",
        "task,a,b\nt,0.3,0\nu,0.25,1.00\n",
        "model,x,y,Average\na,0.4,0.6,0.5\n",
    ],
)
def test_a_file_of_shares_is_shown_with_a_remark(tmp_path: Path, text: str) -> None:
    scores = read_typed_scores(write(tmp_path, text))
    assert scores.as_shares
    assert any("look like shares" in remark for remark in typed_tables(scores, None)[0].remarks)


@given(st.lists(st.decimals(0, 1, places=3), min_size=1, max_size=6), st.decimals(1, 100, places=2))
def test_one_file_has_one_scale(
    tmp_path_factory: pytest.TempPathFactory, shares: list[Decimal], percent: Decimal
) -> None:
    rows = "".join(f"m{n},{value}\n" for n, value in enumerate([*shares, percent]))
    path = write(tmp_path_factory.mktemp("csv"), f"model,x\n{rows}")
    mixed = percent > 1 and any(0 < share < 1 for share in shares)
    try:
        assert len(read_typed_scores(path).cells) == len(shares) + 1
        assert not mixed
    except InputError:
        assert mixed


def test_files_from_spreadsheets_are_read(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes("\ufeffModel , x\r\n a , 50.10 \r\n\r\n".encode())
    scores = read_typed_scores(path)
    assert scores.cells == {("a", "x"): Decimal("50.10")}


def test_an_unknown_baseline_names_the_nearest() -> None:
    with pytest.raises(InputError, match="nearest: WizardLM-13B"):
        find_model("WizardLM13B", ("Orca", "WizardLM-13B"), "scores.csv")


@given(st.lists(st.decimals(0, 100, places=2), min_size=1, max_size=12))
def test_the_average_is_exact(cells: list[Decimal]) -> None:
    value = mean([Fraction(cell) for cell in cells])
    assert value * len(cells) == Fraction(sum(cells))
    assert abs(Fraction(rounded(value, 2)) - value) <= Fraction(1, 200)


@given(st.integers(-(10**6), 10**6), st.integers(0, 4))
def test_ties_go_to_even(number: int, digits: int) -> None:
    tie = Fraction(2 * number + 1, 2 * 10**digits)
    last = int(rounded(tie, digits).scaleb(digits))
    assert last % 2 == 0
    assert abs(Fraction(last, 10**digits) - tie) == Fraction(1, 2 * 10**digits)


@pytest.mark.parametrize(
    ("number", "text"), [("1.50", "+1.50"), ("-0.3", "−0.3"), ("-0.00", "+0.00")]
)
def test_signs(number: str, text: str) -> None:
    assert signed(Decimal(number)) == text


def test_improvement_needs_a_positive_baseline() -> None:
    assert improvement(Fraction(3), Fraction(2)) == 50
    assert improvement(Fraction(3), Fraction(0)) is None
