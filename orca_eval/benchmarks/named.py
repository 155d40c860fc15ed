"""A name as a user gives it → a benchmark: ours, one of lm-eval's registry, or a YAML file."""

from __future__ import annotations

from pathlib import Path

from orca_eval.benchmarks.load import find_spec, load_benchmark
from orca_eval.benchmarks.registry_tasks import (
    PREFIX,
    find_file,
    is_file_name,
    load_registry_task,
)
from orca_eval.benchmarks.specs import read_specs
from orca_eval.benchmarks.types import Benchmark
from orca_eval.errors import InputError


def load_named(
    name: str,
    data_root: Path | None,
    limit: int | None = None,
    seed: int = 0,
    quickstart: bool = False,
    allow_code: bool = False,
) -> Benchmark:
    """Our benchmark of that id; else lm-eval's task of that name, or the task YAML at that path.

    `lm_eval:NAME` means lm-eval's own where both have the name (gsm8k, drop, …).

    Raises:
        InputError: neither knows it (the nearest of our ids are named), or it can't be loaded.
    """
    if name in read_specs():
        return load_benchmark(name, data_root, limit, seed, quickstart)
    foreign = name.removeprefix(PREFIX)
    if quickstart:
        raise InputError(
            f"quickstart has no items for {name}; name it as the suite: suite={name}, with "
            "data.root=DIR for a local copy"
        )
    if not is_file_name(foreign):
        try:
            find_file(foreign)
        except InputError:
            if name == foreign:
                find_spec(name)  # raises with the nearest ids
            raise
    benchmark = load_registry_task(foreign, data_root, allow_code, limit, seed)
    for task in benchmark.tasks:
        if not task.docs:
            raise InputError(f"{name}: the split of {task.name} is empty; fetch its data again")
    return benchmark
