"""Data files and READMEs from elsewhere: one line for whatever stands in them, bounded in time and
memory."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from orca_eval import safe_yaml
from orca_eval.benchmarks import hub, rows
from orca_eval.benchmarks.load import at_hand, caveat, load_benchmark
from orca_eval.benchmarks.named import _task
from orca_eval.benchmarks.specs import read_specs
from orca_eval.cli import main
from orca_eval.errors import InputError
from orca_eval.paths import QUICKSTART_DATA

DATASET, FILE = "openai/gsm8k", "main/test.jsonl"
ROW = {"question": "How many are two and three?", "answer": "Five.\n#### 5"}
HEAD = (
    "---\nconfigs:\n- config_name: main\n  data_files:\n  - split: test\n    path: {}\n---\n# x\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of GSM8K's items, in a data root of its own."""
    return Path(shutil.copytree(QUICKSTART_DATA / DATASET, tmp_path / "data" / DATASET))


def refused(folder: Path) -> str:
    root = folder.parents[1]
    assert all(at_hand(spec, root) is not None for spec in read_specs().values())
    with pytest.raises(InputError) as error:
        load_benchmark("gsm8k", root)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 700
    return str(error.value)


@pytest.mark.parametrize("empty", ["", "\n\n", "\ufeff"])
def test_an_empty_split_is_refused(folder: Path, tmp_path: Path, empty: str) -> None:
    (folder / FILE).write_text(empty)
    assert "gsm8k: the split is empty" in refused(folder)
    script = tmp_path / "script.jsonl"
    script.write_text('{"default": true, "text": "#### 5"}\n')
    call = ["run", "suite=gsm8k", "engine=replay", f"engine.script={script}"]
    assert main([*call, f"data.root={folder.parents[1]}", f"results_dir={tmp_path / 'r'}"]) == 3


def test_an_empty_parquet_and_an_empty_task_of_several(folder: Path, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([ROW]).slice(0, 0), folder / "main" / "test.parquet")
    (folder / "README.md").write_text(HEAD.format("main/test.parquet"))
    assert "gsm8k: the split is empty" in refused(folder)
    race = Path(shutil.copytree(QUICKSTART_DATA / "ehovy/race", tmp_path / "data" / "ehovy/race"))
    (race / "middle" / "test.jsonl").write_text("")
    with pytest.raises(InputError, match="race/middle: the split is empty"):
        load_benchmark("race", tmp_path / "data")


def test_a_byte_order_mark_is_no_part_of_the_data(folder: Path) -> None:
    plain = load_benchmark("gsm8k", folder.parents[1])
    for name in (FILE, "README.md"):
        (folder / name).write_bytes(b"\xef\xbb\xbf" + (folder / name).read_bytes())
    rows._configs.cache_clear()
    assert load_benchmark("gsm8k", folder.parents[1]) == plain


