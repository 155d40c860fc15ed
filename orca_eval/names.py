"""How benchmarks are called in print, by their task files; one without a file here, by its id."""

from orca_eval.benchmarks.specs import read_specs


def display(name: str) -> str:
    """The name shown for a benchmark's id."""
    spec = read_specs().get(name)
    return spec.alias if spec else name


def ids_by_display() -> dict[str, str]:
    """The ids of our own benchmarks by the names shown for them."""
    return {spec.alias: name for name, spec in read_specs().items()}


def task_name(task: str) -> str:
    """`mmlu/anatomy` → `anatomy`."""
    return task.rsplit("/", 1)[-1]
