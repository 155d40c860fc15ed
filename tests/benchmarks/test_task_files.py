"""A task from outside is its YAML, what that includes, and the code beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orca_eval.benchmarks.task_files import task_files_sha256


@pytest.fixture
def task(tmp_path: Path) -> Path:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "_common.yaml").write_text("output_type: generate_until\n")
    (tmp_path / "base" / "metrics.py").write_text("def score(): return 1\n")
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "utils.py").write_text("x = 1\n")
    file = tmp_path / "task" / "mine.yaml"
    file.write_text("task: mine\ninclude: ../base/_common.yaml  # shared\n")
    return file


@pytest.mark.parametrize(
    "name", ["task/mine.yaml", "task/utils.py", "base/_common.yaml", "base/metrics.py"]
)
def test_an_edit_of_any_of_its_files_is_another_task(task: Path, name: str) -> None:
    before = task_files_sha256(task)
    assert task_files_sha256(task) == before
    edited = task.parent.parent / name
    edited.write_text(edited.read_text() + "# edited\n")
    assert task_files_sha256(task) != before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_text("include: mine.yaml\n"),
        lambda file: file.write_text("include: missing.yaml\n"),
        lambda file: file.write_bytes(b"\xff\xfe include: \x00"),
    ],
)
def test_whatever_it_includes_ends(task: Path, spoil: Callable[[Path], object]) -> None:
    spoil(task)
    assert len(task_files_sha256(task)) == 64
