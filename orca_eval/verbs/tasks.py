"""orca-eval tasks."""

import yaml

from orca_eval.benchmarks.load import list_benchmarks
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import data_root
from orca_eval.paths import CONF
from orca_eval.screen import screen
from orca_eval.tables.screen import show
from orca_eval.tables.table import Table, columns, text_row

COLUMNS = ("id", "tasks", "rows", "left out", "score", "data", "at hand")
AT_HAND = {True: "yes", False: "missing", None: "on the hub"}
AVERAGES = {"pooled": "all items", "mean_of_tasks": "mean of task means"}


def main(overrides: list[str]) -> int:
    """Prints suites and benchmarks; exit code 0."""
    root = data_root(compose_verb("tasks", overrides))
    console = screen()
    table = Table(
        name="tasks",
        title="",
        head="benchmark",
        columns=columns(*COLUMNS, text=set(COLUMNS) - {"tasks", "rows", "left out"}),
        rows=tuple(
            text_row(
                item.alias,
                item.id,
                str(len(item.tasks)),
                f"{item.rows:,}",
                str(item.excluded or ""),
                AVERAGES[item.aggregate],
                item.source,
                AT_HAND[item.at_hand],
            )
            for item in list_benchmarks(root)
        ),
    )
    show(console, table)
    console.print("  suites:", style="bold")
    for path in sorted((CONF / "suite").glob("*.yaml")):
        suite = yaml.safe_load(path.read_text("utf-8"))
        if path.stem != "custom":
            console.print(f"  {path.stem}: {', '.join(suite['benchmarks'])}")
    return 0
