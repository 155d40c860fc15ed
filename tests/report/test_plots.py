"""Plots: their figures against the board's, and nothing that overlaps at 1 to 12 models."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from orca_eval.report.board import Board, build_board
from orca_eval.report.html.page import write_report
from orca_eval.report.plots import PLOTS, draw, fonts, render, svg_plots, write_plots
from orca_eval.report.plots.dark import DARK
from orca_eval.report.replies import reply_shares
from orca_eval.report.run_tables import run_tables
from orca_eval.results.run import read_run, read_runs

from .conftest import HOSTILE_NAME
from .synthetic import FULL, Spec, write_run

# Greys with a dark counterpart; a model's own, and the heat map's pale figures.
NEUTRAL = {*DARK, "#999999", "#f7f7f7"}
NAMES = (
    "Orca-2-13B",
    "SmolLM2-135M-Instruct",
    "mistral-7b-instruct-v0.3-finetuned-on-a-mixture-with-a-long-name",
    HOSTILE_NAME,
    *(f"model-{number}" for number in range(8)),
)


def plot(board: Board, name: str) -> Figure:
    return dict(draw(board, [name]))[name]


def bars(axes: Axes) -> list[tuple[float, float]]:
    """(position, length) of every bar."""
    found = [p for c in axes.containers if isinstance(c, BarContainer) for p in c.patches]
    upright = any(patch.get_width() < 1 for patch in found)
    return [
        (p.get_x() + p.get_width() / 2, p.get_height())
        if upright
        else (p.get_y() + p.get_height() / 2, p.get_width())
        for p in found
    ]


@pytest.fixture(scope="module", params=[1, 3, 12])
def crowd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Board:
    """1, 3 or 12 models, long and hostile names among them."""
    folder = tmp_path_factory.mktemp("crowd")
    folders = [
        write_run(
            folder / str(number),
            Spec(
                name,
                ("empty", "cautious")[number % 2],
                0.3 + 0.05 * ((number * 5) % 12),
                share=0.01,
                seed=number,
                parameters=(0.1, 7.0, 7.0, 13.0)[number % 4],
                budgets=[8, 16, 32, 64, 128, 256, 512][number % 3 :],
            ),
        )
        for number, name in enumerate(NAMES[: request.param])
    ]
    runs = read_runs(folders)
    return build_board(runs, runs[-1].label if len(runs) > 1 else None)


def test_averages_are_the_boards(board: Board) -> None:
    fig = plot(board, "averages")
    for axes, (_, average) in zip(fig.axes, board.averages(), strict=True):
        assert axes.get_title(loc="left") == average
        numbers = [board.values[label, average].number for label in board.labels]
        assert np.array(bars(axes)) == pytest.approx(np.array(list(enumerate(numbers))))


def test_averages_have_their_intervals(board: Board) -> None:
    axes = plot(board, "averages").axes[0]
    value = board.values["small", "Reasoning average (6)"]
    containers = [c for c in axes.containers if isinstance(c, BarContainer)]
    (segment,) = containers[2].errorbar.lines[2][0].get_segments()
    assert segment[:, 0] == pytest.approx([value.low, value.high])


def test_grouped_bars_are_the_boards(board: Board) -> None:
    fig = plot(board, "benchmarks")
    shown = sorted(height for axes in fig.axes for _, height in bars(axes))
    numbers = [board.values[label, b.id].number for label in board.labels for b in FULL]
    assert shown == pytest.approx(sorted(n for n in numbers if n is not None))


def test_the_radar_closes_on_the_boards_scores(board: Board) -> None:
    lines = plot(board, "radar").axes[0].get_lines()
    for label, line in zip(board.labels, lines, strict=True):
        numbers = [board.values[label, benchmark.id].number for benchmark in FULL]
        assert list(line.get_ydata()) == pytest.approx([*numbers, numbers[0]])


def test_the_heat_map_holds_every_task(board: Board, runs: list[Path]) -> None:
    axes = plot(board, "heatmap").axes[0]
    grid = np.asarray(axes.get_images()[0].get_array())
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    assert grid.shape == (8 + 23 + 1 + 1 + 2 + 1 + 57 + 1 + 1 + 1, 3)
    frame = pd.read_parquet(runs[2] / "samples.parquet")
    for row, task in (("BBH: subtask_03", "bbh/subtask_03"), ("GSM8K", "gsm8k/gsm8k")):
        expected = 100 * frame.loc[frame["task"] == task, "score"].mean()
        assert grid[labels.index(row), 2] == pytest.approx(expected)


def test_improvements_are_the_boards(board: Board) -> None:
    axes = plot(board, "improvement").axes[0]
    marks = [c for c in axes.containers if isinstance(c, ErrorbarContainer)]
    shown = sorted(float(c.lines[0].get_xdata()[0]) for c in marks)
    numbers = [value.number for value in board.changes.values()]
    assert shown == pytest.approx(sorted(n for n in numbers if n is not None))


def test_reply_shares_count_every_reply_once(runs: list[Path], board: Board) -> None:
    frame = pd.read_parquet(runs[2] / "samples.parquet").query("benchmark == 'mmlu'")
    shares = reply_shares(read_run(runs[2]))["mmlu"]
    answered, cut = frame["answer"].notna(), frame["finish_reason"] == "length"
    assert shares.answered == pytest.approx((answered & ~cut).mean())
    assert shares.cut_off == pytest.approx((~answered & cut).mean())
    assert shares.unreadable == pytest.approx((~answered & ~cut).mean())
    for axes in plot(board, "rates").axes:
        totals: dict[float, float] = {}
        for patch in (p for c in axes.containers for p in c.patches):
            at = round(patch.get_y() + patch.get_height() / 2)
            totals[at] = totals.get(at, 0) + patch.get_width()
        assert list(totals) == list(range(len(FULL)))
        assert list(totals.values()) == pytest.approx([100] * len(FULL))


def test_empty_replies_are_told_from_unreadable_ones(tmp_path: Path) -> None:
    few = tuple(b for b in FULL if b.id == "gsm8k")
    size = 26
    changes = {0: {"response": " \n", "answer": None, "finish_reason": "stop"}}
    changes[1] = {"response": "so", "answer": None, "finish_reason": "stop"}
    folder = write_run(tmp_path / "m", Spec("m", share=0.02, benchmarks=few), changes)
    before = write_run(tmp_path / "n", Spec("m", share=0.02, benchmarks=few))
    shares, old = (reply_shares(read_run(path))["gsm8k"] for path in (folder, before))
    assert shares.empty == pytest.approx(1 / size)
    assert old.empty == 0
    assert shares.unreadable >= 1 / size


def test_size_is_parameters_or_else_tokens(board: Board, tmp_path: Path) -> None:
    axes = plot(board, "size").axes[0]
    assert axes.get_xlabel() == "parameters, billion"
    marks = [c for c in axes.containers if isinstance(c, ErrorbarContainer)]
    points = [(float(c.lines[0].get_xdata()[0]), float(c.lines[0].get_ydata()[0])) for c in marks]
    average = "Reasoning average (6)"
    expected = [(run.parameters, board.values[run.label, average].number) for run in board.runs]
    assert np.array(points) == pytest.approx(np.array(expected))
    unknown = read_run(write_run(tmp_path / "m", Spec("m", share=0.01)))
    axes = plot(build_board([unknown], None), "size").axes[0]
    assert axes.get_xlabel() == "tokens generated a reply"
    tokens = unknown.samples(["completion_tokens"]).to_pandas()["completion_tokens"].mean()
    mark = next(c for c in axes.containers if isinstance(c, ErrorbarContainer))
    assert float(mark.lines[0].get_xdata()[0]) == pytest.approx(tokens)


def test_tokens_are_those_of_the_cost_and_equal_points_are_all_seen(tmp_path: Path) -> None:
    """Of two models alike and a third that writes far more."""
    few = tuple(b for b in FULL if b.id in ("mmlu", "arc_easy", "arc_challenge"))
    specs = [Spec("a", seed=1), Spec("b", seed=1), Spec("c", seed=1, reply_letters=9000)]
    folders = [
        write_run(tmp_path / spec.model, replace(spec, share=0.01, benchmarks=few))
        for spec in specs
    ]
    board = build_board(read_runs(folders), None)
    (axes,) = plot(board, "cost").axes
    marks = [c.lines[0] for c in axes.containers if isinstance(c, ErrorbarContainer)]
    points = [(float(m.get_xdata()[0]), float(m.get_ydata()[0])) for m in marks]  # type: ignore[index,arg-type]
    average = "Knowledge average (3)"
    expected = [
        (run.costs[average].completion, board.values[run.label, average].number)
        for run in board.runs
    ]
    assert np.array(points) == pytest.approx(np.array(expected))
    assert points[0] == points[1]
    assert marks[0].get_markersize() > marks[1].get_markersize()
    assert marks[0].get_zorder() < marks[1].get_zorder()
    assert axes.get_xscale() == "log"
    (axes,) = plot(build_board(board.runs[:1], None), "cost").axes
    assert axes.get_xscale() == "linear"
    assert len([c for c in axes.containers if isinstance(c, ErrorbarContainer)]) == len(few)


def test_without_counted_tokens_there_is_no_plot_of_them(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "m", Spec("m", share=0.01))
    frame = pd.read_parquet(folder / "samples.parquet")
    frame.assign(completion_tokens=0).to_parquet(folder / "samples.parquet", index=False)
    assert not dict(draw(build_board([read_run(folder)], None), ["cost"]))


def test_a_missing_benchmark_is_a_gap_and_no_zero(tmp_path: Path) -> None:
    without = tuple(b for b in FULL if b.id != "gsm8k")
    folders = [
        write_run(tmp_path / "a", Spec("a", share=0.01)),
        write_run(tmp_path / "b", Spec("b", share=0.01, benchmarks=without)),
    ]
    board = build_board(read_runs(folders), None)
    heights = [height for axes in plot(board, "benchmarks").axes for _, height in bars(axes)]
    assert len(heights) == 2 * len(FULL) - 1
    line = plot(board, "radar").axes[0].get_lines()[1]
    assert sum(math.isnan(y) for y in line.get_ydata()) == 1
    texts = [text.get_text() for text in plot(board, "averages").axes[0].texts]
    assert "no average" in texts


def test_quickstart_plots_say_so(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path / "m", Spec("m", share=0.01, quickstart=True)))
    for _, fig in draw(build_board([run], None)):
        titles = [legend.get_title().get_text() for legend in fig.legends]
        assert any("not benchmark scores" in text for text in (fig.get_suptitle(), *titles))


def test_a_limited_run_of_one_benchmark_leaves_every_plot_room(tmp_path: Path) -> None:
    spec = Spec(f"{NAMES[2]}-again", prompt="mt_bench_fastchat", limit=8, benchmarks=FULL[-1:])
    run = read_run(write_run(tmp_path / "m", spec))
    assert dict(draw(build_board([run], None)))  # a plot without room warns


@pytest.mark.parametrize("name", list(PLOTS))
def test_nothing_overlaps_or_leaves_the_picture(crowd: Board, name: str) -> None:
    found = dict(draw(crowd, [name]))
    if name == "checkpoints" or (name == "improvement" and crowd.baseline is None):
        assert not found
        return
    fig = found[name]
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    boxes = [
        (text.get_text(), text.get_window_extent(canvas.get_renderer()))
        for text in set(fig.findobj(Text)) - _undrawn(fig)
        if text.get_visible() and text.get_text().strip() and not text.get_rotation() % 90
    ]
    edges = fig.bbox.padded(2)
    for text, box in boxes:
        assert edges.x0 <= box.x0, text
        assert box.x1 <= edges.x1, text
        assert edges.y0 <= box.y0, text
        assert box.y1 <= edges.y1, text
    if name == "radar":  # rings' figures lie on the lines, in grey, as on any radar
        boxes = [(text, box) for text, box in boxes if not text.isdigit()]
    for index, (text, box) in enumerate(boxes):
        for other, second in boxes[index + 1 :]:
            assert not _overlap(box, second), f"{text!r} and {other!r} overlap"


def _undrawn(fig: Figure) -> set[Text]:
    """Labels of ticks beyond an axis' ends, and all texts of axes that are hidden."""
    texts: set[Text] = set()
    for axes in fig.axes:
        if not axes.get_visible():
            texts |= set(axes.findobj(Text))
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks() + axis.get_minor_ticks():
                if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    texts |= {tick.label1, tick.label2}
    return texts


