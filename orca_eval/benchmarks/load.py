"""A benchmark's id → its tasks with docs, from a local copy, the hub, or the packed quickstart."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import orjson

from orca_eval.benchmarks.hub import hub_rows
from orca_eval.benchmarks.items import Item, item_rows, options_of
from orca_eval.benchmarks.rows import (
    Batch,
    MissingData,
    RawRow,
    local_files,
    local_rows,
    readme_text,
)
from orca_eval.benchmarks.sampling import sample
from orca_eval.benchmarks.specs import BenchmarkSpec, Source, Specs, TaskSpec, read_specs
from orca_eval.benchmarks.types import Benchmark, Task
from orca_eval.config.nearest import nearest
from orca_eval.errors import InputError, OrcaEvalError
from orca_eval.paths import CONF, QUICKSTART_DATA
from orca_eval.scoring import GoldError, check_golds
from orca_eval.types import Doc, Message

HASH_CHARS = 16

# A local copy says in its README's first paragraph how it differs from the original. Dataset cards
# from the hub are long and differ in shape, so only a short paragraph with such a word counts.
CAVEAT = re.compile(r"\b(?:copy|rebuilt|reformatted|differs?|reconstructed|shuffles?d?)\b")
CAVEAT_CHARS = 500


def load_benchmark(
    benchmark_id: str,
    data_root: Path | None,
    limit: int | None = None,
    seed: int = 0,
    quickstart: bool = False,
    known: Specs | None = None,
) -> Benchmark:
    """The benchmark with its docs ready to be asked.

    Args:
        benchmark_id: "mmlu", "arc_easy", …, or one task of it, "mmlu/anatomy".
        data_root: a folder laid out as on the hub; None reads from the hub.
        limit: docs per task, a seeded nested sample; None takes all.
        seed: draws the sample.
        quickstart: reads the packed items instead; tasks without items are left out.
        known: the benchmarks by id; None takes ours.

    Raises:
        InputError: unknown id, missing or unreadable data, a gold that does not parse.
    """
    spec = find_spec(benchmark_id, known)
    root = QUICKSTART_DATA if quickstart else data_root
    source = "hub" if root is None else "quickstart" if quickstart else str(root)
    frame = Benchmark(
        *(spec.id, spec.alias, spec.aggregate, (), "", source),
        measure=spec.measure,
        roles=spec.roles,
        presentation=spec.presentation,
    )
    benchmark = assembled(frame, _tasks(spec, root, quickstart), limit, seed, spec.made_by)
    if not benchmark.tasks:
        raise no_items(benchmark_id)
    footnotes = _footnotes(spec, benchmark.tasks, root, quickstart)
    return replace(benchmark, footnotes=tuple(footnotes))


def assembled(
    frame: Benchmark, tasks: Iterable[Task], limit: int | None, seed: int, made_by: str = ""
) -> Benchmark:
    """`frame` with the hashes of the tasks' whole splits, and the docs that `limit` leaves of them.

    `made_by` names what makes docs of the data, where it is not part of this package.
    """
    rows, content, kept = [], sha256(made_by.encode()), []
    for task in tasks:
        for doc in task.docs:
            rows.append(f"{doc.task} {doc.doc_id} {doc.doc_hash}")
            content.update(_json(_told(doc)))
        kept.append(replace(task, docs=sample(task.docs, limit, seed)))
    return replace(
        frame,
        tasks=tuple(kept),
        data_sha256=sha256("\n".join(rows).encode()).hexdigest(),
        content_sha256=content.hexdigest(),
    )


def _tasks(spec: BenchmarkSpec, root: Path | None, quickstart: bool) -> Iterator[Task]:
    """The benchmark's tasks with all their docs."""
    for task in spec.tasks:
        batches, beside = rows_of(root, task.source), []
        excluded = {} if quickstart else spec.excluded.get(task.name, {})
        try:
            for source in task.beside:
                beside.append([row for rows, _ in rows_of(root, source) for row in rows])
                if not beside[-1]:
                    raise _empty(spec, task, source)
            docs = tuple(_docs(spec.id, task, batches, excluded, beside))
        except MissingData:
            if quickstart:
                continue
            raise
        if not docs:
            raise _empty(spec, task, task.source)
        published = None if quickstart else task.rows
        rows = len({doc.doc_id for doc in docs}) + len(excluded)
        own = task.score
        yield Task(task.name, task.version, docs, rows, published, excluded, own, task.ask)


