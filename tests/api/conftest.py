"""A finished run with scripted answers, made once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import orca_eval
from orca_eval.api import FinishedRun


def scripted(folder: Path, text: str = "The answer is B.") -> dict[str, object]:
    """The settings of a quickstart run in which every reply is the same."""
    script = folder / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": text}) + "\n")
    return {"engine": "replay", "engine.script": script, "results_dir": folder / "results"}


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    return orca_eval.evaluate(**scripted(tmp_path_factory.mktemp("api")), limit=2)