def _overlap(one: Bbox, two: Bbox) -> bool:
    shared = Bbox.intersection(one, two)
    return shared is not None and shared.width > 1.5 and shared.height > 1.5


def test_names_are_text_and_not_mathematics(crowd: Board) -> None:
    for plotted in svg_plots(crowd, ["averages"]):
        assert plotted.svg.startswith(b"<?xml")


def test_a_benchmarks_name_is_text_in_every_plot(tmp_path: Path) -> None:
    evil = tuple(replace(b, alias=f"\x1b[2J {b.alias}") for b in FULL[:4])
    run = read_run(write_run(tmp_path / "m", Spec("m", share=0.01, benchmarks=evil)))
    texts = [
        text.get_text() for _, fig in draw(build_board([run], None)) for text in fig.findobj(Text)
    ]
    assert "\x1b" not in "".join(texts)


def test_files_are_the_same_for_the_same_data(tmp_path: Path) -> None:
    few = tuple(b for b in FULL if b.id in ("gsm8k", "crass", "arc_easy", "arc_challenge", "mmlu"))
    folders = [
        write_run(
            tmp_path / name, Spec(name, share=0.01, benchmarks=few, parameters=1, budgets=[8])
        )
        for name in ("a", "b")
    ]
    board = build_board(read_runs(folders), "a")
    written = write_plots(board, tmp_path / "plots")
    assert [plot.name for plot in written] == [name for name in PLOTS if name != "checkpoints"]
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        f"{plot.name}.{kind}" for plot in written for kind in ("svg", "png", "pdf")
    }
    for kind in ("svg", "png", "pdf"):
        again = render(plot(board, "averages"), kind)
        assert (tmp_path / "plots" / f"averages.{kind}").read_bytes() == again


