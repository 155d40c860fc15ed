"""How fast the runs were: tokens in and out, how busy the engine was, and where the time went."""

from collections.abc import Mapping
from typing import Any

from orca_eval.report.board import Board
from orca_eval.tables.table import Cell, Column, Row, Table

_FIGURES = (
    (Column("generated", "generated", "tokens"), "completion_tokens", "{:,.0f}", 1),
    (Column("out_per_second", "out", "tokens/s"), "completion_tokens_per_second", "{:,.1f}", 1),
    (Column("in_per_second", "in", "tokens/s"), "prompt_tokens_per_second", "{:,.1f}", 1),
    (Column("engine_busy", "engine busy", "% of generating"), "engine_busy", "{:.2f}", 100),
    (Column("prefix_cache", "prefix cache", "% of prompts"), "prefix_cache_hits", "{:.2f}", 100),
)
"""Column, key in the manifest's `speed`, format, and the factor to the column's unit."""

_PHASES = {
    "check": "check, hash weights",
    "load": "read data",
    "plan": "build prompts",
    "start": "load engine",
    "generate": "generate",
    "score_rest": "score the rest",
    "write": "write samples",
    "aggregate": "aggregate",
}
"""The manifest's `timings` by their names in the head, in the order of a run."""


def speed_table(board: Board) -> Table | None:
    """A row per run that generated anything; None where none did (all answers were stored)."""
    rows = [
        Row(run.label, _cells(speed, run.manifest.timings))
        for run in board.runs
        if (speed := run.manifest.speed)
    ]
    if not rows:
        return None
    phases = [Column(key, label, "s") for key, label in _PHASES.items()]
    return Table(
        name="speed",
        title="Speed of the runs",
        head="model",
        columns=(*(column for column, *_ in _FIGURES), *phases),
        rows=tuple(rows),
        remarks=(
            "Tokens are those generated in the run itself, not of stored answers, which are looked "
            "up while the engine loads. Answers are scored while others generate.",
        ),
    )


def _cells(speed: Mapping[str, Any], timings: Mapping[str, Any]) -> tuple[Cell, ...]:
    figures = (_cell(speed.get(key), shown, unit) for _, key, shown, unit in _FIGURES)
    return (*figures, *(_cell(timings.get(phase), "{:,.1f}", 1) for phase in _PHASES))


def _cell(value: Any, shown: str, unit: int) -> Cell:
    """Empty for what an engine does not count and for a phase that was not there."""
    if not isinstance(value, int | float):
        return Cell(notes=("not counted",))
    return Cell(text=shown.format(unit * value), value=unit * value)
