"""How every plot looks: safe for colour-blind readers, readable in grey, at 1 to 12 models."""

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orca_eval.report.cells import Value
from orca_eval.report.plots.fonts import drawable, families

# Okabe and Ito's palette (jfly.uni-koeln.de/color), ordered so that neighbours differ in grey too.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
_HATCHES = ("", "//", "..", "xx", "\\\\", "", "--", "oo", "++", "||", "**", "/.")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")
LINES = ("-", "--", ":", "-.")
INK, FAINT = "#222222", "#888888"
DPI = 150  # layout and pictures alike: text is not quite as wide at another resolution

RC = mpl.rc_params_from_file(Path(__file__).with_suffix(".mplstyle"), use_default_template=False)
RC["font.family"] = list(families())


def bar_style(index: int) -> dict[str, Any]:
    """Colour and hatch of the n-th model's bars; twelve in a row differ in one or the other."""
    return {
        "facecolor": _COLOURS[index % len(_COLOURS)],
        "hatch": _HATCHES[index % len(_HATCHES)],
        "edgecolor": INK,
        "linewidth": 0.6,
    }


def mark_style(index: int) -> dict[str, Any]:
    """Colour and marker of the n-th model's points."""
    return {
        "color": _COLOURS[index % len(_COLOURS)],
        "marker": _MARKERS[index % len(_MARKERS)],
        "markeredgecolor": INK,
    }


def name(label: str, width: int = 28, lines: int = 3) -> str:
    """A label from outside in at most so many lines, with no glyph that the fonts lack.

    What is too long loses its middle: models' names differ at their ends, by size and by prompt.
    """
    text, most = drawable(label), width * lines - lines
    if len(text) > most:
        end = most * 2 // 5
        text = f"{text[: most - end - 1]}…{text[-end:]}"
    return "\n".join(textwrap.wrap(text, width) or ["?"])


def figure(width: float, height: float) -> Figure:
    """An empty figure in inches."""
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def panels(fig: Figure, count: int, columns: int, rows: Sequence[str]) -> list[Axes]:
    """Panels over the same named rows, first row on top; `columns` stand side by side."""
    lines = math.ceil(count / columns)
    grid = fig.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes in grid[count:]:
        axes.set_visible(False)
    grid[0].set_yticks(range(len(rows)), rows)
    grid[0].set_ylim(len(rows) - 0.5, -0.5)
    return list(grid[:count])


def point(axes: Axes, index: int, x: float, y: float, **look: Any) -> None:
    """The n-th model's mark with its error bars."""
    look |= mark_style(index)
    axes.errorbar(x, y, linestyle="none", ecolor=INK, capsize=2.0, **look)


def bar(
    axes: Axes, index: int, at: float, value: Value, thickness: float, across: bool = False
) -> None:
    """The n-th model's bar with its error bars, finer ones where it stands upright."""
    draw, direction = (axes.barh, "xerr") if across else (axes.bar, "yerr")
    width, cap = (1.0, 2.5) if across else (0.8, 1.5)
    error_bars = {"ecolor": INK, "elinewidth": width, "capsize": cap}
    look = bar_style(index) | {direction: error(value), "error_kw": error_bars}
    errors = draw(at, value.number or 0.0, thickness, **look).errorbar
    # White around the error bars, so that they stand out from a hatch.
    halo = patheffects.withStroke(linewidth=2.6, foreground="white")
    for part in errors.get_children() if errors is not None else ():
        part.set_path_effects([halo])


def error(value: Value) -> list[list[float]] | None:
    """Distances to the interval's ends, as matplotlib takes them; None where there is none."""
    if value.number is None or value.low is None or value.high is None:
        return None
    return [[max(0.0, value.number - value.low)], [max(0.0, value.high - value.number)]]


def percent_axis(axes: Axes) -> None:
    """A vertical axis in percent from 0, to where its values end if they go beyond 100."""
    axes.set_ylim(0, top(axes.dataLim.y1))
    axes.yaxis.grid(visible=True)


def top(highest: float) -> float:
    """Where an axis in percent ends: beyond 100 only for what may be more, as ratios may."""
    return 1.05 * highest if 100.01 < highest < math.inf else 100.0
