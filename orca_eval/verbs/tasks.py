"""orca-eval tasks."""

from __future__ import annotations

import yaml
from rich.box import SIMPLE_HEAD
from rich.table import Table

from orca_eval.benchmarks.load import list_benchmarks
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import data_root
from orca_eval.paths import CONF
from orca_eval.screen import screen

AT_HAND = {True: "yes", False: "missing", None: "on the hub"}
AVERAGES = {"pooled": "all items", "mean_of_tasks": "mean of task means"}


def main(overrides: list[str]) -> int:
    """Prints suites and benchmarks; exit code 0."""
    root = data_root(compose_verb("tasks", overrides))
    console = screen()
    table = Table(box=SIMPLE_HEAD)
    for name in ("benchmark", "id", "tasks", "rows", "left out", "score", "data", "at hand"):
        table.add_column(name, justify="right" if name in ("tasks", "rows", "left out") else "left")
    for item in list_benchmarks(root):
        table.add_row(
            item.alias,
            item.id,
            str(len(item.tasks)),
            f"{item.rows:,}",
            str(item.excluded or ""),
            AVERAGES[item.aggregate],
            item.source,
            AT_HAND[item.at_hand],
        )
    console.print(table)
    console.print("  suites:", style="bold")
    for path in sorted((CONF / "suite").glob("*.yaml")):
        suite = yaml.safe_load(path.read_text("utf-8"))
        if path.stem != "custom":
            console.print(f"  {path.stem}: {', '.join(suite['benchmarks'])}")
    return 0
