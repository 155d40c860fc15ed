"""All that tables and plots are made of: scores in their columns, averages, improvements."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from orca_eval.numbers import improvement
from orca_eval.report.align import Columns
from orca_eval.report.cells import ZERO_BASELINE, Value
from orca_eval.report.paired import compare, doc_scores
from orca_eval.results.aggregate import ScoreRow
from orca_eval.results.published import PublishedModel, published_models
from orca_eval.results.run import Run
from orca_eval.results.typed_scores import find_model
from orca_eval.stats import PairedDraws, average_draws
from orca_eval.types import Measure

NOT_BOTH = "no document graded in both runs"
GRADED_IN_BOTH = "over the documents that both runs have graded"
ALIKE = 1e-6  # percent; further apart, the two sides are not of the same documents
UNBOUNDED = "no interval: too few documents to bound a ratio"


@dataclass(frozen=True, slots=True)
class Group:
    """Benchmarks that stand in one table, and the name of their average if they have one."""

    name: str
    benchmarks: tuple[str, ...]
    average: str | None = None

    def columns(self) -> tuple[str, ...]:
        """The group's columns: benchmarks by id, then the average by name."""
        return (*self.benchmarks, *((self.average,) if self.average else ()))

    def published(self, model: PublishedModel, key: str) -> Fraction | None:
        """What was printed of the model for a column."""
        return model.average(self.benchmarks) if key == self.average else model.scores.get(key)


