"""The answers that others are rated beside, where a task's data has none: judge.references=."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import orjson

from orca_eval.benchmarks.types import Benchmark, Task
from orca_eval.config.schema import RunConfig
from orca_eval.errors import InputError
from orca_eval.judges.grounding import output_of
from orca_eval.judges.pairwise import REFERENCE
from orca_eval.paths import expanded
from orca_eval.types import Doc

KEY = "judge.references"
NONE = "none"
DIGITS = 8
_WAYS = (
    'a JSONL file of {"prompt": …, "text": …}, a finished run of the reference\'s, or none, which '
    "generates answers and rates nothing"
)
Answers = Mapping[tuple[str, ...], str]
"""Texts by (prompt,), or by (benchmark, task, doc id, hash of the row)."""


def with_references(
    config: RunConfig, benchmarks: Sequence[Benchmark], *, needed: bool = True
) -> list[Benchmark]:
    """The benchmarks, with a reference for each document that is rated beside one.

    Raises:
        InputError: none is named and some are `needed`, it can't be read, or it lacks an answer.
    """
    wanting = {b.id: b.alias for b in benchmarks if any(map(_wants, _docs(b)))}
    given = config.judge.references if config.judge else None
    if not wanting or (given is None and not needed):
        return list(benchmarks)
    if given is None:
        names = ", ".join(wanting.values())
        raise InputError(
            f"{names}: rated beside a reference's answers, which nothing names; give {KEY}= "
            f"({_WAYS})"
        )
    if given == NONE:
        return [replace(b, reference=NONE) if b.id in wanting else b for b in benchmarks]
    path = expanded(given)
    name, answers = _of_run(path) if path.is_dir() else (path.stem, _of_file(path))
    return [_filled(b, name, answers) if b.id in wanting else b for b in benchmarks]


def _wants(doc: Doc) -> bool:
    return doc.extra is not None and REFERENCE in doc.extra and doc.extra[REFERENCE] is None


def _docs(benchmark: Benchmark) -> Iterator[Doc]:
    return (doc for task in benchmark.tasks for doc in task.docs)


def _filled(benchmark: Benchmark, name: str, answers: Answers) -> Benchmark:
    found = {id(doc): _answer(doc, answers) for doc in _docs(benchmark)}
    if missing := [doc for doc in _docs(benchmark) if found[id(doc)] is None]:
        raise InputError(
            f"{KEY}={name}: no answer to {len(missing)} of {benchmark.n} prompts of "
            f"{benchmark.alias}, the first doc {missing[0].doc_id}; name one that has all ({_WAYS})"
        )
    digest = sha256(orjson.dumps([*found.values()])).hexdigest()[:DIGITS]
    tasks = tuple(_with(task, found) for task in benchmark.tasks)
    return replace(benchmark, tasks=tasks, reference=f"{name} {digest}")


def _with(task: Task, found: Mapping[int, str | None]) -> Task:
    docs = (
        doc._replace(extra={**(doc.extra or {}), REFERENCE: found[id(doc)]}) for doc in task.docs
    )
    return replace(task, docs=tuple(docs))


def _answer(doc: Doc, answers: Answers) -> str | None:
    in_run = doc.benchmark, doc.task, str(doc.doc_id), doc.doc_hash
    return answers.get(in_run, answers.get((doc.messages[-1]["content"],)))


def _of_file(path: Path) -> Answers:
    answers: dict[tuple[str, ...], str] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{KEY}={path}: {error.strerror}; give {_WAYS}") from error
    for number, line in enumerate(lines, start=1):
        try:
            row = orjson.loads(line)
            prompt, text = row["prompt"], row["text"]
        except (ValueError, KeyError, TypeError):
            prompt = text = None
        if not isinstance(prompt, str) or not isinstance(text, str):
            raise InputError(f'{path}:{number}: no answer; a line is {{"prompt": …, "text": …}}')
        answers[prompt,] = output_of(text)
    return answers


def _of_run(path: Path) -> tuple[str, Answers]:
    from orca_eval.results.reading import SAMPLES
    from orca_eval.results.run import check_finished, check_is_run
    from orca_eval.results.samples import read_samples

    check_is_run(path, f"{KEY}={path}")
    manifest = check_finished(path)
    names = ["benchmark", "task", "doc_id", "doc_hash", "response"]
    answers: dict[tuple[str, ...], str] = {}
    for row in read_samples(path / SAMPLES, names).to_pylist():
        *key, response = (row[name] for name in names)
        answers.setdefault(tuple(map(str, key)), output_of(response or ""))
    return manifest.model.name, answers
