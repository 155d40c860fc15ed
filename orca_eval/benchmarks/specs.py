"""tasks/<benchmark>/*.yaml → specs: what a benchmark consists of, before any data is read.

Reads the part of lm-eval's task format that our own files use. lm-eval's reader does the same in
1.4 s of imports; this one takes milliseconds.
"""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import yaml

from orca_eval.benchmarks.items import Item
from orca_eval.paths import TASKS
from orca_eval.types import EXACT_MATCH, Aggregate, Ask, Measure, Score, Who, once

PREFIX = "orca_"  # keeps our names apart from lm-eval's own in one index
OTHER = "Other"
ProcessDocs = Callable[..., list[Item]]
"""From rows, and those beside them where the task has some, to an item each."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a task's rows come from: a hub dataset, or a CSV file by its path under the data root.

    `config` and `revision` are the hub's; `csv`, `separator` and `url` belong to the CSV.
    """

    dataset: str
    config: str
    split: str
    revision: str | None = None
    csv: str | None = None
    separator: str = ","
    url: str | None = None


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One task: its rows' source, the function that makes docs of them, the published row count.

    `beside` are rows of another config that this function gets too. `ask` and `own_score` are those
    of a task that is not asked once and scored by our extraction.
    """

    name: str
    version: str
    rows: int
    source: Source
    process_docs: ProcessDocs
    beside: Source | None = None
    ask: Ask = once
    own_score: Score | None = None


@dataclass(frozen=True, slots=True)
class BenchmarkSpec:
    """One group file. `excluded` gives reasons by task and row number. `measure` is what the score
    means, `roles` who takes part in a conversation.

    The last three are for tables: what its tasks are called, which tasks a category holds, and the
    heading over a benchmark that is in no average.
    """

    id: str
    alias: str
    aggregate: Aggregate
    tasks: tuple[TaskSpec, ...]
    excluded: Mapping[str, Mapping[int, str]]
    parts: str
    categories: Mapping[str, Sequence[str]]
    heading: str
    measure: Measure = EXACT_MATCH
    roles: tuple[Who, ...] = ("model",)


@lru_cache(maxsize=4)
def read_specs(folder: Path = TASKS) -> Mapping[str, BenchmarkSpec]:
    """Every benchmark under `folder` by its id, in the order of the files' names."""
    specs = {}
    for path in sorted(folder.glob("*/*.yaml")):
        if path.name != "excluded.yaml" and not path.name.startswith("_"):
            spec = _benchmark(path)
            specs[spec.id] = spec
    return specs


def _benchmark(path: Path) -> BenchmarkSpec:
    content = _read(path)
    excluded_file = path.parent / "excluded.yaml"
    excluded = yaml.safe_load(excluded_file.read_text()) if excluded_file.is_file() else {}
    if "group" in content:
        group, items = content["group"], content["task"]
        alias, weights = content["group_alias"], content["aggregate_metric_list"][0]
        aggregate = "pooled" if weights["weight_by_size"] else "mean_of_tasks"
    else:
        group, items = content["task"], [{}]
        alias, aggregate = content["task_alias"], "pooled"
    metadata = content["metadata"]
    tasks = tuple(_task({**content, **item}, metadata) for item in items)
    return BenchmarkSpec(
        id=group.removeprefix(PREFIX),
        alias=alias,
        aggregate=cast(Aggregate, aggregate),
        tasks=tasks,
        excluded={task.name: excluded[task.name] for task in tasks if task.name in excluded},
        parts=metadata.get("parts", "tasks"),
        categories=metadata.get("categories", {}),
        heading=metadata.get("heading", OTHER),
        measure=Measure(**metadata.get("measure", {})),
        roles=("model", *metadata.get("roles", ())),
    )


def _task(config: Mapping[str, Any], shared: Mapping[str, Any]) -> TaskSpec:
    """One task; `shared` is the metadata of the whole file."""
    kwargs, metadata = config.get("dataset_kwargs", {}), config["metadata"]
    split = config["test_split"]
    source = Source(
        dataset=config["dataset_path"],
        config=config.get("dataset_name", "default"),
        split=split,
        revision=kwargs.get("revision"),
        csv=kwargs.get("data_files", {}).get(split),
        separator=kwargs.get("sep", ","),
        url=metadata.get("url"),
    )
    beside = shared.get("beside")
    return TaskSpec(
        name=config["task"].removeprefix(PREFIX),
        version=str(metadata["version"]),
        rows=metadata["rows"],
        source=source,
        process_docs=config["process_docs"],
        beside=replace(source, config=beside) if beside else None,
        ask=shared.get("ask", once),
        own_score=shared.get("score"),
    )


def _read(path: Path) -> dict[str, Any]:
    """The file over the files it includes; `!function` names become functions.

    Only a file beside the YAML is imported; a name from an installed package stays text, for those
    serve lm-eval alone.
    """

    class Loader(yaml.CSafeLoader):
        pass

    def function(_: yaml.CSafeLoader, node: yaml.ScalarNode) -> object:
        module, name = str(node.value).rsplit(".", 1)
        file = path.parent / f"{module}.py"
        return getattr(_module(file), name) if file.is_file() else str(node.value)

    Loader.add_constructor("!function", function)
    content: dict[str, Any] = yaml.load(path.read_text(), Loader)
    include = content.pop("include", None)
    return {**(_read(path.parent / include) if include else {}), **content}


@lru_cache(maxsize=64)
def _module(file: Path) -> object:
    spec = importlib.util.spec_from_file_location(f"orca_tasks_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} can't be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
