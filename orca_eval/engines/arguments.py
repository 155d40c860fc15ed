"""An engine's arguments, from names and plain values to a typed dataclass, errors first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_type_hints

from orca_eval.config.nearest import nearest
from orca_eval.config.validate import Mistake, read
from orca_eval.errors import InputError

T = TypeVar("T")
MOST_LISTED = 20


def refuse_unknown(engine: str, given: Iterable[str], valid: Iterable[str]) -> None:
    """Raises one InputError that names every argument not in `valid`, with the nearest that are."""
    names = sorted(valid)
    problems = []
    for name in given:
        if name in names:
            continue
        near = nearest(name, names, cutoff=0.6)
        listed = near or (names if len(names) <= MOST_LISTED else [])
        hint = f"; {'nearest' if near else 'valid'}: " if listed else ""
        hint += ", ".join(f"engine.{other}" for other in listed)
        problems.append(f"engine.{name} is not an argument of {engine}{hint}")
    if problems:
        raise InputError("; ".join(problems))


def read_args(engine: str, shape: type[T], given: Mapping[str, Any]) -> T:
    """`given` as the dataclass `shape`, whose defaults fill what is missing or None.

    Unknown names and values of another type are refused together, in one InputError.
    """
    from pydantic import create_model

    def line(mistake: Mistake) -> str:
        if mistake.kind == "missing":
            return f"engine={engine} needs engine.{mistake.key}"
        return f"engine.{mistake.key}={mistake.value!r} must be {mistake.wanted}"

    hints = get_type_hints(shape)
    refuse_unknown(engine, given, hints)
    present = {name: value for name, value in given.items() if value is not None}
    typed: dict[str, Any] = {
        field.name: (hints[field.name], ... if field.default is MISSING else None)
        for field in fields(shape)  # type: ignore[arg-type]
    }
    strict = create_model("Arguments", __config__={"strict": True, "allow_inf_nan": False}, **typed)
    return shape(**read(strict, present, line, "; ".join).model_dump(exclude_unset=True))
