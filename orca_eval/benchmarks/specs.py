"""tasks/<benchmark>/*.yaml → specs: what a benchmark consists of, before any data is read.

Reads the part of lm-eval's task format that our own files use, and those of a folder laid out
alike. lm-eval's reader does the same in 1.4 s of imports; this one takes milliseconds.
"""

import importlib.util
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import yaml

from orca_eval.benchmarks.items import Item
from orca_eval.benchmarks.task_files import task_files_sha256
from orca_eval.config.validate import STR, Mistake, Text, Wanted, names, read, whole
from orca_eval.errors import InputError
from orca_eval.paths import TASKS
from orca_eval.types import EXACT_MATCH, Aggregate, Measure, Who, once

PREFIX = "orca_"  # keeps our names apart from lm-eval's own in one index
OTHER = "Other"
ProcessDocs = Callable[..., list[Item]]
"""From rows, and those beside them where the task has some, to an item each."""


Name = Annotated[str, Wanted("a name of letters, digits and _.-", STR | {"pattern": r"^[\w.-]+$"})]
Function = Annotated[
    Callable[..., Any], Wanted("!function FILE.NAME of a FILE.py beside it", {"type": "callable"})
]
AGGREGATES: Mapping[bool, Aggregate] = {True: "pooled", False: "mean_of_tasks"}
VERSION = {"type": "union", "choices": [STR, {"type": "int", "strict": True}]}
PROMPTS = {"type": "list", "items_schema": STR}
JUDGE = {"type": "list", "items_schema": {"type": "literal", "expected": ["judge"]}}


def _text(key: str) -> Wanted:
    return Wanted(f"a text, the file's {key},", STR)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a task's rows come from: a hub dataset, or a CSV file by its path under the data root.

    `config` and `revision` are the hub's; `csv`, `separator` and `url` belong to the CSV. `first`
    leaves all rows behind so many out.
    """

    dataset: Annotated[str, _text("dataset_path")]
    config: Annotated[str, _text("dataset_name")]
    split: Annotated[str, _text("test_split")]
    revision: Text | None = None
    csv: Text | None = None
    separator: Text = ","
    url: Text | None = None
    first: Annotated[int, whole(1)] | None = None


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One task: its rows' source, the function that makes docs of them, the published row count.

    `beside` are rows of other configs or datasets that this function gets too, each by itself.
    `ask` and `score` are those of a task that is not asked once and scored by our extraction.
    """

    name: Name
    version: Annotated[str, Wanted("a whole number or a text", VERSION, str)]
    rows: Annotated[int, whole(1)]
    source: Source
    process_docs: Function
    beside: tuple[Source, ...] = ()
    ask: Function = once
    score: Function | None = None


