"""An oracle that reads the raw files itself gets all right, and one that errs gets all wrong.

The exceptions are of three kinds, worked out from the raw data alone and listed in
docs/benchmarks.md: excluded rows, identical prompts with contradicting golds, and (for answers in
the option's words) a right option whose words are another option's text or letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import pytest

from orca_eval.benchmarks.load import find_spec, load_benchmark
from orca_eval.benchmarks.types import Task
from orca_eval.types import Doc
from tests.benchmarks.answered import answered
from tests.benchmarks.raw_rows import (
    READERS,
    SHARED,
    Finder,
    Raw,
    needs_data,
    raw_rows,
    squeeze_marks,
)

pytestmark = needs_data
DOCS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
STANDARD_ERRORS = 4


@dataclass(frozen=True)
class Found:
    """A task, the raw rows by doc id, and for each doc the raw row found by its question."""

    task: Task
    rows: list[Raw]
    finder: Finder
    matches: list[tuple[Doc, Raw]]


@pytest.fixture(scope="module", params=READERS)
def found(request: pytest.FixtureRequest) -> list[Found]:
    """Every task of one benchmark; all tests of the benchmark run on the same."""
    tasks = []
    for task in load_benchmark(request.param, SHARED).tasks:
        rows = raw_rows(request.param, task.name)
        finder = Finder(request.param, rows)
        matches = [(doc, finder.find(prompt(doc))) for doc in task.docs]
        tasks.append(Found(task, rows, finder, matches))
    return tasks


def reply(text: str) -> str:
    return f"I looked at it closely.\n###Final answer: {text}"


def name(doc: Doc) -> str:
    return f"{doc.benchmark}/{doc.task} {doc.doc_id}"


def written(row: Raw, index: int, doc: Doc, finder: Finder) -> list[str]:
    """An option as the oracle writes it: the letter printed beside it, then its words.

    Its words only where they say which option is meant. Where the file prints the letters itself
    (AGIEval, BBH), they are read there; word options (Yes, No) are their own letter.
    """
    text = row.options[index]
    words = [] if ambiguous(row, index, doc) else [text]
    letter = row.letters[index] if row.letters else finder.letter(prompt(doc), row.options, index)
    return [letter, *words]


def prompt(doc: Doc) -> str:
    return doc.messages[0]["content"]


def contradicts(row: Raw, own: Raw) -> bool:
    """Whether a prompt's first row has another answer than the row that the doc was made from."""
    if row.gold is None or own.gold is None:
        return row.variants[0] not in own.variants
    return row.options[row.gold] != own.options[own.gold]


def ambiguous(row: Raw, index: int, doc: Doc) -> bool:
    """Whether another option has the same words, or has them as its letter ("C", for carbon)."""
    words = squeeze_marks if doc.benchmark == "hhh" else squeeze_blanks  # replies, not answers
    texts = list(map(words, row.options))
    return texts.count(texts[index]) > 1 or (
        texts[index] in (doc.options or {}) and set(texts) != set(doc.options or {})
    )


def squeeze_blanks(text: str) -> str:
    return " ".join(text.split())


def test_right_answers_score_one_and_wrong_answers_nothing(found: list[Found]) -> None:
    missed = []
    for part in found:
        for doc, row in part.matches:
            if contradicts(row, part.rows[doc.doc_id]):
                continue
            for expected, texts in ((1, right(row, doc, part)), (0, wrong(row, doc, part))):
                for text in texts:
                    scored = part.task.score(doc, answered(reply(text)))
                    if scored.score != expected or (expected and scored.answer is None):
                        missed.append((name(doc), expected, text[:60], scored.answer, scored.rule))
    assert not missed, f"{len(missed)} missed, such as {missed[:10]}"


def right(row: Raw, doc: Doc, part: Found) -> list[str]:
    return [row.variants[0]] if row.gold is None else written(row, row.gold, doc, part.finder)


def wrong(row: Raw, doc: Doc, part: Found) -> list[str]:
    """For a choice, the first option that is not the right one."""
    if row.gold is None:
        return ["zebra" if doc.kind == "text" else "1234567"]
    gold = row.options[row.gold].strip()
    others = [index for index, text in enumerate(row.options) if text.strip() != gold]
    return written(row, others[0], doc, part.finder) if others else []


def test_the_exceptions_are_those_of_the_documentation(found: list[Found]) -> None:
    benchmark = found[0].task.docs[0].benchmark
    lists: dict[str, list[str]] = {"excluded": [], "contradicting": [], "ambiguous words": []}
    for task, rows in find_spec(benchmark).excluded.items():
        lists["excluded"] += [f"{benchmark}/{task} {doc_id}" for doc_id in rows]
    for part in found:
        for doc, row in part.matches:
            if contradicts(row, part.rows[doc.doc_id]):
                lists["contradicting"].append(name(doc))
            elif row.gold is not None and ambiguous(row, row.gold, doc):
                lists["ambiguous words"].append(name(doc))
    for kind, names in documented().items():
        ours = [entry for entry in names if entry.startswith(f"{benchmark}/")]
        assert ours == sorted(set(lists.pop(kind))), kind
    assert not lists


def documented() -> dict[str, list[str]]:
    """The lists under "Exceptions" of docs/benchmarks.md: a line `task: ids` per task."""
    lists: dict[str, list[str]] = {}
    pattern = re.compile(r"<!-- ([a-z ]+) -->\n```\n(.*?)```", re.DOTALL)
    for kind, block in pattern.findall(DOCS.read_text(encoding="utf-8")):
        lists[kind] = sorted(
            f"{task} {doc_id}"
            for task, ids in re.findall(r"^(\S+): (.+)$", block, re.MULTILINE)
            for doc_id in ids.split()
        )
    return lists


def test_a_fixed_position_scores_its_share_of_the_golds(found: list[Found]) -> None:
    """A script that always takes the first, second or last printed option gains nothing by it."""
    for part in found:
        for position, least in ((0, 1), (1, 2), (-1, 1)):
            docs = [doc for doc in part.task.docs if len(doc.options or {}) >= least]
            if docs:
                hits = sum(
                    part.task.score(doc, answered(reply(printed(doc, position)))).score
                    for doc in docs
                )
                share = position_share([(doc, part.rows[doc.doc_id]) for doc in docs], position)
                error = sqrt(share * (1 - share) / len(docs))
                assert hits / len(docs) == pytest.approx(
                    share, abs=STANDARD_ERRORS * error + 1e-9
                ), f"{part.task.name}, position {position}"


def printed(doc: Doc, position: int) -> str:
    return list(doc.options or {})[position]


def position_share(docs: list[tuple[Doc, Raw]], position: int) -> float:
    """The share of rows whose right option stands at the position, by the raw file's order.

    Where the right answer is told by its place or column, chance is what is due.
    """
    if docs[0][0].benchmark in ("crass", "truthfulqa", "hhh", "toxigen"):
        return sum(1 / len(row.options) for _, row in docs) / len(docs)
    return sum(row.gold == position % len(row.options) for _, row in docs) / len(docs)