def test_byte_order_marks_of_joined_files_are_none_of_the_data(folder: Path) -> None:
    plain = load_benchmark("gsm8k", folder.parents[1])
    lines = (folder / FILE).read_bytes().split(b"\n")
    for mark in (b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", b"\r\n\xef\xbb\xbf\xef\xbb\xbf"):
        (folder / FILE).write_bytes(b"\n".join(mark + line for line in lines))
        assert load_benchmark("gsm8k", folder.parents[1]) == plain


def _lines(rows: list[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _table(rows: list[Any], separator: str) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


MARK = "\ufeff"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("test.ndjson", _lines),
        ("test.json", _lines),
        ("test.json", json.dumps),
        ("test.json", lambda rows: MARK + json.dumps(rows, indent=2)),
        ("test.json", lambda rows: "\n \n[\n" + json.dumps(rows)[1:]),
        ("test.jsonl", lambda rows: MARK + _lines(rows).replace("\n", "\r\n")),
        ("test.jsonl.gz", _lines),
        ("test.json.gz", lambda rows: MARK + json.dumps(rows)),
        ("test.csv.gz", lambda rows: MARK + _table(rows, ",")),
        ("test.csv", lambda rows: MARK + _table(rows, ",")),
        ("test.tsv", lambda rows: _table(rows, "\t")),
    ],
)
def test_what_datasets_reads_is_read(
    folder: Path, name: str, written: Callable[[list[Any]], str]
) -> None:
    plain = load_benchmark("gsm8k", folder.parents[1])
    rows = [json.loads(line) for line in (folder / FILE).read_text().splitlines()]
    content = written(rows).encode()
    (folder / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    (folder / "README.md").write_text(HEAD.format(name))
    read = load_benchmark("gsm8k", folder.parents[1])
    assert read.data_sha256 == plain.data_sha256
    assert read.tasks[0].docs == plain.tasks[0].docs


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("test.json", b"["),
        ("test.json", b"[1]"),
        ("test.json", b'{\n "question": "a"\n}'),
        ("test.json.gz", b"no gzip"),
        ("test.jsonl.gz", gzip.compress(b"{}", mtime=0)[:-9]),
        ("test.jsonl.gz", gzip.compress(b"\xff\xfe{\0}\0", mtime=0)),
        ("test.parquet.gz", gzip.compress(b"PAR1", mtime=0)),
        ("test.gz", gzip.compress(b"{}", mtime=0)),
        ("test.xml", b"<row/>"),
    ],
)
def test_what_datasets_does_not_read_is_one_line(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    (folder / "README.md").write_text(HEAD.format(name))
    assert name in refused(folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("test.json", text) for text in (b"", b"[]", b"\xef\xbb\xbf[]\n", b"\n\n")),
        *(("test.csv", text) for text in (b"", b"question,answer\n", b"\xef\xbb\xbf")),
        ("test.jsonl.gz", gzip.compress(b"", mtime=0)),
        ("test.tsv", b"question\tanswer\r\n"),
    ],
)
def test_a_split_without_rows_is_empty_in_every_format(
    folder: Path, name: str, content: bytes
) -> None:
    (folder / name).write_bytes(content)
    (folder / "README.md").write_text(HEAD.format(name))
    assert "gsm8k: the split is empty; fetch openai/gsm8k again" in refused(folder)


def test_what_unpacks_without_end_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_BYTES", 1 << 20)
    (folder / "test.jsonl.gz").write_bytes(gzip.compress(b" " * (1 << 20) + b"\n{}"))
    (folder / "README.md").write_text(HEAD.format("test.jsonl.gz"))
    assert "unpacks to more than" in refused(folder)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "1",
        "null",
        '"x"',
        "[" * 50_000,
        json.dumps(ROW | {"answer": None}),
        json.dumps(ROW | {"answer": 5}),
        json.dumps(ROW | {"question": ["a"]}),
        json.dumps(ROW | {"question": {"a": 1}, "answer": []}),
        '{"question": "a", "answer": ' + "9" * 5000 + "}",
    ],
)
def test_lines_that_are_no_rows(folder: Path, line: str) -> None:
    (folder / FILE).write_text(json.dumps(ROW) + "\n" + line + "\n")
    assert FILE in refused(folder) or "the gold does not parse" in refused(folder)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\0" * 99, b'{"question": "\xc3"}'])
def test_bytes_that_are_no_text(folder: Path, content: bytes) -> None:
    (folder / FILE).write_bytes(content)
    assert f"{FILE} can't be read" in refused(folder)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1PAR1", b"\0" * 999])
def test_bytes_that_are_no_parquet(folder: Path, content: bytes) -> None:
    (folder / "main" / "test.parquet").write_bytes(content)
    (folder / "README.md").write_text(HEAD.format("main/test.parquet"))
    assert "test.parquet can't be read" in refused(folder)


def test_text_in_parquet_that_is_no_text(folder: Path) -> None:
    broken = pa.array([b"\xff\xfe"] * 3, pa.binary()).view(pa.string())
    pq.write_table(pa.table({"question": broken, "answer": broken}), folder / "main/test.parquet")
    (folder / "README.md").write_text(HEAD.format("main/test.parquet"))
    assert "test.parquet can't be read" in refused(folder)


