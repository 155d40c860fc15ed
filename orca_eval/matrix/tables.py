"""The matrix as tables: scores by strategy, what choosing is worth, its price, what own does."""

from collections.abc import Iterator, Mapping, Sequence

from orca_eval.matrix.behaviour import SHOWN, shares
from orca_eval.matrix.ways import CAUTIOUS, Matrix
from orca_eval.matrix.worth import Worth, worths
from orca_eval.names import task_name
from orca_eval.report.board import Board
from orca_eval.report.cells import Value, change, count, figure, percent, scored
from orca_eval.results.run import Run
from orca_eval.results.samples import read_samples
from orca_eval.stats import Interval
from orca_eval.stats.choosing import CEILINGS, TaskWays, choosing
from orca_eval.tables.table import Cell, Column, Row, Table, columns, ranked

TOO_FEW = "too few documents or passages to judge a choice on: 20 in all, 3 in each task"
NO_FLOOR = "scores are not right or wrong"
NO_MORE = "no more tokens than direct, or direct did not run"
OF_CHOICE = (
    "best for all, best per task: chosen on one half of the documents, judged on the other, over "
    "200 splits. best per document: by hindsight; by chance is what equally good strategies would "
    "reach there. As chosen: the best per task on the documents that it was chosen on, which is "
    "too high."
)
OF_TASKS = (
    "best: on all documents of the task, the first of several; judged: chosen on one half of them "
    "and judged on the other."
)
OF_REGRET = (
    "Points that the ceiling scores above this way, paired by document, with 95 % intervals."
)
OF_PRICE = (
    "gained / 1,000: points over direct for each 1,000 tokens more than direct takes. ◂: the "
    "cheapest within one point of the best."
)
OF_OWN = "By rules on the reply's text; they agree with a reader on nine replies of ten."
NAMES = {"single": "best for all", "per_task": "best per task", "per_item": "best per document"}


def matrix_tables(board: Board, matrix: Matrix) -> list[Table]:
    """All tables of a model's matrix."""
    found = worths(matrix)
    own = [matrix.runs[way] for way in matrix.alone]
    return [
        _scores(board, matrix, found),
        _ceilings(board, matrix, found),
        _regrets(board, matrix, found),
        _prices(board, matrix, found),
        _chosen(board, matrix, found),
        *([_left_alone(board, matrix, own)] if own else []),
    ]


def _table(
    matrix: Matrix,
    name: str,
    title: str,
    head: str,
    cols: Sequence[Column],
    rows: Sequence[Row],
    *remarks: str,
) -> Table:
    extents = dict.fromkeys(run.extent for run in matrix.runs if run.extent)
    title = f"{matrix.model}: {title}"
    return Table(
        f"strategies_{name}_{matrix.model}",
        title,
        head,
        tuple(cols),
        tuple(rows),
        (*remarks, *extents),
    )


def _scores(board: Board, matrix: Matrix, found: Mapping[str, Worth]) -> Table:
    """A row per average, benchmark and task; a column per way."""
    rows = []
    for group in found:
        measure = board.measure(group)
        whole = [run.average(group) or run.benchmark(group) for run in matrix.runs]
        cells = tuple(scored(Value.of(row, measure)) for row in whole)
        rows.append(Row(board.name(group), cells, "measured"))
        tasks = [task for name, task in matrix.parts if name == group]
        for task in tasks if len(tasks) > 1 else ():
            scores = [run.tasks(group).get(task) for run in matrix.runs]
            cells = tuple(scored(Value.of(score, measure)) for score in scores)
            rows.append(Row(f"{board.name(group)}: {task_name(task)}", cells))
    cols = columns(*matrix.names)
    best = [_best_of(row) for row in rows]
    return _table(matrix, "scores", "score by strategy", "task", cols, best)


def _best_of(row: Row) -> Row:
    """The row with its best cells marked."""
    turned = [Row("", (cell,)) for cell in row.cells]
    cells = tuple(each.cells[0] for each in ranked(turned))
    return Row(row.label, cells, row.kind, row.notes)


def _ceilings(board: Board, matrix: Matrix, found: Mapping[str, Worth]) -> Table:
    cols = [
        Column("n", "n", gives_way=1),
        Column("single", "best for all"),
        Column("name", "which", text=True, gives_way=3),
        Column("per_task", "best per task"),
        Column("gain", "gain per task"),
        Column("per_item", "best per document"),
        Column("floor", "by chance"),
        Column("naive", "as chosen", gives_way=2),
    ]
    rows = []
    for group, worth in found.items():
        some = worth.choosing
        cells = [count(worth.documents)]
        single, task = (
            None if some is None else some.ceiling(name) for name in ("single", "per_task")
        )
        cells += [_interval(single), Cell(matrix.names[worth.single]), _interval(task)]
        cells.append(_interval(None if some is None else some.gain()))
        cells.append(figure(100 * worth.per_item))
        cells.append(figure(percent(worth.floor), missing=NO_FLOOR))
        cells.append(figure(None if some is None else 100 * some.naive))
        rows.append(Row(board.name(group), tuple(cells)))
    return _table(matrix, "ceilings", "what choosing is worth", "score", cols, rows, OF_CHOICE)