@dataclass(frozen=True, slots=True)
class Presentation:
    """What tables and exports say of a benchmark: its name in lm-eval (empty for its own tasks),
    its dataset on the hub (empty where it has none, or several), what its tasks are called, which
    of them a category holds, and the heading over a benchmark that is in no average. `judged_by`
    are the prompts that a judge gets.
    """

    name: str = ""
    dataset: str = ""
    parts: Text = "tasks"
    heading: Text = OTHER
    judged_by: Annotated[tuple[str, ...], Wanted("a list of prompts", PROMPTS, tuple)] = ()
    categories: dict[str, Annotated[tuple[str, ...], names("tasks")]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BenchmarkSpec:
    """One group file. `excluded` gives reasons by task and row number. `measure` is what the score
    means, `roles` who takes part in a conversation. `made_by` is a hash of the files of a benchmark
    from outside, whose version is not ours to raise.
    """

    id: Name
    alias: Annotated[str, _text("group_alias or task_alias")]
    aggregate: Aggregate
    tasks: tuple[TaskSpec, ...]
    excluded: dict[str, dict[int, str]]
    presentation: Presentation
    measure: Measure = EXACT_MATCH
    roles: Annotated[tuple[Who, ...], Wanted("[judge]", JUDGE, lambda v: ("model", *v))] = (
        "model",
    )
    made_by: str = ""


Specs = Mapping[str, BenchmarkSpec]
"""Benchmarks by their ids."""


@lru_cache(maxsize=1)
def read_specs() -> Specs:
    """Every benchmark of ours by its id, in the order of the files' names."""
    return read_folder(TASKS)


def read_folder(folder: Path) -> Specs:
    """Every benchmark of a folder that is part of this package."""
    return _specs(folder, {})


def known_specs(outside: Path | None, allow_code: bool) -> Specs:
    """Ours, and those of a folder from outside.

    Raises:
        InputError: it is none, its code is not allowed, or a file of it is wrong or has a name of
            ours.
    """
    if outside is None:
        return read_specs()
    if not allow_code:
        raise InputError(
            f"tasks.path={outside}: its files run Python code; add allow_code=true to allow that"
        )
    found = _specs(outside, read_specs())
    if not found:
        raise InputError(f"tasks.path={outside}: no benchmark there; one is NAME/NAME.yaml")
    return {**read_specs(), **found}


def _specs(folder: Path, ours: Specs) -> dict[str, BenchmarkSpec]:
    specs: dict[str, BenchmarkSpec] = {}
    for path in sorted(folder.glob("*/*.yaml")):
        if path.name != "excluded.yaml" and not path.name.startswith("_"):
            spec = _benchmark(path, task_files_sha256(path) if ours else "")
            if spec.id in ours or spec.id in specs:
                raise InputError(f"{path}: there is a benchmark {spec.id} already; rename this one")
            specs[spec.id] = spec
    return specs


def _benchmark(path: Path, made_by: str) -> BenchmarkSpec:
    def line(mistake: Mistake) -> str:
        return f"{path}: {mistake.line().replace('presentation.', 'metadata.', 1)}"

    content = _read(path)
    excluded_file = path.parent / "excluded.yaml"
    excluded = _read(excluded_file) if excluded_file.is_file() else {}
    metadata = _mapping(path, content, "metadata")
    if "group" in content:
        group, alias, items = content["group"], content.get("group_alias"), content.get("task")
        aggregate = None
        with suppress(LookupError, TypeError):
            aggregate = AGGREGATES[content["aggregate_metric_list"][0]["weight_by_size"]]
    else:
        group, alias, items = content.get("task"), content.get("task_alias"), [{}]
        aggregate = "pooled"
    if not (aggregate and isinstance(items, list) and items and isinstance(items[0], dict)):
        raise InputError(
            f"{path}: a group needs aggregate_metric_list: [{{weight_by_size: true or false}}] and "
            "task: a list of mappings"
        )
    tasks = [_task(path, {**content, **item}, metadata) for item in items]
    called = {str(task["name"]) for task in tasks}
    if len(called) < len(tasks):
        raise InputError(f"{path}: task: two have the same name")
    datasets = {str(task["source"]["dataset"]) for task in tasks if not task["source"]["csv"]}
    given = {
        "id": _short(group),
        "alias": alias,
        "aggregate": aggregate,
        "tasks": tasks,
        "excluded": {name: excluded.get(name, {}) for name in called},
        "presentation": {
            "name": group,
            "dataset": datasets.pop() if len(datasets) == 1 else "",
            **_picked(metadata, "parts", "categories", "heading", "judged_by"),
        },
        "made_by": made_by,
        **_picked(metadata, "measure", "roles"),
    }
    return read(BenchmarkSpec, given, line, lambda lines: lines[0])


def _task(path: Path, config: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """One task; `shared` is the metadata of the whole file."""
    kwargs, metadata = (_mapping(path, config, key) for key in ("dataset_kwargs", "metadata"))
    split = config.get("test_split")
    source = {
        "dataset": config.get("dataset_path"),
        "config": config.get("dataset_name", "default"),
        "split": split,
        "revision": kwargs.get("revision"),
        "csv": _mapping(path, kwargs, "data_files").get(str(split)),
        "separator": kwargs.get("sep", ","),
        "url": metadata.get("url"),
        "first": shared.get("first"),
    }
    return {
        "name": _short(config.get("task")),
        "source": source,
        "beside": [{**source, **_beside(each)} for each in _listed(shared.get("beside", []))],
        **_picked(metadata, "version", "rows"),
        **_picked(config, "process_docs"),
        **_picked(shared, "ask", "score"),
    }


def _beside(given: Any) -> Mapping[str, Any]:
    """A config, or what else is another there: `{dataset: NAME, config: NAME, split: NAME}`."""
    return {"first": None, **(given if isinstance(given, dict) else {"config": given})}


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _mapping(path: Path, config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = config.get(key, {})
    if not isinstance(found, dict):
        raise InputError(f"{path}: {key}={found}: a mapping is wanted")
    return found


def _picked(given: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: given[key] for key in keys if key in given}


def _short(name: Any) -> Any:
    return name.removeprefix(PREFIX) if isinstance(name, str) else name


def _read(path: Path) -> dict[Any, Any]:
    """The file over the files it includes; `!function` names become functions.

    Only a file beside the YAML is imported; a name from an installed package stays text, for those
    serve lm-eval alone.
    """

    class Loader(yaml.CSafeLoader):
        pass

    def function(_: yaml.CSafeLoader, node: yaml.ScalarNode) -> object:
        module, name = str(node.value).rpartition(".")[::2]
        file = path.parent / f"{module}.py"
        if not file.is_file():
            return str(node.value)
        try:
            return getattr(_module(file, file.stat().st_mtime_ns), name)
        except (Exception, SystemExit) as error:  # it is code, which may raise anything
            said = f"{type(error).__name__}: {error}"
            raise ValueError(
                f"line {node.start_mark.line + 1}, !function {node.value}: {said}"
            ) from error

    Loader.add_constructor("!function", function)
    try:
        content = yaml.load(path.read_text("utf-8"), Loader)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path}: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: a mapping is wanted, of keys and values")
    include = content.pop("include", None)
    return {**(_read(path.parent / str(include)) if include else {}), **content}


@lru_cache(maxsize=64)
def _module(file: Path, _changed: int) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"orca_tasks_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} can't be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look their module up
    spec.loader.exec_module(module)
    return module