def test_a_score_by_budget_ends_in_the_runs_own(tmp_path: Path) -> None:
    spec = Spec("m", share=0.01, benchmarks=FULL[2:4], budgets=[8, 64])
    run = read_run(write_run(tmp_path / "m", spec))
    board = build_board([run], None)
    fig = plot(board, "budgets")
    assert [axes.get_title(loc="left") for axes in fig.axes if axes.get_visible()] == [
        "DROP",
        "CRASS",
    ]
    for axes, key in zip(fig.axes, ("drop", "crass"), strict=False):
        (line,) = axes.lines
        assert list(line.get_xdata()) == [8, 64, 1024]
        assert list(line.get_ydata())[-1] == board.values["m", key].number
    table = next(table for table in run_tables(board) if table.name == "budgets")
    assert [column.label for column in table.columns] == ["benchmark", "8", "64", "1,024"]
    assert [row.cells[0].text for row in table.rows] == ["DROP", "CRASS"]
    own = [row.cells[-1] for row in table.rows]
    assert [cell.value for cell in own] == [board.values["m", k].number for k in ("drop", "crass")]
    assert None not in [cell.low for row in table.rows for cell in row.cells[1:]]


def test_without_budgets_there_is_neither_plot_nor_table(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path / "m", Spec("m", share=0.01, benchmarks=FULL[2:4])))
    board = build_board([run], None)
    assert "budgets" not in dict(draw(board))
    assert "budgets" not in [table.name for table in run_tables(board)]


