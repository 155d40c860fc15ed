"""Names out of a manifest decide no path and no markup; a folder that is not ours is let be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from orca_eval.errors import InputError
from orca_eval.report.html import page
from orca_eval.report.html.pack import narrowed
from orca_eval.report.run_report import main_report


@pytest.fixture
def run(runs: list[Path], tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    shutil.copytree(runs[2], folder)
    return folder


def files_outside(folder: Path, out: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and not path.is_relative_to(out)}


@pytest.mark.parametrize(
    "name", ["Math/Logic average", "../../x", "/abs", 'a}"><b>$x_1$\\input{y}%']
)
def test_an_averages_name_stays_inside_out_and_acts_nowhere(
    run: Path, tmp_path: Path, name: str
) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    old = manifest["averages"][0]["name"]
    manifest["averages"][0]["name"] = name
    (run / "manifest.json").write_text(json.dumps(manifest))
    scores = pd.read_csv(run / "scores.csv", dtype=str, keep_default_na=False)
    scores["benchmark"] = scores["benchmark"].str.replace(old, name, regex=False)
    scores.to_csv(run / "scores.csv", index=False)
    out = tmp_path / "deep" / "er" / "out"
    before = files_outside(tmp_path, out)
    assert main_report([run], out, None).exit_code == 0
    assert files_outside(tmp_path, out) == before
    for path in out.rglob("*.tex"):
        assert "\\input{" not in path.read_text()
    for path in (out / "tables").glob("*.html"):
        text = path.read_text()
        assert "<b>" not in text
        assert "Content-Security-Policy" in text


def test_a_folder_of_the_users_own_is_let_be(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    mine = out / page.DATA / "notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert main_report([run], out, None).exit_code == 0
    assert mine.read_text() == "mine"
    chunk = mine.with_name("chunk-0.js")
    chunk.write_text("mine too")
    with pytest.raises(InputError, match=r"chunk-0\.js is not of a report"):
        main_report([run], out, None)
    assert chunk.read_text() == "mine too"


def test_chunks_of_an_older_report_go(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as small:
        small.setattr(page, "ONE_FILE_BYTES", 1)
        assert main_report([run], tmp_path / "out", None).exit_code == 0
    assert list((tmp_path / "out" / page.DATA).glob("chunk-*.js"))
    assert main_report([run], tmp_path / "out", None).exit_code == 0
    assert not (tmp_path / "out" / page.DATA).exists()


@given(st.lists(st.integers(-(2**31), 2**53), max_size=8))
def test_whole_numbers_keep_their_values_in_the_smallest_type(numbers: list[int]) -> None:
    kept = narrowed(np.array(numbers, dtype=np.int64))
    assert kept.tolist() == numbers
    assert kept.dtype.name in ("uint8", "uint16", "uint32", "int32", "float64")


def test_more_than_256_runs_keep_their_numbers() -> None:
    assert narrowed(np.arange(300)).tolist() == list(range(300))
    assert narrowed(np.arange(70_000)).tolist()[-1] == 69_999
