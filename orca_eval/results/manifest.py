"""manifest.json, typed: every value that is there has the type that the code takes it for."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

import orjson
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    TypeAdapter,
    ValidationError,
)

from orca_eval.benchmarks.specs import Presentation
from orca_eval.config.schema import Price
from orca_eval.config.validate import STR, Flag, Wanted
from orca_eval.results.reading import MANIFEST, DamagedError, reading, text_of
from orca_eval.safe_text import shorten
from orca_eval.types import EXACT_MATCH, Aggregate, Conflict, Measure, ReadReasoning

_COUNT = {"type": "int", "strict": True, "ge": 0, "le": (1 << 63) - 1}
_FLOAT = {"type": "float", "strict": True, "ge": 0.0, "lt": 2.0**63, "allow_inf_nan": False}


def _one_of(*schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The first that fits, so that a whole number stays one."""
    return {"type": "union", "choices": [*schemas], "mode": "left_to_right"}


def _without_nulls(value: Any) -> Any:
    """A null stands for a value that is not there."""
    if not isinstance(value, dict):
        return value
    return {key: part for key, part in value.items() if part is not None}


Text = Annotated[str, Wanted("a text", STR)]
Number = Annotated[float, Wanted("a number of at least 0", _one_of(_COUNT, _FLOAT))]
Count = Annotated[int, Wanted("a whole number of at least 0", _COUNT)]
Version = Annotated[str | float, Wanted("a text or a number", _one_of(STR, _COUNT, _FLOAT))]
KindOfScore = Annotated[
    Aggregate,
    Wanted(
        " or ".join(get_args(Aggregate)), {"type": "literal", "expected": [*get_args(Aggregate)]}
    ),
]
Excluded = Annotated[
    int | list[Any], Wanted("a whole number or a list", _one_of({"type": "list"}, _COUNT))
]
_CONFLICT = {"type": "literal", "expected": [*get_args(Conflict)]}
_REASONING = {"type": "literal", "expected": [*get_args(ReadReasoning)]}
_NULLS = BeforeValidator(_without_nulls)
Numbers = Annotated[dict[str, Number], _NULLS]


_MEASURE = TypeAdapter(Measure)
_PRICE = TypeAdapter(Price)
_PRESENTATION = BeforeValidator(TypeAdapter(Presentation).validate_python)


class _Part(BaseModel):
    """A mapping of the manifest. Keys that no code takes for anything are let pass."""

    model_config = ConfigDict(strict=True, frozen=True, protected_namespaces=())


class Prompt(_Part):
    """The system message, and what it is called."""

    name: Text = "empty"
    system_message: Text | None = None


class Strategy(_Part):
    """Which way of thinking the model was told to take."""

    name: Text = "own"


class Sampling(_Part):
    """How answers were drawn."""

    temperature: Number | None = 0.0


class Extract(_Part):
    """How answers were read where people may differ."""

    conflict: Annotated[Conflict, Wanted("none, letter or text", _CONFLICT)] = "none"
    reasoning: Annotated[ReadReasoning, Wanted("apart or as_answer", _REASONING)] = "apart"

    @property
    def chosen(self) -> dict[str, str]:
        """The same by the run's keys."""
        return {"extract.conflict": self.conflict, "reasoning": self.reasoning}


class Model(_Part):
    """What was scored; `parameters` in billions."""

    name: Text = ""
    parameters: Number | None = None


class Engine(_Part):
    """What generated the answers."""

    name: Text = ""


class Average(_Part):
    """A mean of benchmarks."""

    name: Text = "Average"
    benchmarks: list[Text] = []


class Git(_Part):
    """The checkout that ran."""

    commit: Text | None = None
    state: Text | None = None


class Generated(_Part):
    """The answers of a benchmark that were generated in the run itself, `of` all that it asked, and
    their tokens."""

    answers: Count = 0
    of: Count = 0
    tokens: Number = 0.0


class BenchmarkEntry(_Part):
    """One benchmark of the run. `n` counts its documents, `full_n` those of the whole split."""

    alias: Text = ""
    n: Count = 0
    full_n: Count | None = None
    excluded: Excluded = 0
    data_sha256: Text = ""
    source: Text = ""
    task_versions: Annotated[dict[str, Version], _NULLS] = {}
    aggregate: KindOfScore = "pooled"
    measure: Annotated[Measure, BeforeValidator(_MEASURE.validate_python)] = EXACT_MATCH
    presentation: Annotated[Presentation, _PRESENTATION] = Presentation()
    judge: Text = ""
    reference: Text = ""
    judge_prompt: Text = ""
    caveats: list[Text] = []
    generated: Annotated[Generated, _NULLS] = Generated()