def _regrets(board: Board, matrix: Matrix, found: Mapping[str, Worth]) -> Table:
    """A row per score and way of leaving the model to itself."""
    cols = columns("way", *NAMES.values(), text=("way",))
    alone = sorted(matrix.alone, key=lambda way: matrix.runs[way].prompt == CAUTIOUS)
    rows = []
    for group, worth in found.items():
        for way in alone:
            some = worth.choosing
            cells = [
                _interval(None if some is None else some.regret(name, way)) for name in CEILINGS
            ]
            label = f"own, prompt {matrix.runs[way].prompt}"
            rows.append(Row(board.name(group), (Cell(label), *cells)))
    return _table(matrix, "regret", "regret", "score", cols, rows, OF_REGRET)


def _prices(board: Board, matrix: Matrix, found: Mapping[str, Worth]) -> Table:
    cols = [
        Column("way", "way", text=True),
        Column("score", "score"),
        Column("out", "tokens out"),
        Column("cut", "cut off, %", gives_way=1),
        Column("gained", "gained / 1,000"),
    ]
    rows = []
    for group, worth in found.items():
        cheapest = worth.cheapest()
        lines = zip(matrix.names, worth.tokens(), worth.per_thousand(), strict=True)
        for way, (name, tokens, gained) in enumerate(lines):
            shown = f"{name} ◂" if way == cheapest else name
            cells = (
                Cell(shown),
                figure(100 * float(worth.scores[way])),
                figure(tokens, 1),
                figure(percent(_cut(matrix.runs[way], matrix.groups[group])), 1),
                Cell(notes=(NO_MORE,)) if gained is None else change(gained, 1),
            )
            rows.append(Row(board.name(group), cells))
    return _table(matrix, "prices", "what it costs", "score", cols, rows, OF_PRICE)


def _cut(run: Run, benchmarks: Sequence[str]) -> float | None:
    """The share of replies that broke off, every benchmark alike."""
    rows = [run.benchmark(name) for name in benchmarks]
    rates = [row.truncation_rate for row in rows if row and row.truncation_rate is not None]
    return sum(rates) / len(rates) if rates else None


def _chosen(board: Board, matrix: Matrix, found: Mapping[str, Worth]) -> Table:
    """A row per task: the way that is best on all of its documents."""
    rows = []
    for name in matrix.kinds:
        for key, way in found[name].chosen.items():
            scores = matrix.parts[key].scores
            label = board.name(name)
            if len(found[name].tasks) > 1:
                label = f"{label}: {task_name(key[1])}"
            mean = scores.mean(axis=0)
            alike = int((mean >= mean.max() - 1e-12).sum()) - 1
            judged = choosing([TaskWays(scores, matrix.parts[key].units, 1.0)])
            cells = (
                count(len(scores)),
                Cell(matrix.names[way]),
                figure(100 * float(mean[way])),
                count(alike),
                _interval(None if judged is None else judged.ceiling("per_task")),
            )
            rows.append(Row(label, cells))
    cols = columns("n", "best", "score", "others as good", "judged", text=("best",))
    title = "the best strategy for each task"
    return _table(matrix, "by_task", title, "task", cols, rows, OF_TASKS)


def _left_alone(board: Board, matrix: Matrix, runs: Sequence[Run]) -> Table:
    cols = columns("prompt", *SHOWN.values(), text=("prompt",))
    rows = []
    for run in runs:
        for name, replies in _replies(run):
            part = shares(replies)
            cells = [figure(100 * part[kind], 1) for kind in SHOWN]
            rows.append(Row(board.name(name), (Cell(run.prompt), *cells)))
    title = "what the model did when left alone, % of replies"
    return _table(matrix, "own", title, "benchmark", cols, rows, OF_OWN)


def _replies(run: Run) -> Iterator[tuple[str, list[str]]]:
    """The replies to each benchmark's documents."""
    frame = read_samples(run.samples_path, ["benchmark", "response"]).to_pandas()
    for name, part in frame.groupby("benchmark", sort=False, observed=True):
        yield str(name), list(part["response"])


def _interval(found: Interval | None) -> Cell:
    """A score or a difference with its interval, in points."""
    if found is None:
        return Cell(notes=(TOO_FEW,))
    cell = figure(100 * found.estimate)
    return Cell(
        cell.text.replace("-", "\N{MINUS SIGN}"),
        cell.value,
        100 * found.low,
        100 * found.high,
        show_interval=True,
    )
