"""What became of the replies, stacked to 100 %."""

import math
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from orca_eval.report.board import Board
from orca_eval.report.plots import style
from orca_eval.report.replies import KINDS, reply_shares

# Light to dark in grey, and hatched where colours come close.
_STYLES: dict[str, dict[str, Any]] = {
    "answered": {"label": "answered", "facecolor": "#CFE3F1", "hatch": ""},
    "answered_cut_off": {"label": "answered, then cut off", "facecolor": "#56B4E9", "hatch": "//"},
    "cut_off": {"label": "cut off without an answer", "facecolor": "#E69F00", "hatch": "\\\\"},
    "empty": {"label": "empty", "facecolor": "#FFFFFF", "hatch": "xx"},
    "only_reasoning": {"label": "all text is reasoning", "facecolor": "#D9C6E8", "hatch": ".."},
    "unreadable": {"label": "no readable answer", "facecolor": "#8C3A00", "hatch": ""},
}
_EDGE: dict[str, Any] = {"edgecolor": style.INK, "linewidth": 0.5}
_PER_ROW = 3
_RARE = "only_reasoning"
"""Not in the legend where no reply is of that kind."""


def rates(board: Board) -> Figure:
    """A panel per model, a bar per benchmark."""
    names = list(board.columns.benchmarks)
    columns = min(_PER_ROW, len(board.runs))
    lines = math.ceil(len(board.runs) / columns)
    fig = style.figure(max(5.5, 1.4 + 3.4 * columns), 1.1 + lines * (0.75 + 0.24 * len(names)))
    rows = [style.name(board.columns.alias(name), 28) for name in names]
    panels = style.panels(fig, len(board.runs), columns, rows)
    drawn: set[str] = set()
    for axes, run in zip(panels, board.runs, strict=True):
        shares = reply_shares(run)
        for position, name in enumerate(names):
            if name not in shares:
                axes.text(1, position, "did not run", va="center", color=style.FAINT, fontsize=7)
                continue
            left = 0.0
            for kind in KINDS:
                width = 100 * getattr(shares[name], kind)
                drawn |= {kind} if width else set()
                axes.barh(position, width, left=left, height=0.72, **_EDGE, **_STYLES[kind])
                left += width
        axes.set_title(style.name(run.label, 36, 2))
        axes.set_xlim(0, 100)
    fig.supxlabel("% of the replies", fontsize=9)
    kinds = [kind for kind in KINDS if kind != _RARE or _RARE in drawn]
    patches = [Patch(**_EDGE, **_STYLES[kind]) for kind in kinds]
    fit = 5 if fig.get_figwidth() > 9 else 2
    fig.legend(handles=patches, loc="outside upper left", ncols=fit, frameon=False)
    return fig
