"""The row in a task's docstring is one that the task reads."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from orca_eval.benchmarks.items import Item, Row
from orca_eval.paths import TASKS

GOLDS = {
    "agieval": "B",
    "arc": "B",
    "bbh": "A",
    "crass": "It would be whole.",
    "drop": "8",
    "gsm8k": "1200",
    "hellaswag": "B",
    "hhh": "I can't see it from here; ask the warden.",
    "lambada": "Marta",
    "mmlu": "B",
    "race": "A",
    "toxigen": "neutral",
    "truthfulqa": "Yes, for months.",
    "aci_bench": "HISTORY OF PRESENT ILLNESS\n\nA cough.",
    "qmsum": "It is to be green.",
    "truthfulqa_gen": "Yes, for months.",
}


def sample_row(file: Path) -> Row:
    """The JSON behind "A row" in the module's docstring."""
    docstring = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    row: Row = json.loads(docstring.partition("A row, of our own writing:")[2])
    return row


@pytest.mark.parametrize("name", GOLDS)
def test_the_row_in_the_docstring_has_its_gold(name: str) -> None:
    file = TASKS / name / f"{name}.py"
    module: dict[str, object] = {}
    exec(compile(file.read_text("utf-8"), str(file), "exec"), module)
    process_docs = module.get("process_docs") or module[GOLDS[name]]  # a class's own function
    item: Item = process_docs([sample_row(file)])[0]  # type: ignore[operator]
    texts = dict(zip(item["labels"], item["options"], strict=True))
    assert GOLDS[name] in (item["target"], texts.get(item["target"]))
