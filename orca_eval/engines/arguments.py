"""An engine's arguments, from names and plain values to a typed dataclass, errors first."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from orca_eval.config.nearest import nearest
from orca_eval.errors import InputError

T = TypeVar("T")


def refuse_unknown(engine: str, given: Iterable[str], valid: Iterable[str]) -> None:
    """Raises one InputError that names every argument not in `valid`, with the nearest that are."""
    names = sorted(valid)
    problems = []
    for name in given:
        if name in names:
            continue
        near = nearest(name, names, cutoff=0.6)
        listed = ", ".join(f"engine.{n}" for n in (near or names))
        if near:
            problems.append(f"engine.{name} is not an argument of {engine}; nearest: {listed}")
        elif len(names) <= 20:
            problems.append(f"engine.{name} is not an argument of {engine}; valid: {listed}")
        else:
            problems.append(f"engine.{name} is not an argument of {engine}")
    if problems:
        raise InputError("; ".join(problems))


def read_args(engine: str, shape: type[T], given: Mapping[str, Any]) -> T:
    """`given` as the dataclass `shape`, whose defaults fill what is missing or None.

    Unknown names and values of another type are refused together, in one InputError.
    """
    hints = typing.get_type_hints(shape)
    refuse_unknown(engine, given, hints)
    present = {name: value for name, value in given.items() if value is not None}
    problems = []
    for name, value in present.items():
        allowed = _plain_types(hints[name])
        if float in allowed and type(value) is int:
            present[name] = float(value)
        elif type(value) not in allowed:
            wanted = " or ".join(kind.__name__ for kind in allowed)
            problems.append(f"engine.{name}={value!r} must be {wanted}")
    required = [
        field.name
        for field in dataclasses.fields(shape)  # type: ignore[arg-type]
        if field.default is dataclasses.MISSING and field.name not in present
    ]
    problems.extend(f"engine={engine} needs engine.{name}" for name in required)
    if problems:
        raise InputError("; ".join(problems))
    return shape(**present)


def _plain_types(hint: Any) -> tuple[type, ...]:
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return tuple(kind for kind in kinds if kind is not types.NoneType)
