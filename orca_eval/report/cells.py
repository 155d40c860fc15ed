"""Cells of figures in percent, and of what they are against a baseline."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from orca_eval.report.numbers import rounded, signed
from orca_eval.tables.table import Cell

ZERO_BASELINE = "no relative improvement over a baseline of 0"


def figure(value: Fraction | None, digits: int, missing: str) -> Cell:
    """A figure as given; without one `missing` says why."""
    if value is None:
        return Cell(notes=(missing,))
    return Cell(text=str(rounded(value, digits)), value=float(value))


def change(value: Fraction | float, digits: int = 2) -> Cell:
    """A difference or a relative improvement, with its sign."""
    return Cell(text=signed(rounded(Fraction(value), digits)), value=float(value))


def with_change(cell: Cell, value: Fraction | float) -> Cell:
    """The relative improvement in brackets behind the cell's own figure."""
    found = change(value, 1)
    return replace(cell, change=found.text, change_value=found.value)
