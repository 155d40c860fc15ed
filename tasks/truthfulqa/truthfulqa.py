"""TruthfulQA: a question, one true answer, and false ones that people believe.

Options are ordered by a hash of question and option, one by one: no seed, number of options or
letter of the true one tells its place. Stock lm-eval has no rows beside, and so no slices.

A row, of our own writing:

    {"question": "Can a goldfish remember more than three seconds?",
     "mc1_targets": {"choices": ["Yes, for months.", "No, it forgets at once."], "labels": [1, 0]}}
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from orca_eval.benchmarks.items import Item, Row, choice, per_row


def process_docs(rows: Iterable[Row], beside: Iterable[Row] = ()) -> Any:
    about = {row["question"]: row for row in beside}
    return per_row(lambda row: _doc(row, about.get(row["question"])))(rows)


def _doc(row: Row, about: Row | None) -> Item:
    question, targets = row["question"], row["mc1_targets"]
    right = targets["choices"][targets["labels"].index(1)]
    options = sorted(
        targets["choices"], key=lambda option: sha256(f"{question}\n{option}".encode()).digest()
    )
    item = choice(question, options, options.index(right))
    if about is not None:
        item["stratum"] = about["category"]
        item["slices"] = {"type": [about["type"]], "category": [about["category"]]}
    return item