def test_parquet_that_unpacks_without_end(folder: Path) -> None:
    places = pa.array([0] * 200_000, pa.int32())
    question = pa.DictionaryArray.from_arrays(places, pa.array(["x" * 1_000_000]))
    answer = pa.DictionaryArray.from_arrays(places, pa.array(["#### 5"]))
    path = folder / "main" / "test.parquet"
    table = pa.table({"question": question, "answer": answer})
    pq.write_table(table, path, store_schema=False)
    (folder / "README.md").write_text(HEAD.format("main/test.parquet"))
    assert path.stat().st_size < 1_000_000
    assert "it unpacks to more than" in refused(folder)


def test_parquet_with_more_rows_than_any_benchmark(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MOST_ROWS", 10)
    pq.write_table(pa.Table.from_pylist([ROW] * 11), folder / "main" / "test.parquet")
    (folder / "README.md").write_text(HEAD.format("main/test.parquet"))
    assert "11 rows" in refused(folder)


@pytest.mark.parametrize(
    "head",
    [
        "",
        "configs",
        "configs: [1, 2]",
        "configs: {a: b}",
        "configs: !!python/object/apply:os.system [ls]",
        "configs: 2024-99-99",
        "configs: " + "9" * 10_000,
        "configs: " + "[" * 50_000,
        "configs: " + "{a: " * 50_000,
        "- " * 50_000,
        "configs: &a [*a]",
        "a: &a [x]\nconfigs: [*a, *a]",
        "configs: \x01",
    ],
)
def test_a_head_of_a_readme_that_says_nothing(folder: Path, head: str) -> None:
    (folder / "README.md").write_text(f"---\n{head}\n---\n# x\n")
    assert "README.md has no readable `configs`" in refused(folder)


@pytest.mark.parametrize(
    "path", ["../../x.jsonl", "/etc/passwd", '""', '"a\\0b"', "[1]", "[]", "{}"]
)
def test_a_path_in_a_readme_that_is_none(folder: Path, path: str) -> None:
    (folder / "README.md").write_text(HEAD.format(path))
    assert "README.md" in refused(folder)


def test_configs_of_other_kinds_stand_beside_the_one_that_is_read(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    others = "configs:\n- config_name: other\n  data_files: x.csv\n- config_name: third\n"
    (folder / "README.md").write_text(text.replace("configs:\n", others))
    assert load_benchmark("gsm8k", folder.parents[1]).n == 8


def test_a_readme_in_another_encoding_has_its_caveat(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"---\r\na: b\r\n---\r\nA copy, rebuilt by J\xf6rg.\r\n")
    assert caveat(tmp_path / "README.md") == "A copy, rebuilt by J\ufffdrg."


@pytest.mark.parametrize("text", ["a: &x 1\nb: *x", "[" * 30, "{a: " * 30, "- 1\n" * 100_000])
def test_yaml_that_could_grow_is_refused(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        safe_yaml.load(text)
    assert safe_yaml.load("a: [1, {b: 2}]") == {"a": [1, {"b": 2}]}


def test_a_download_that_is_no_table_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_: Any, **__: Any) -> io.BytesIO:
        return io.BytesIO(b"a,b\n" + b"x" * 200_000 + b",1\n")

    monkeypatch.setattr(hub, "_reachable", lambda _: True)
    monkeypatch.setattr(urllib.request, "urlopen", answer)
    with pytest.raises(InputError, match="field larger than field limit") as error:
        load_benchmark("crass", None)
    assert "\n" not in str(error.value)


def test_what_lies_beside_a_task_may_not_be_empty(tmp_path: Path) -> None:
    folder = tmp_path / "lmsys/mt-bench"
    folder.mkdir(parents=True)
    parts = ("questions", "judge_prompts")
    configs = "".join(
        f"- config_name: {name}\n  data_files:\n  - split: train\n    path: {name}.jsonl\n"
        for name in parts
    )
    (folder / "README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    for name in parts:
        (folder / f"{name}.jsonl").write_text("")
    with pytest.raises(InputError, match="mt_bench/turn_1: the split is empty; fetch lmsys/mt-b"):
        load_benchmark("mt_bench", tmp_path)


def test_a_task_of_lm_eval_without_rows_is_empty() -> None:
    docs = SimpleNamespace(to_list=list)
    task = SimpleNamespace(OUTPUT_TYPE="generate_until", eval_docs=docs)
    with pytest.raises(InputError, match="lm-eval's task x: the split is empty"):
        _task("x", "x", task, [])
