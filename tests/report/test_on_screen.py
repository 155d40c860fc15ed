"""Tables on a screen of any width, and where a report goes that was not told where."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from orca_eval.cli import main
from orca_eval.report.board import Board
from orca_eval.report.run_tables import run_tables
from orca_eval.results.reading import REPORTS
from orca_eval.tables.layout import Width, blocks, lines_of
from orca_eval.tables.screen import show
from orca_eval.tables.table import Row, Table, columns, text_row, together


def on_screen(width: int, *tables: Table) -> list[str]:
    page = io.StringIO()
    show(Console(file=page, width=width, color_system=None), *tables)
    return [line.rstrip() for line in page.getvalue().splitlines()]


@pytest.mark.parametrize("width", [40, 41, 63, 64, 80, 120, 200])
def test_names_are_whole_and_no_line_is_too_wide(width: int, board: Board) -> None:
    for table in run_tables(board):
        lines = on_screen(width, table)
        assert max(map(cell_len, lines)) <= width, table.name
        shown = " ".join(" ".join(lines).split())
        if table.name in ("reasoning", "knowledge", "bbh_files"):
            names = [part.label for part in (*table.columns, *table.rows)]
            assert [word for name in names for word in name.split() if word not in shown] == []


SCORES = Table(
    name="scores",
    title="",
    head="benchmark",
    columns=columns(
        *("n", "score", "interval", "answered", "cut off"),
        giving_way=(["answered", "cut off"], ["interval"]),
    ),
    rows=(text_row("Reasoning average (6)", "13,950", "48.35", "39.9 – 56.8", "96.0", "0.0"),),
)


@pytest.mark.parametrize(
    ("width", "left_out"),
    [(80, []), (60, ["answered", "cut off"]), (40, ["interval", "answered", "cut off"])],
)
def test_rates_leave_first_then_intervals(width: int, left_out: list[str]) -> None:
    lines = on_screen(width, SCORES)
    assert any("Reasoning average (6)" in line and "48.35" in line for line in lines)
    said = " ".join(" ".join(lines).split())
    assert (f"Not shown at this width: {', '.join(left_out)}." in said) == bool(left_out)


def test_what_does_not_fit_goes_below_beside_the_same_labels() -> None:
    label, column = Width(5, 20), Width(10, 10)
    found = blocks(label, [column] * 5, 48)
    assert [block.columns for block in found] == [(0, 1), (2, 3), (4,)]
    assert {block.label for block in found} == {20}
    (one,) = blocks(label, [column] * 3, 48)
    assert one.label == 12  # broken between words, in place of a second block


def test_a_name_breaks_where_its_parts_meet() -> None:
    assert lines_of("a-checkpoint-with_a/name", 14) == "a-checkpoint-\nwith_a/name"
    assert lines_of("one two three", 8) == "one two\nthree"


def test_a_note_stands_once_with_all_whom_it_is_of() -> None:
    notes = [("a", "same"), ("b", "same"), ("b", "other")]
    assert together(notes) == {"same": ["a", "b"], "other": ["b"]}
    rows = (Row("a", (), notes=("same",)), Row("b", (), notes=("same", "other")))
    lines = on_screen(80, Table("t", "", "model", (), rows))
    assert [line.strip() for line in lines[-2:]] == ["same", "b: other"]


def test_without_out_a_report_lies_beside_the_runs_and_is_no_run(
    runs: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for writes in ("write_plots", "write_exports", "write_report"):
        monkeypatch.setattr(f"orca_eval.report.run_report.{writes}", lambda *_args: ())
    (place,) = {run.parent for run in runs}
    for _ in range(2):  # the second time a glob finds the report too
        assert main(["report", f"runs=[{place}/*]"]) == 0
    assert not list(tmp_path.iterdir())
    last = capsys.readouterr().out.splitlines()[-1].strip()
    assert Path(last).parent.parent == place / REPORTS
    assert (Path(last).parent / "tables" / "reasoning.md").is_file()


def test_without_out_the_tables_of_a_csv_are_on_the_screen_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("scores.csv").write_text("model,A,B\nx,10,20\ny,30,40\n")
    assert main(["report", "from=scores.csv", "baseline=x"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"]
    shown = capsys.readouterr().out
    assert "out=DIR writes these tables" in shown
    assert "| model" not in shown
