"""An engine's arguments, from names and plain values to a typed dataclass, errors first."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_type_hints

from orca_eval.config.nearest import nearest
from orca_eval.config.validate import Mistake, plain, read
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

    def line(mistake: Mistake) -> str:
        if mistake.kind == "missing":
            return f"engine={engine} needs engine.{mistake.key}"
        return f"engine.{mistake.key}={mistake.value!r} must be {mistake.wanted}"

    refuse_unknown(engine, given, get_type_hints(shape))
    present = {name: value for name, value in given.items() if value is not None}
    return shape(**read(plain(shape), present, line, "; ".join).model_dump())