def _empty(spec: BenchmarkSpec, task: TaskSpec, source: Source) -> InputError:
    where = spec.id if task.name == spec.id else f"{spec.id}/{task.name}"
    return InputError(f"{where}: the split is empty; fetch {source.csv or source.dataset} again")


def rows_of(root: Path | None, source: Source) -> Iterator[Batch]:
    """A source's rows in batches, below a folder or from the hub."""
    left = sys.maxsize if source.first is None else source.first
    for rows, origin in hub_rows(source) if root is None else local_rows(root, source):
        yield rows[:left], origin
        left -= len(rows)
        if left <= 0:
            return


def no_items(name: str) -> InputError:
    """The line for a benchmark that the quickstart has no items for."""
    return InputError(
        f"quickstart has no items for {name}; name it as the suite: suite={name}, with "
        "data.root=DIR for a local copy"
    )


def find_spec(name: str, known: Specs | None = None) -> BenchmarkSpec:
    """The benchmark of that id; `mmlu/anatomy` is one task of it, as a benchmark of that name.

    Raises:
        InputError: there is none; it names the nearest.
    """
    specs = known or read_specs()
    benchmark_id, _, task = name.partition("/")
    if benchmark_id not in specs:
        suites = [file.stem for file in CONF.glob("suite/*.yaml")]
        if name in suites:
            raise InputError(f"{name} is a suite, no benchmark; write suite={name}")
        near = nearest(name, [*specs, *suites]) or list(specs)
        raise InputError(
            f"no benchmark {name}; nearest: {', '.join(near)}; one of your own lies in "
            f"tasks.path=DIR as DIR/NAME/NAME.yaml, a suite in conf.path=DIR as DIR/suite/NAME.yaml"
        )
    return _part(specs[benchmark_id], task) if task else specs[benchmark_id]


def _part(spec: BenchmarkSpec, task: str) -> BenchmarkSpec:
    """One task alone. Its name is never the benchmark's: its score is not the benchmark's."""
    parts = {each.name: each for each in spec.tasks}
    if task not in parts:
        near = ", ".join(f"{spec.id}/{name}" for name in nearest(task, parts) or sorted(parts))
        raise InputError(f"{spec.id} has no task {task}; nearest: {near}")
    name = f"{spec.id}/{task}"
    alone = replace(spec.presentation, categories={})
    return replace(
        spec, id=name, alias=name, aggregate="pooled", tasks=(parts[task],), presentation=alone
    )


def sample_indices(benchmark: Benchmark) -> dict[str, list[int]]:
    """The docs' row numbers by lm-eval's task names, for `lm_eval --samples`."""
    group = benchmark.presentation.name

    def name(task: Task) -> str:
        if task.name == benchmark.id:
            return group
        return f"{group}::{task.name}" if group else task.name  # lm-eval's own has no group

    return {
        name(task): [place_in_lm_eval(task, doc) for doc in task.docs] for task in benchmark.tasks
    }


def place_in_lm_eval(task: Task, doc: Doc) -> int:
    """The doc's number in lm-eval, where every order of an item is a doc of its own."""
    return doc.doc_id * task.orders + doc.order