def test_every_light_colour_has_a_dark_one(crowd: Board) -> None:
    """But those of models and scales; without, ink would be lost on a dark page."""
    for plotted in svg_plots(crowd, ["averages", "benchmarks", "budgets", "size", "heatmap"]):
        text = plotted.svg.decode()
        assert text.count("prefers-color-scheme:dark") == 1
        drawn = text[text.index("</style>") :]
        for colour in re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", drawn):
            neutral = len({colour[1:3], colour[3:5], colour[5:7]}) == 1
            assert not neutral or colour in NEUTRAL, (plotted.name, colour)


WRITTEN_ELSEWHERE = "\U0001f999-llama \ud55c\uad6d\uc5b4"


def test_a_name_without_a_font_is_a_number_with_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "_glyphs", lambda: frozenset(range(128)))
    few = FULL[:4]
    names = (WRITTEN_ELSEWHERE, "\u6a21\u578b", "plain")
    folders = [
        write_run(tmp_path / str(at), Spec(name, share=0.01, benchmarks=few))
        for at, name in enumerate(names)
    ]
    board = build_board(read_runs(folders), None)
    for name, fig in draw(board, ["benchmarks", "rates", "heatmap", "radar"]):
        texts = [text.get_text().replace("\n", " ") for text in fig.findobj(Text)]
        assert {"[1] -llama", "[2]", "plain"} <= set(texts), name
        assert not any("\u25a1" in text for text in texts)
    write_plots(board, tmp_path / "plots")
    key = (tmp_path / "plots" / "key.txt").read_text()
    assert key == f"[1] {WRITTEN_ELSEWHERE}\n[2] \u6a21\u578b\n"
    write_report(tmp_path / "report.html", board, [], svg_plots(board, ["rates"]), samples=False)
    page = (tmp_path / "report.html").read_text()
    assert f"<dt>[1]</dt><dd>{WRITTEN_ELSEWHERE}</dd>" in page


