"""What keeps the package easy to read: no import circle, no long file, no knotted function."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from radon.complexity import cc_visit

from orca_eval.paths import PACKAGE

MOST_LINES = 400
MOST_COMPLEXITY = 20
FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
        ".__init__"
    )


MODULES = {name_of(path): path for path in FILES}


def imported(path: Path) -> Iterator[str]:
    """The package's modules that a file imports at its top."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        name: {other for other in imported(path) if other in MODULES and other != name}
        for name, path in MODULES.items()
    }
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_short_and_its_functions_are_plain(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= MOST_LINES
    knots = [f"{block.name}: {block.complexity}" for block in cc_visit(text)]
    assert [k for k in knots if int(k.rsplit(" ", 1)[1]) > MOST_COMPLEXITY] == []
