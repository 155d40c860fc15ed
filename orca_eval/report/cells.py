"""Figures as they are printed, what they are against a baseline, and the cells that show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from orca_eval.numbers import rounded, signed
from orca_eval.results.aggregate import ScoreRow
from orca_eval.results.notes import cut_note
from orca_eval.tables.table import Cell
from orca_eval.types import Measure

ZERO_BASELINE = "no relative improvement over a baseline of 0"


@dataclass(frozen=True, slots=True)
class Value:
    """A score in its measure's unit, mostly percent, with its 95 % interval and rates; without a
    number, `note` says why. `cut_note` says what cut replies make of it, where that is much."""

    number: float | None = None
    low: float | None = None
    high: float | None = None
    rates: Mapping[str, float] | None = None
    note: str = ""
    cut_note: str = ""

    @classmethod
    def of(cls, score: ScoreRow | None, measure: Measure) -> Value:
        """Take a run's score."""
        if score is None or score.score is None:
            return cls(note="no score")
        shown = measure.shown
        ends = shown(score.ci_low), shown(score.ci_high)
        return cls(shown(score.score), *ends, score.rates, cut_note=cut_note(score, measure))

    def on_scale(self, measure: Measure) -> Value:
        """Take the value as a percentage of its measure's scale, for a plot's axis."""
        if measure.in_percent:
            return self
        ends = (self.number, self.low, self.high)
        number, low, high = (None if end is None else 100 * measure.place(end) for end in ends)
        return replace(self, number=number, low=low, high=high)


def scored(value: Value, digits: int = 2) -> Cell:
    """A score with what travels with it; an empty cell says why."""
    cell = figure(value.number, digits, value.note)
    return replace(cell, low=value.low, high=value.high, rates=value.rates or {})


def figure(value: Fraction | float | None, digits: int = 2, missing: str = "") -> Cell:
    """A figure as given; without one `missing` says why."""
    if value is None:
        return Cell(notes=(missing,) if missing else ())
    return Cell(text=str(rounded(Fraction(value), digits)), value=float(value))


def count(n: int | None) -> Cell:
    """A number of documents; empty where it is not known."""
    return Cell(text="" if n is None else f"{n:,}", value=n)


def change(value: Fraction | float, digits: int = 2) -> Cell:
    """A difference or a relative improvement, with its sign."""
    return Cell(text=signed(rounded(Fraction(value), digits)), value=float(value))


def with_change(cell: Cell, value: Fraction | float | None) -> Cell:
    """The relative improvement in brackets behind the cell's own figure; None over 0."""
    if value is None:
        return replace(cell, notes=(ZERO_BASELINE,))
    found = change(value, 1)
    return replace(cell, change=found.text, change_value=found.value)


def percent(share: float | None) -> float | None:
    """A share of 1 in percent."""
    return None if share is None else 100 * share
