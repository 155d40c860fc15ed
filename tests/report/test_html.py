"""The report's files, without a browser: packing, placing, policy, what is left out."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from orca_eval.report.board import Board
from orca_eval.report.html import page
from orca_eval.report.html.pack import Packed, hint, pack
from orca_eval.report.plots import Plot
from orca_eval.report.run_report import main_report, write_run_report
from orca_eval.results.run import read_run
from orca_eval.tables import html_fragment
from orca_eval.tables.table import Cell, Column, Row, Table

from .conftest import HOSTILE
from .synthetic import FULL, Spec, write_run


@pytest.fixture(scope="module")
def packed(board: Board, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packed]:
    with pack(board, tmp_path_factory.mktemp("spool")) as packed:
        yield packed


def read_index(packed: Packed) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    raw = gzip.decompress(packed.index)
    length = int.from_bytes(raw[:4], "little")
    head = json.loads(raw[4 : 4 + length])
    columns = {
        name: np.frombuffer(raw, dtype, head["count"], 4 + length + offset)
        for name, (dtype, offset) in head["columns"].items()
    }
    return head, columns


def read_texts(packed: Packed) -> list[tuple[str, str]]:
    """(prompt, reply) of every row, cut as JavaScript cuts: in UTF-16 units."""
    texts = []
    for chunk in packed.chunks:
        line, _, body = gzip.decompress(chunk).decode().partition("\n")
        head, units = json.loads(line), body.encode("utf-16-le")
        ends = np.cumsum([0, *head["prompts"], *head["replies"]]) * 2
        cut = [units[a:b].decode("utf-16-le") for a, b in pairwise(ends)]
        prompts, replies = cut[: len(head["prompts"])], cut[len(head["prompts"]) :]
        texts += [(prompts[p], r) for p, r in zip(head["promptOf"], replies, strict=True)]
    return texts


def test_every_sample_comes_back(packed: Packed, runs: list[Path]) -> None:
    head, columns = read_index(packed)
    texts = read_texts(packed)
    assert head["count"] == packed.replies == len(texts)
    frames = [pq.read_table(run / "samples.parquet") for run in runs]
    rows = {
        (run, row["task"], row["doc_id"]): row
        for run, frame in enumerate(frames)
        for row in frame.to_pylist()
    }
    assert len(rows) == len(texts)
    for at, (prompt, reply) in enumerate(texts):
        key = (int(columns["run"][at]), head["tasks"][columns["task"][at]], columns["docId"][at])
        row = rows[key]
        assert (prompt, reply) == (row["prompt"], row["response"])
        assert columns["score"][at] == row["score"]
        answer = columns["answer"][at]
        assert (head["answers"][answer] if answer >= 0 else None) == row["answer"]
        assert head["golds"][columns["gold"][at]] == row["gold"]
        assert head["finishes"][columns["finish"][at]] == row["finish_reason"]


def test_evidence_is_counted_as_javascript_counts(packed: Packed) -> None:
    _, columns = read_index(packed)
    texts = read_texts(packed)
    at = next(index for index, (_, reply) in enumerate(texts) if reply == HOSTILE)
    units = HOSTILE.encode("utf-16-le")
    span = units[2 * columns["start"][at] : 2 * columns["end"][at]].decode("utf-16-le")
    assert span == "(B)"
    assert columns["start"][at] == HOSTILE.index("(B)") + 1  # the owl is two units


def test_answers_to_one_question_lie_side_by_side(packed: Packed) -> None:
    _, columns = read_index(packed)
    assert list(columns["run"][:6]) == [0, 1, 2, 0, 1, 2]
    assert list(columns["doc"][:6]) == [0, 0, 0, 1, 1, 1]


def test_hints_hold_what_is_in_a_chunk_and_little_else() -> None:
    bits = np.unpackbits(np.frombuffer(hint(b"Green Lamp"), np.uint8), bitorder="little")
    assert bits.sum() == 8
    joined = (ord("g") << 16) | (ord("r") << 8) | ord("e")
    assert bits[(joined * 2654435761 % 2**32) >> 16]


def test_repeated_answers_to_a_document_are_all_there(tmp_path: Path) -> None:
    from orca_eval.report.board import build_board
    from orca_eval.results.run import read_run

    few = tuple(b for b in FULL if b.id == "crass")
    folder = write_run(tmp_path / "m", Spec("m", share=0.02, benchmarks=few))
    frame = pd.read_parquet(folder / "samples.parquet")
    twice = pd.concat([frame, frame.assign(response="again", sample_index=1)])
    twice.to_parquet(folder / "samples.parquet", index=False)
    with pack(build_board([read_run(folder)], None), tmp_path) as packed:
        _, columns = read_index(packed)
        replies = [reply for _, reply in read_texts(packed)]
    assert list(columns["sample"][:4]) == [0, 1, 0, 1]
    assert replies[1::2] == ["again"] * len(frame)


def test_a_name_or_a_note_cannot_act_on_whoever_reads_the_page(tmp_path: Path) -> None:
    few = tuple(b for b in FULL if b.id == "crass")
    folder = write_run(tmp_path / "m", Spec("m\x1b[2J", share=0.02, benchmarks=few))
    main_report([folder], tmp_path / "out", None, notes=["it \u202efailed"])
    text = (tmp_path / "out" / "report.html").read_text()
    assert "<title>m\\x1b[2J · orca-eval</title>" in text
    assert "it \\u202efailed" in text
    assert not {"\x1b", "\u202e"} & set(text)


@pytest.fixture(scope="module")
def report(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    assert main_report(runs, out, "small", notes=["model x failed"]).exit_code == 0
    return out


def test_everything_is_written(report: Path) -> None:
    assert (report / "tables" / "reasoning_improvement.tex").is_file()
    assert (report / "plots" / "radar.pdf").is_file()
    assert len(list((report / "exports").iterdir())) == 3
    text = (report / "report.html").read_text()
    assert "model x failed" in text
    assert not (report / "report_data").exists()


def test_only_the_reports_own_script_may_run(report: Path) -> None:
    text = (report / "report.html").read_text()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    rules = policy[1].replace("&#39;", "'")
    scripts = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert len(scripts) == len(page.SCRIPTS)
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in rules
    assert "default-src 'none'" in rules
    assert "unsafe" not in rules
    assert "strict-dynamic" not in rules
    assert not re.search(r"https?://(?!www\.w3\.org)", re.sub(r"<script.*?</script>", "", text))


@pytest.mark.skipif(shutil.which("tidy") is None, reason="needs Debian's tidy")
def test_the_page_validates(report: Path) -> None:
    done = subprocess.run(
        ["tidy", "-errors", "-quiet", "-utf8", str(report / "report.html")],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]


def test_a_large_report_keeps_its_data_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = tuple(b for b in FULL if b.id in ("crass", "gsm8k", "arc_easy"))
    folder = write_run(tmp_path / "m", Spec("m", share=0.02, benchmarks=few))
    monkeypatch.setattr(page, "ONE_FILE_BYTES", 1000)
    write_run_report(read_run(folder))
    chunks = sorted((folder / "report_data").glob("chunk-*.js"))
    assert chunks
    assert all(chunk.read_text().startswith("orcaEvalChunk(") for chunk in chunks)
    text = (folder / "report.html").read_text()
    assert 'id="data-chunk-0"' not in text
    assert "strict-dynamic" in text
    monkeypatch.undo()
    write_run_report(read_run(folder))
    assert 'id="data-chunk-0"' in (folder / "report.html").read_text()
    assert not (folder / "report_data").exists()


def test_prompts_and_replies_are_left_out_on_request(tmp_path: Path) -> None:
    few = tuple(b for b in FULL if b.id in ("crass", "gsm8k", "arc_easy"))
    marks = {
        0: {"response": "a-marked-reply", "prompt": "a-marked-prompt", "gold": "a-marked-gold"}
    }
    folder = write_run(tmp_path / "m", Spec("m", share=0.02, benchmarks=few), marks)
    main_report([folder], tmp_path / "out", None, samples=False)
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert b"a-marked-" not in path.read_bytes(), path
    text = (tmp_path / "out" / "report.html").read_text()
    assert 'id="samples"' not in text
    assert "data-index" not in text.replace('"data-index"', "")
    assert not list((tmp_path / "out").rglob("samples_*"))


def test_a_runs_own_report_says_what_its_scores_are_of(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "m", Spec("m", share=0.003, quickstart=True))
    path = write_run_report(read_run(folder))
    assert path == folder / "report.html"
    text = path.read_text()
    assert "quickstart items, not benchmark scores" in text
    assert "(published)" not in text


def test_intervals_stand_in_the_page_and_many_notes_are_folded_by_kind() -> None:
    notes = [f"n{number}" for number in range(4)]
    cells = [Cell("50.0", 50.0, 45.2, 54.8, notes=(note,)) for note in notes]
    rows = [
        *(Row("m", (cell,), notes=("of the <run>",)) for cell in cells),
        Row("m", (Cell(notes=("why not",)),)),
    ]
    text = html_fragment(Table("t", "T", "model", (Column("a", "A"),), tuple(rows)))
    assert '<small class="interval">[45.2, 54.8]</small>' in text
    folded = re.search(r"<details><summary>Figures: 4 notes</summary>(.*?)</details>", text)
    assert folded is not None
    assert all(note in folded[1] for note in notes)
    assert "of the &lt;run&gt;" not in folded[1]
    assert "of the &lt;run&gt;" in text
    assert text.count("<details>") == 1


def test_small_plots_share_a_line_in_pairs() -> None:
    sizes = [(9.0, 3.0), (6.0, 6.0), (5.0, 5.0), (6.0, 17.0), (5.0, 5.0)]
    plots = [Plot(str(at), "title", b"", size) for at, size in enumerate(sizes)]
    assert [(plot["name"], plot["half"]) for plot in page.placed_plots(plots)] == [
        ("0", False),
        ("3", False),
        ("1", True),
        ("2", True),
        ("4", False),
    ]
