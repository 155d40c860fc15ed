"""What trackers are told, and that none of them can undo a run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from orca_eval.cli import main
from orca_eval.results.run import read_run
from orca_eval.trackers import hook
from orca_eval.trackers.record import Record, record


def test_a_record_has_scores_rates_table_and_plots_and_nothing_acts(
    tracked: Path, tmp_path: Path
) -> None:
    run = read_run(tracked)
    told = record(run, tmp_path)
    gsm8k = run.benchmark("gsm8k")
    assert gsm8k is not None
    assert told.metrics["gsm8k/score"] == gsm8k.score
    assert told.metrics["gsm8k/ci_low"] == gsm8k.ci_low
    assert (
        told.metrics["race/truncation_rate"]
        == run.scores["benchmark", "race", ""].rates["truncation_rate"]
    )
    assert (told.step, told.id) == (1200, "1a2b3c4d")
    assert "GSM8K" in {row[0] for row in told.rows}
    assert {"benchmarks", "rates"} <= told.plots.keys()
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in told.plots.values())
    texts = [told.name, *map(str, told.config.values()), *told.heads]
    texts += [cell for row in told.rows for cell in row]
    for text in texts:
        assert not set("<>[]\x1b\n") & set(text), text
        assert not text.startswith(("=", "+", "@")), text


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    """What a tracker named trackio is told, in place of that package."""
    told: list[Record] = []
    module = ModuleType("orca_eval.trackers.trackio")
    module.log = told.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "orca_eval.trackers.trackio", module)
    return told


def test_a_run_is_told_once_until_it_is_made_anew(tracked: Path, lines: list[Record]) -> None:
    hook.track(tracked, "trackio")
    hook.track(tracked, "trackio")
    assert len(lines) == 1
    path = tracked / hook.TRACKED
    path.write_text(json.dumps({"trackio": "earlier"}))
    hook.track(tracked, "trackio")
    assert len(lines) == 2
    path.write_text("[")
    hook.track(tracked, "trackio")
    assert len(lines) == 3
    path.unlink()


def test_a_trackers_failure_is_a_line_and_the_run_stays(
    tracked: Path,
    lines: list[Record],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fails(told: Record) -> None:
        raise OSError("no way\nto the server")

    monkeypatch.setattr(sys.modules["orca_eval.trackers.trackio"], "log", fails)
    hook.track(tracked, "trackio")
    said = capsys.readouterr().err
    assert "trackio did not take it (OSError: no way to the server)" in said
    assert not (tracked / hook.TRACKED).exists()


def test_a_tracker_that_is_not_there_is_told_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook.importlib.util, "find_spec", lambda name: None)
    run = ["run", "engine=replay", "engine.script=none.jsonl", f"results_dir={tmp_path}"]
    assert main([*run, "tracker=mlflow"]) == 3
    assert (
        "tracker=mlflow: not installed; pip install 'orca-eval[mlflow]'" in capsys.readouterr().err
    )
    assert main([*run, "tracker=tensorbord"]) == 3
    assert "tracker" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
