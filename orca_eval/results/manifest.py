"""manifest.json read back: every value that is there has the type that the code takes it for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import orjson

from orca_eval.benchmarks.types import Aggregate
from orca_eval.results.reading import MANIFEST, DamagedError, reading, text_of

_LARGEST = 1 << 63


class Leaf(NamedTuple):
    """A value: what is wanted, in words, and whether one is that."""

    wanted: str
    fits: Callable[[Any], bool]


class Each(NamedTuple):
    """A mapping from any names to values of one shape."""

    shape: Any


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < _LARGEST  # which no NaN is


TEXT = Leaf("a text", lambda value: isinstance(value, str))
SWITCH = Leaf("true or false", lambda value: isinstance(value, bool))
NUMBER = Leaf("a number of at least 0", lambda value: _is_number(value) and value >= 0)
COUNT = Leaf(
    "a whole number of at least 0",
    lambda value: isinstance(value, int) and _is_number(value) and value >= 0,
)
VERSION = Leaf("a text or a number", lambda value: isinstance(value, str) or _is_number(value))
KIND = Leaf(" or ".join(get_args(Aggregate)), lambda value: value in get_args(Aggregate))
EXCLUDED = Leaf(
    "a whole number or a list", lambda value: isinstance(value, list) or COUNT.fits(value)
)

# A dict gives the shapes of some of a mapping's keys, a list the shape of each element.
SHAPE: Mapping[str, Any] = {
    "orca_eval_version": VERSION,
    "extractor_version": VERSION,
    "finished": TEXT,
    "suite": TEXT,
    "quickstart": SWITCH,
    "limit": COUNT,
    "max_tokens": COUNT,
    "prompt": {"name": TEXT, "system_message": TEXT},
    "sampling": {"temperature": NUMBER},
    "model": {"name": TEXT, "parameters": NUMBER},
    "engine": {"name": TEXT},
    "benchmarks": Each(
        {
            "alias": TEXT,
            "n": COUNT,
            "full_n": COUNT,
            "excluded": EXCLUDED,
            "data_sha256": TEXT,
            "source": TEXT,
            "task_versions": Each(VERSION),
            "aggregate": KIND,
            "caveats": [TEXT],
        }
    ),
    "averages": [{"name": TEXT, "benchmarks": [TEXT]}],
    "tokens": Each(NUMBER),
    "samples": Each(COUNT),
    "timings": Each(NUMBER),
    "speed": Each(NUMBER),
    "engine_counters": Each(NUMBER),
    "versions": Each(TEXT),
    "git": {"commit": TEXT, "state": TEXT},
    "notes": [TEXT],
}
# What the run's own table and its rescoring can't do without; "*" stands for every name.
NEEDED = (
    ("suite",),
    ("quickstart",),
    ("limit",),
    ("notes",),
    ("averages",),
    ("prompt", "name"),
    ("model", "name"),
    ("engine", "name"),
    *(("benchmarks", "*", key) for key in ("alias", "n", "full_n", "task_versions", "aggregate")),
)
_ABSENT = object()
_MAY_BE_NULL = ("limit", "full_n")
_SPEED = (
    "seconds",
    "completion_tokens",
    "completion_tokens_per_second",
    "prompt_tokens_per_second",
)


def read_manifest(folder: Path, whole: bool = False) -> dict[str, Any]:
    """A run's manifest; a key that is missing or null is let pass unless it is to be `whole`.

    Raises:
        DamagedError: it is missing, no JSON, or a value has another type than it should.
    """
    path = folder / MANIFEST
    with reading(path, "not readable or not JSON"):
        content = json.loads(text_of(path))
    return checked(content, path, whole)


def checked(content: Any, path: Path, whole: bool = False) -> dict[str, Any]:
    """A manifest's content, if its types are right. DamagedError names the key where one is not."""
    if not isinstance(content, dict):
        raise DamagedError(path, "not a manifest")
    problem = next(_problems(content, SHAPE, ""), None)
    if whole and problem is None:
        problem = next(_missing(content), None)
    if problem is None:
        problem = _unwritable(content)
    if problem is not None:
        raise DamagedError(path, problem)
    return content


def _problems(value: Any, shape: Any, at: str) -> Iterator[str]:
    """What is not as it should be, outermost first. None stands for a value that is not there."""
    if value is None:
        return
    if isinstance(shape, Leaf):
        if not shape.fits(value):
            yield f"{at}={_shown(value)}: {shape.wanted} is wanted"
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{at}={_shown(value)}: a list is wanted"
            return
        for number, element in enumerate(value):
            if element is None:
                yield f"{at}[{number}] is null"
            yield from _problems(element, shape[0], f"{at}[{number}]")
    else:
        if not isinstance(value, dict):
            yield f"{at}={_shown(value)}: a mapping is wanted"
            return
        for key in value if isinstance(shape, Each) else shape:
            part = shape.shape if isinstance(shape, Each) else shape[key]
            yield from _problems(value.get(key), part, f"{at}.{key}" if at else key)


def _missing(content: Mapping[str, Any]) -> Iterator[str]:
    for path in NEEDED:
        found = list(_values(content, path))
        if _ABSENT in found or (None in found and path[-1] not in _MAY_BE_NULL):
            yield f"no key {'.'.join(path)}"
    if not all(
        average.get("name") and average.get("benchmarks") for average in content["averages"]
    ):
        yield "averages: a name and benchmarks are wanted"
    speed = content.get("speed")
    if speed and any(speed.get(key) is None for key in _SPEED):
        yield f"speed: {', '.join(_SPEED)} are wanted"


def _values(value: Any, path: Sequence[str]) -> Iterator[Any]:
    """What stands at a path, once for every name that "*" stands for."""
    if not path:
        yield value
    elif not isinstance(value, dict):
        yield _ABSENT
    else:
        for key in value if path[0] == "*" else path[:1]:
            yield from _values(value.get(key, _ABSENT), path[1:])


def _unwritable(content: Mapping[str, Any]) -> str | None:
    """Why no output could hold the content: halves of characters, numbers beyond 64 bits, and
    mappings in mappings without end."""
    try:
        orjson.dumps(content)
    except TypeError as error:
        return str(error)
    return None


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str | int | float) else type(value).__name__
    return text if len(text) <= 60 else text[:59] + "…"
