"""orca-eval tasks."""

import yaml

from orca_eval.benchmarks.load import at_hand, shown_source
from orca_eval.benchmarks.specs import known_specs
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import sources
from orca_eval.config.overrides import own_folder
from orca_eval.paths import CONF
from orca_eval.screen import paragraph, screen
from orca_eval.tables.screen import show
from orca_eval.tables.table import Table, columns, text_row

COLUMNS = ("id", "tasks", "rows", "left out", "score", "data", "at hand")
AT_HAND = {True: "yes", False: "missing", None: "on the hub"}
AVERAGES = {"pooled": "all items", "mean_of_tasks": "mean of task means"}


def main(overrides: list[str]) -> int:
    """Prints suites and benchmarks; exit code 0."""
    composed = compose_verb("tasks", overrides)
    given = sources(composed)
    own = own_folder(composed["conf"]["path"])
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
                spec.alias,
                spec.id,
                str(len(spec.tasks)),
                f"{sum(task.rows for task in spec.tasks):,}",
                str(sum(map(len, spec.excluded.values())) or ""),
                AVERAGES[spec.aggregate],
                shown_source(spec),
                AT_HAND[at_hand(spec, given.data.root)],
            )
            for spec in known_specs(given.tasks.path, given.allow_code).values()
        ),
    )
    show(console, table)
    console.print()
    paragraph(console, "suites:", "bold")
    for path in sorted(p for place in (CONF, own) if place for p in place.glob("suite/*.yaml")):
        suite = yaml.safe_load(path.read_text("utf-8"))
        if path.stem != "custom":
            paragraph(console, f"{path.stem}: {', '.join(suite['benchmarks'])}")
    return 0
