"""Arithmetic on scores: exact on fractions, which become half-even decimals."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

Number = TypeVar("Number", Fraction, float)


def rounded(value: Fraction, digits: int) -> Decimal:
    """`value` to `digits` decimals, ties to even, with trailing zeros kept."""
    return Decimal(round(value * 10**digits)).scaleb(-digits)


def mean(values: Sequence[Fraction]) -> Fraction:
    """The unweighted mean; `values` must not be empty."""
    return sum(values, Fraction(0)) / len(values)


def improvement(score: Number, baseline: Number) -> Number | None:
    """Relative improvement in percent: ratio minus one. None over a baseline of 0 or below."""
    return (score / baseline - 1) * 100 if baseline > 0 else None


def ends(low: float, high: float, digits: int) -> tuple[str, str]:
    """An interval's ends to `digits` decimals, or to as many more as tell them apart, up to six."""
    for more in range(digits, 7):
        texts = f"{low:.{more}f}", f"{high:.{more}f}"
        if float(texts[0]) != float(texts[1]):  # -0.0 is 0.0
            break
    return texts


def with_minus(text: str) -> str:
    """Numbers with a true minus."""
    return text.replace("-", "\N{MINUS SIGN}")


def signed(value: Decimal) -> str:
    """With its sign and a true minus; a rounded zero gets a plus."""
    return f"\N{MINUS SIGN}{-value}" if value < 0 else f"+{abs(value)}"
