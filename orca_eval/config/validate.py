"""The one validator of what users give: a plain mapping → a typed dataclass, all mistakes at once.

A dataclass says by its types what it takes, bounds and their words included:
`limit: Annotated[int, whole(1)] | None = None`. pydantic, which reads it, takes a fifth of a second
to import; so it is imported when something is read.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NamedTuple,
    TypeVar,
    get_args,
    get_type_hints,
)

from orca_eval.config.nearest import hint
from orca_eval.config.secrets import masked
from orca_eval.errors import InputError
from orca_eval.paths import expanded
from orca_eval.safe_text import shorten

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
SHOWN = 200  # signs of a wrong value

PLAIN = {
    **{"int_type": "int", "float_type": "float", "string_type": "str", "bool_type": "bool"},
    **{"finite_number": "a finite number", "float_parsing": "a number"},
    "value_error": "a low below its high",  # of a Measure
}
"""pydantic's mistakes in values of plain types, and what is wanted there."""
STR = {"type": "str", "strict": True}
UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden", "invalid_key")


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a value has to be: in words, and to pydantic (a schema of its core, as plain data).

    `then` makes of a good value what the dataclass holds; where it raises ValueError, the value
    was none. A value that is missing counts as None.
    """

    words: str
    schema: Mapping[str, Any]
    then: Callable[[Any], Any] = lambda value: value

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> dict[str, Any]:
        call = {"type": "no-info", "function": self.then}
        named = {
            "type": "custom-error",
            "schema": {"type": "function-after", "function": call, "schema": self.schema},
            "custom_error_type": "wanted",
            "custom_error_message": self.words,
        }
        return {"type": "default", "schema": named, "default": None, "validate_default": True}


def whole(least: int) -> Wanted:
    """Takes a whole number, no boolean."""
    words = f"a whole number of at least {least}"
    return Wanted(words, {"type": "int", "strict": True, "ge": least})


def whole_or(least: int, of: str, words: Sequence[str]) -> Wanted:
    """Takes a whole number of something, or one of some words."""
    number = {"type": "int", "strict": True, "ge": least}
    word = {"type": "literal", "expected": [*words]}
    schema = {"type": "union", "choices": [number, word]}
    return Wanted(f"a whole number of {of}, or one of {', '.join(words)}", schema)


def real(low: float, high: float, then: Callable[[float], Any] = float) -> Wanted:
    """Takes a number from `low` to `high`, no boolean and no NaN."""
    schema = {"type": "float", "strict": True, "ge": low, "le": high}
    return Wanted(f"a number from {low:g} to {high:g}", schema, then)


def text(then: Callable[[str], Any] = str) -> Wanted:
    """Takes a text that is not blank."""
    return Wanted("a text", {**STR, "pattern": r"\S"}, then)


def names(of: str) -> Wanted:
    """Takes a list of texts, at least one, and makes a tuple of it."""
    schema = {"type": "list", "strict": True, "items_schema": STR, "min_length": 1}
    return Wanted(f"a list of {of}", schema, tuple)


def _path(given: str) -> Path:
    if "\0" in given:
        raise ValueError(given)
    return expanded(given)


Text = Annotated[str, text()]
AnyText = Annotated[str, Wanted("a text", {"type": "nullable", "schema": STR}, lambda v: v or "")]
"""It may be empty, and blanks are kept as they are."""
FilePath = Annotated[Path, text(_path)]
Flag = Annotated[bool, Wanted("true or false", {"type": "bool", "strict": True})]
AnyMapping = Annotated[
    Mapping[str, Any],
    Wanted("a mapping", {"type": "nullable", "schema": {"type": "dict"}}, lambda v: v or {}),
]


class Mistake(NamedTuple):
    """One thing that is wrong with an input.

    `wanted`: what the value has to be; the hint for an unknown key or choice.
    """

    key: str
    value: object
    wanted: str
    kind: Literal["wrong", "missing", "unknown", "choice"] = "wrong"

    def line(self, show: Callable[[object], str] = repr) -> str:
        """The line for the user, in which `show` gives the value, and no secret."""
        if self.kind == "unknown":
            return f"{self.key}: unknown, {self.wanted}"
        if self.kind == "choice":
            return f"{self.key}={masked(str(self.value))}: {self.wanted}"
        # A file gave it: YAML has read 83e2010 as infinity and 1.10 as 1.1.
        unread = self.wanted == "a text" and not isinstance(self.value, str | None)
        quotes = " (in quotes, where a file gives it)" if unread else ""
        shown = masked(shorten(show(self.value), SHOWN))
        return f"{self.key}={shown}: {self.wanted}{quotes} is wanted"


def read(
    shape: type[T],
    given: object,
    line: Callable[[Mistake], str] = Mistake.line,
    join: Callable[[Sequence[str]], str] = "\n".join,
) -> T:
    """Makes a `shape` of `given`.

    Raises:
        InputError: all that is wrong, a `line` for each, put together by `join`.
    """
    from pydantic import ValidationError

    try:
        made: T = _adapter(shape).validate_python(given)  # type: ignore[arg-type]  # it has a hash
    except ValidationError as error:
        lines = [line(_mistake(shape, one)) for one in error.errors(include_url=False)]
    else:
        return made
    raise InputError(join(lines))


@lru_cache(maxsize=32)
def _adapter(shape: type) -> "TypeAdapter[Any]":
    """Its making takes 2 ms, and each file of benchmarks is read by the same."""
    from pydantic import TypeAdapter

    return TypeAdapter(shape)


def plain(shape: type) -> type[Any]:
    """Makes of a dataclass of plain types (`int | None`) what `read` takes them from, strictly."""
    from pydantic import create_model

    hints = get_type_hints(shape, include_extras=True)
    keys: dict[str, Any] = {
        field.name: (hints[field.name], ... if field.default is MISSING else field.default)
        for field in fields(shape)
    }
    keys["__config__"] = {"strict": True, "allow_inf_nan": False}
    made: type[Any] = create_model(shape.__name__, **keys)
    return made


def _mistake(shape: type, error: Mapping[str, Any]) -> Mistake:
    at: tuple[int | str, ...] = error["loc"]
    key, value, kind = ".".join(map(str, at)), error["input"], error["type"]
    if kind in UNKNOWN:
        return Mistake(key, value, hint(str(at[-1]), _keys(shape, at[:-1])), "unknown")
    if kind == "literal_error":
        valid = re.findall("'(.*?)'", error["ctx"]["expected"])
        return Mistake(key, value, hint(str(value), valid), "choice")
    if kind == "missing":
        return Mistake(key, None, "a mapping", "missing")
    return Mistake(key, value, error["msg"] if kind == "wanted" else PLAIN.get(kind, "a mapping"))


def _keys(shape: Any, at: Sequence[int | str]) -> list[str]:
    """The keys that `shape` takes at a place in it."""
    for part in at:
        inner = [arg for arg in get_args(shape) if arg is not ...]
        shape = get_type_hints(shape)[str(part)] if is_dataclass(shape) else inner[-1]
    return sorted(field.name for field in fields(shape))