@dataclass(frozen=True, slots=True)
class Board:
    """`values` and `changes` by (run label, column); a column is a benchmark's id or an average.

    `baseline` is a measured run's label or a published model's name. `published` rows are there
    where the runs are full, and empty otherwise.
    """

    runs: tuple[Run, ...]
    columns: Columns
    groups: tuple[Group, ...]
    values: Mapping[tuple[str, str], Value]
    baseline: str | None
    changes: Mapping[tuple[str, str], Value]
    published: tuple[PublishedModel, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The runs' labels, in order."""
        return tuple(run.label for run in self.runs)

    def compared(self) -> tuple[Run, ...]:
        """The runs that are not the baseline."""
        return tuple(run for run in self.runs if run.label != self.baseline)

    def ran(self) -> list[str]:
        """The benchmarks that some run has, in the tables' order."""
        members = (name for group in self.groups for name in group.benchmarks)
        return [name for name in members if name in self.columns.benchmarks]

    def tasks(self, benchmark: str) -> dict[str, dict[str, ScoreRow]]:
        """The tasks' scores by run, of the runs whose score is in the benchmark's column."""
        tasks: dict[str, dict[str, ScoreRow]] = {}
        for run in self.runs:
            if not self.columns.why_not(run, benchmark):
                for task, score in run.tasks(benchmark).items():
                    tasks.setdefault(task, {})[run.label] = score
        return tasks

    def slices(self, benchmark: str) -> dict[tuple[str, str], dict[str, dict[str, ScoreRow]]]:
        """By task and by what tells them apart, the slices' scores by run, of the column's runs."""
        found: dict[tuple[str, str], dict[str, dict[str, ScoreRow]]] = {}
        for run in self.runs:
            rows = [] if self.columns.why_not(run, benchmark) else run.slices
            for row in (row for row in rows if row.benchmark == benchmark):
                what, _, name = row.slice.partition(": ")
                found.setdefault((row.task, what), {}).setdefault(name, {})[run.label] = row
        return found

    @property
    def measured_baseline(self) -> str | None:
        """The baseline's label where it is one of the runs."""
        return self.baseline if self.baseline in self.labels else None

    def averages(self) -> Iterator[tuple[Group, str]]:
        """The groups that have an average, with its name."""
        for group in self.groups:
            if group.average:
                yield group, group.average

    def is_average(self, key: str) -> bool:
        """Whether the column is an average."""
        return any(key == group.average for group in self.groups)

    def name(self, key: str) -> str:
        """How the column is called."""
        return key if self.is_average(key) else self.columns.alias(key)

    def measure(self, column: str) -> Measure:
        """What the column's scores mean; an average's benchmarks are alike."""
        members = next((g.benchmarks for g in self.groups if g.average == column), (column,))
        return self.columns.measure(members[0])

    def on_scale(self, label: str, column: str) -> Value:
        """A score as a percentage of its scale, for a plot."""
        return self.values[label, column].on_scale(self.measure(column))

    @property
    def axis(self) -> str:
        """What the percentages of a plot are."""
        shares = all(self.measure(name).unit == "%" for name in self.columns.benchmarks)
        return "accuracy, %" if shares else "accuracy, or place on the scale, %"

    def plotted(self, column: str) -> str:
        """How the column is called in a plot, with the scale that its percentage is of."""
        measure = self.measure(column)
        scale = "" if measure.in_percent else f" ({measure.low:g}–{measure.high:g})"
        return self.name(column) + scale + (" ↓" if measure.better == "lower" else "")


def build_board(runs: Sequence[Run], baseline: str | None) -> Board:
    """Read what the runs have and compare them with `baseline`.

    Raises:
        InputError: `baseline` is neither a run's label nor a published model.
    """
    over = _find_baseline(runs, baseline)
    measured = next((run for run in runs if run.label == over), None)
    columns = Columns(runs, measured)
    groups = _groups(runs, columns)
    members = {group.average: group.benchmarks for group in groups if group.average}
    places = [(run, group, key) for run in runs for group in groups for key in group.columns()]
    values = {
        (run.label, key): _value(columns, run, key, members.get(key)) for run, _, key in places
    }
    changes: dict[tuple[str, str], Value] = {}
    if measured is not None:
        changes = _measured_changes(columns, measured, groups, values)
    elif over is not None:
        model = published_models()[over]
        changes = {
            (run.label, key): _against_published(
                run,
                values[run.label, key],
                model,
                group.published(model, key),
                columns.measure(members.get(key, (key,))[0]),
            )
            for run, group, key in places
        }
    known = {benchmark for model in published_models().values() for benchmark in model.scores}
    shown = all(run.full for run in runs) and not known.isdisjoint(columns.benchmarks)
    return Board(
        runs=tuple(runs),
        columns=columns,
        groups=groups,
        values=values,
        baseline=over,
        changes=changes,
        published=tuple(published_models().values()) if shown else (),
    )


def _find_baseline(runs: Sequence[Run], baseline: str | None) -> str | None:
    if baseline is None:
        return None
    labels = [run.label for run in runs]
    alone = [run.label for run in runs if baseline in (run.model, str(run.folder))]
    if baseline not in labels and len(alone) == 1:
        return alone[0]
    return find_model(baseline, [*labels, *published_models()], "runs or the published models")


def _groups(runs: Sequence[Run], columns: Columns) -> tuple[Group, ...]:
    averages = {name: members for run in runs for name, members in run.averages.items()}
    groups = [
        Group(name.rsplit(" (", 1)[0].removesuffix(" average"), members, name)
        for name, members in averages.items()
        if any(member in columns.benchmarks for member in members)
    ]
    placed = {member for group in groups for member in group.benchmarks}
    left: dict[str, list[str]] = {}
    for name in columns.benchmarks:
        if name not in placed:
            left.setdefault(columns.reference(name).presentation.heading, []).append(name)
    groups += (Group(heading, tuple(members)) for heading, members in left.items())
    return tuple(groups)


def _value(columns: Columns, run: Run, key: str, members: Sequence[str] | None) -> Value:
    """A benchmark's score, or the average of `members`."""
    if members is None:
        reason, score = columns.why_not(run, key), run.benchmark(key)
    else:
        reason, score = columns.why_no_average(run, key, members), run.average(key)
    measure = columns.measure(members[0] if members else key)
    return Value(note=reason) if reason else Value.of(score, measure)


def _measured_changes(
    columns: Columns,
    baseline: Run,
    groups: Sequence[Group],
    values: Mapping[tuple[str, str], Value],
) -> dict[tuple[str, str], Value]:
    """Paired on the same documents: the columns hold no others."""
    changes: dict[tuple[str, str], Value] = {}
    base = doc_scores(baseline)
    members = {group.average: group.benchmarks[0] for group in groups if group.average}
    for run in columns.runs:
        if run is baseline:
            continue
        mine = doc_scores(run)
        draws: dict[str, PairedDraws | None] = {}
        for group in groups:
            for key in group.columns():
                sides = values[run.label, key], values[baseline.label, key]
                if note := _missing(*sides, baseline):
                    changes[run.label, key] = Value(note=note)
                    continue
                if key == group.average:
                    parts = [found for name in group.benchmarks if (found := draws[name])]
                    whole = len(parts) == len(group.benchmarks)
                    draws[key] = average_draws(parts) if whole else None
                else:
                    kind = columns.reference(key).aggregate
                    draws[key] = compare(base[key], mine[key], kind, columns.measure(key))
                found, measure = draws[key], columns.measure(members.get(key, key))
                change = _change(*sides, found, measure) if found else Value(note=NOT_BOTH)
                changes[run.label, key] = change
    return changes


def _missing(score: Value, base: Value, baseline: Run) -> str:
    """Which side has no score, and why; empty where both have one."""
    theirs = f"{baseline.label}: {base.note}" if base.note else ""
    return "; ".join(part for part in (score.note, theirs) if part)


def _change(score: Value, base: Value, draws: PairedDraws | None, measure: Measure) -> Value:
    if score.number is None or base.number is None:
        return Value(note=score.note or base.note)
    ratio, note = improvement(score.number, base.number), ""
    if ratio is None:
        return Value(note=ZERO_BASELINE)
    paired = draws.improvement if draws else None
    if paired is not None and abs(paired - ratio) > ALIKE:
        ratio, note = paired, GRADED_IN_BOTH
    interval = draws.interval() if draws else None
    if interval is None:
        return Value(number=measure.gain(ratio), note=note or (UNBOUNDED if draws else ""))
    low, high = sorted(end for end in map(measure.gain, interval) if end is not None)
    return Value(number=measure.gain(ratio), low=low, high=high, note=note)


def _against_published(
    run: Run, value: Value, baseline: PublishedModel, figure: Fraction | None, measure: Measure
) -> Value:
    if value.number is not None and not run.full:
        return Value(note=f"{run.extent}: not compared with published figures")
    if figure is None:
        return Value(note=f"{baseline.label}: not published")
    return _change(value, Value(number=float(figure)), None, measure)