def _docs(
    benchmark: str,
    task: TaskSpec,
    batches: Iterable[Batch],
    excluded: Mapping[int, str],
    beside: Sequence[Sequence[RawRow]],
) -> Iterator[Doc]:
    doc_id = -1
    for rows, origin in batches:
        try:
            items = task.process_docs(rows, *beside)
            for row, item, order in item_rows(rows, items):
                doc_id += order == 0
                if doc_id not in excluded:
                    yield _doc(benchmark, task, doc_id, row, item, order)
        except OrcaEvalError:
            raise
        except KeyError as error:
            raise InputError(f"{origin}: column {error} is missing; fetch it again") from error
        except Exception as error:  # whatever a task's function meets in the rows
            said = " ".join(str(error).split())[:200] or type(error).__name__
            raise InputError(
                f"{origin}: the rows are not of {benchmark}'s shape ({said}); fetch them again"
            ) from error


def _doc(benchmark: str, task: TaskSpec, doc_id: int, row: RawRow, item: Item, order: int) -> Doc:
    options = options_of(item)
    try:
        if task.score is None:
            check_golds(item["kind"], item["golds"], options)
    except GoldError as error:
        raise InputError(
            f"{benchmark}/{task.name} doc {doc_id}: the gold does not parse ({error}); correct the "
            f"data or list the row with its reason in excluded.yaml beside the task's file"
        ) from error
    return Doc(
        benchmark=benchmark,
        task=task.name,
        doc_id=doc_id,
        doc_hash=row_hash(row),
        messages=(Message(role="user", content=item["prompt"]),),
        kind=item["kind"],
        golds=tuple(tuple(gold) for gold in item["golds"]),
        options=options,
        cluster=item["cluster"],
        stratum=item["stratum"],
        extra=item.get("extra"),
        order=order,
        slices=item.get("slices"),
    )


def row_hash(row: RawRow) -> str:
    """The head of a sha256 over the raw row's content, whatever the order of its columns."""
    return sha256(_json(row)).hexdigest()[:HASH_CHARS]


def _told(doc: Doc) -> list[object]:
    """A doc's values without the last ones that say nothing: later fields keep older hashes."""
    values: list[object] = list(doc)
    while values[-1] in (None, 0, {}):
        values.pop()
    return values


def _json(value: object) -> bytes:
    """A row's or a doc's bytes for a hash: all that is asked and counts as right."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # lone surrogates, integers beyond 64 bits
        return json.dumps(value, sort_keys=True, default=str).encode()


def _footnotes(
    spec: BenchmarkSpec, tasks: Iterable[Task], root: Path | None, quickstart: bool
) -> Iterable[str]:
    if quickstart:  # the run as a whole is labelled
        return
    for task in tasks:
        if task.published_rows not in (None, task.rows):
            yield f"{spec.alias}/{task.name}: {task.rows} rows, {task.published_rows} published"
    if root is not None:
        for dataset in dict.fromkeys(task.source.csv or task.source.dataset for task in spec.tasks):
            folder = (root / dataset).parent if dataset.endswith(".csv") else root / dataset
            if (text := caveat(folder / "README.md")) is not None:
                yield f"{spec.alias}: {text}"


def caveat(readme: Path) -> str | None:
    """What a local copy's README says about its difference from the original, None if nothing."""
    try:
        text = readme_text(readme)
    except OSError:  # there is none
        return None
    body = text.replace("\r\n", "\n").rpartition("---\n")[2]
    paragraphs = (" ".join(part.split()) for part in body.split("\n\n"))
    first = next((text for text in paragraphs if text and not text.startswith("#")), "")
    return first if len(first) <= CAVEAT_CHARS and CAVEAT.search(first) else None


def shown_source(spec: BenchmarkSpec) -> str:
    """The first of its datasets, and whether there are more."""
    sources = [task.source for task in spec.tasks]
    several = len({source.dataset for source in sources}) > 1
    return sources[0].csv or sources[0].dataset + ", …" * several


def at_hand(spec: BenchmarkSpec, root: Path | None) -> bool | None:
    """Whether its files are there, of which none is read; None for the hub."""
    if root is None:
        return None
    try:
        return all(local_files(root, task.source) for task in spec.tasks)
    except InputError:
        return False