def test_a_hostile_name_in_the_key_is_only_text(tmp_path: Path) -> None:
    evil = "</dd><script>alert(1)</script>\n[2] \U0001f999 \u202e"
    run = read_run(write_run(tmp_path / "m", Spec(evil, share=0.01, benchmarks=FULL[:2])))
    board = build_board([run], None)
    write_report(tmp_path / "report.html", board, [], svg_plots(board, ["rates"]), samples=False)
    page = (tmp_path / "report.html").read_text()
    assert '<dl class="key"' in page
    assert "<script>alert" not in page
    write_plots(board, tmp_path / "plots")
    assert len((tmp_path / "plots" / "key.txt").read_text().splitlines()) == 1


@pytest.mark.parametrize("name", ["benchmarks", "heatmap", "rates", "size", "cost", "budgets"])
def test_names_that_differ_at_their_ends_stay_apart(tmp_path: Path, name: str) -> None:
    long = "mistral-7b-instruct-v0.3-finetuned-on-a-mixture-with-a-very-long-name-of-its-own-run"
    specs = [Spec(f"{long}-{n}", p) for n in (1, 2) for p in ("empty", "cautious")]
    folders = [
        write_run(
            tmp_path / str(at),
            replace(spec, share=0.01, benchmarks=FULL[6:9], parameters=7, budgets=[8]),
        )
        for at, spec in enumerate(specs)
    ]
    fig = plot(build_board(read_runs(folders), None), name)
    shown = {text.get_text() for text in fig.findobj(Text) if "mistral" in text.get_text()}
    assert len(shown) == 4
