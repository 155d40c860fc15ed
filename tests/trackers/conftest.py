"""A finished run of a checkpoint whose name is hostile."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.conftest import HOSTILE_NAME
from tests.report.synthetic import FULL, Spec, write_run

FEW = tuple(b for b in FULL if b.id in ("race", "gsm8k"))


@pytest.fixture(scope="session")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    name = f"{HOSTILE_NAME} [x](http://evil.example) \x1b[31m checkpoint-1200"
    folder = tmp_path_factory.mktemp("tracked") / "run-1a2b3c4d"
    return write_run(folder, Spec(name, share=0.02, benchmarks=FEW))
