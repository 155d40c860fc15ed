"""orca-eval tasks."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from orca_eval.benchmarks.load import at_hand, shown_source
from orca_eval.benchmarks.specs import known_specs
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import sources
from orca_eval.config.overrides import own_folder
from orca_eval.outcome import Outcome
from orca_eval.paths import CONF
from orca_eval.screen import paragraph, screen
from orca_eval.tables.screen import show
from orca_eval.tables.table import Table, columns, text_row

COLUMNS = ("id", "tasks", "rows", "left out", "score", "data", "at hand")
AT_HAND = {True: "yes", False: "missing", None: "on the hub"}
AVERAGES = {"pooled": "all items", "mean_of_tasks": "mean of task means"}


def main(overrides: list[str]) -> Outcome:
    """Prints suites and benchmarks."""
    composed = compose_verb("tasks", overrides)
    given = sources(composed)
    own = own_folder(composed["conf"]["path"])
    benchmarks = [
        {
            "id": spec.id,
            "alias": spec.alias,
            "tasks": sorted(task.name for task in spec.tasks),
            "rows": sum(task.rows for task in spec.tasks),
            "left_out": sum(map(len, spec.excluded.values())),
            "aggregate": spec.aggregate,
            "source": shown_source(spec),
            "at_hand": at_hand(spec, given.data.root),
        }
        for spec in known_specs(given.tasks.path, given.allow_code).values()
    ]
    suites = {
        path.stem: yaml.safe_load(path.read_text("utf-8"))["benchmarks"]
        for path in sorted(p for place in (CONF, own) if place for p in place.glob("suite/*.yaml"))
        if path.stem != "custom"
    }
    _print(benchmarks, suites)
    return Outcome({"benchmarks": benchmarks, "suites": suites})


def _print(benchmarks: Sequence[Mapping[str, Any]], suites: Mapping[str, Sequence[str]]) -> None:
    console = screen()
    table = Table(
        name="tasks",
        title="",
        head="benchmark",
        columns=columns(
            *COLUMNS,
            text=set(COLUMNS) - {"tasks", "rows", "left out"},
            giving_way=(["score"], ["data"], ["left out"], ["tasks", "rows"]),
        ),
        rows=tuple(
            text_row(
                told["alias"],
                told["id"],
                str(len(told["tasks"])),
                f"{told['rows']:,}",
                str(told["left_out"] or ""),
                AVERAGES[told["aggregate"]],
                told["source"],
                AT_HAND[told["at_hand"]],
            )
            for told in benchmarks
        ),
    )
    show(console, table)
    console.print()
    paragraph(console, "suites:", "bold")
    for name, members in suites.items():
        paragraph(console, f"{name}: {', '.join(members)}")