class Manifest(_Part):
    """What docs/run-folder.md says of each key. A key that is not there has its default.

    `content` is the whole mapping as read, for parts that are only compared or shown.
    """

    content: Annotated[dict[str, Any], PlainValidator(lambda value: value)]
    orca_eval_version: Version | None = None
    extractor_version: Version | None = None
    finished: Text = "unknown"
    suite: Text = ""
    quickstart: Flag = False
    limit: Count | None = None
    max_tokens: Count | None = None
    prompt: Annotated[Prompt, _NULLS] = Prompt()
    strategy: Annotated[Strategy, _NULLS] = Strategy()
    sampling: Sampling = Sampling()
    extract: Annotated[Extract, _NULLS] = Extract()
    model: Annotated[Model, _NULLS] = Model()
    engine: Annotated[Engine, _NULLS] = Engine()
    price: Annotated[Price, BeforeValidator(_PRICE.validate_python)] = Price()
    benchmarks: Annotated[dict[str, Annotated[BenchmarkEntry, _NULLS]], _NULLS] = {}
    averages: list[Annotated[Average, _NULLS]] = []
    tokens: Numbers = {}
    samples: Annotated[dict[str, Count], _NULLS] = {}
    timings: Numbers = {}
    speed: Numbers = {}
    engine_counters: Numbers = {}
    versions: Annotated[dict[str, Text], _NULLS] = {}
    git: Annotated[Git, _NULLS] = Git()
    notes: list[Text] = []

    @property
    def kinds(self) -> dict[str, Aggregate]:
        """How each benchmark's tasks make one score."""
        return {name: entry.aggregate for name, entry in self.benchmarks.items()}

    @property
    def measures(self) -> dict[str, Measure]:
        """What each benchmark's score means."""
        return {name: entry.measure for name, entry in self.benchmarks.items()}

    @property
    def judged(self) -> bool:
        """Whether a judge graded any of it."""
        return bool(self.get("judge"))

    def measure(self, name: str) -> Measure:
        """That of a benchmark, or of an average, whose benchmarks are alike."""
        members = next((a.benchmarks for a in self.averages if a.name == name), [name])
        return self.measures.get(members[0], EXACT_MATCH)

    def get(self, *keys: str, default: Any = None) -> Any:
        """The value at a path of keys, as read; the default where it is not there."""
        value: Any = self.content
        for key in keys:
            value = value.get(key, default) if isinstance(value, Mapping) else default
        return value


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
_MAY_BE_NULL = ("limit", "full_n")
_SPEED = (
    "seconds",
    "completion_tokens",
    "completion_tokens_per_second",
    "prompt_tokens_per_second",
)


def read_manifest(folder: Path, whole: bool = False) -> Manifest:
    """A run's manifest; a key that is missing or null is let pass unless it is to be `whole`.

    Raises:
        DamagedError: it is missing, no JSON, or a value has another type than it should.
    """
    path = folder / MANIFEST
    with reading(path, "not readable or not JSON"):
        content = json.loads(text_of(path))
    return checked(content, path, whole)


def checked(content: Any, path: Path, whole: bool = False) -> Manifest:
    """A manifest's content, if its types are right. DamagedError names the key where one is not."""
    if not isinstance(content, dict):
        raise DamagedError(path, "not a manifest")
    try:
        manifest = Manifest.model_validate(_without_nulls(content) | {"content": content})
    except ValidationError as error:
        raise DamagedError(path, _problem(error)) from error
    missing = next(_missing(manifest), None) if whole else None
    if problem := missing or _unwritable(content):
        raise DamagedError(path, problem)
    return manifest


def _problem(error: ValidationError) -> str:
    """What is not as it should be, the first of it."""
    first = error.errors(include_url=False)[0]
    at = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in first["loc"])
    containers = {"list_type": "a list", "dict_type": "a mapping", "model_type": "a mapping"}
    wanted = containers.get(first["type"], first["msg"])
    return f"{at[1:]}={_shown(first['input'])}: {wanted} is wanted"


def _missing(manifest: Manifest) -> Iterator[str]:
    for path in NEEDED:
        if not _holds(manifest.content, *path):
            yield f"no key {'.'.join(path)}"
    if not all(average.name and average.benchmarks for average in manifest.averages):
        yield "averages: a name and benchmarks are wanted"
    if manifest.speed and not all(key in manifest.speed for key in _SPEED):
        yield f"speed: {', '.join(_SPEED)} are wanted"


def _holds(value: Any, key: str, *below: str) -> bool:
    """Whether a value stands at a path, for every name that "*" stands for."""
    if not isinstance(value, dict):
        return False
    if key == "*":
        return all(_holds(part, *below) for part in value.values())
    if below:
        return _holds(value.get(key), *below)
    return key in value if key in _MAY_BE_NULL else value.get(key) is not None


def _unwritable(content: Mapping[str, Any]) -> str | None:
    """Why no output could hold the content: halves of characters, numbers beyond 64 bits, and
    mappings in mappings without end."""
    try:
        orjson.dumps(content)
    except TypeError as error:
        return str(error)
    return None


def _shown(value: Any) -> str:
    plain = isinstance(value, str | int | float)
    return shorten(repr(value) if plain else type(value).__name__, 60)
