"""Loading: what comes out, and one clear line for whatever is wrong with the data."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orca_eval.benchmarks import hub
from orca_eval.benchmarks.items import Item, Row, choice, item_rows, open_answer, per_rows
from orca_eval.benchmarks.load import at_hand, load_benchmark, row_hash, sample_indices
from orca_eval.benchmarks.sampling import sample
from orca_eval.benchmarks.specs import read_specs
from orca_eval.errors import InputError
from orca_eval.paths import QUICKSTART_DATA
from orca_eval.types import Doc
from tests.benchmarks.raw_rows import SHARED, needs_data

CORE = ["agieval", "bbh", "drop", "crass", "race", "gsm8k", "mmlu"]
CORE += ["arc_easy", "arc_challenge", "hellaswag"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data root of a few rows that a test may spoil."""
    return Path(shutil.copytree(QUICKSTART_DATA, tmp_path / "data"))


def error_of(benchmark: str, root: Path | None) -> str:
    with pytest.raises(InputError) as error:
        load_benchmark(benchmark, root)
    assert "\n" not in str(error.value)
    return str(error.value)


@needs_data
def test_the_core_has_every_published_row() -> None:
    loaded = {name: load_benchmark(name, SHARED) for name in CORE}
    rows = {name: sum(task.rows for task in b.tasks) for name, b in loaded.items()}
    assert sum(rows.values()) == 51_752
    assert all(task.rows == task.published_rows for b in loaded.values() for task in b.tasks)
    assert {name: b.excluded for name, b in loaded.items() if b.excluded} == {
        "bbh": 3,
        "agieval": 2,
    }
    assert sum(b.n for b in loaded.values()) == 51_747
    assert {name for name, b in loaded.items() if b.aggregate == "mean_of_tasks"} == {
        "agieval",
        "bbh",
    }


@needs_data
def test_a_copy_that_differs_says_so() -> None:
    (note,) = load_benchmark("drop", SHARED, limit=1).footnotes
    assert "rebuilt from a flattened copy" in note
    assert load_benchmark("hellaswag", SHARED, limit=1).footnotes == ()
    assert load_benchmark("mmlu", SHARED, limit=1).footnotes == ()


@needs_data
def test_questions_on_one_passage_form_a_cluster() -> None:
    def clusters(benchmark: str, task: str) -> int:
        (found,) = [t for t in load_benchmark(benchmark, SHARED).tasks if t.name == task]
        return len({doc.cluster for doc in found.docs})

    assert clusters("drop", "drop") == 579
    assert clusters("race", "high") == 1045
    assert clusters("agieval", "lsat-rc") == 40
    assert clusters("gsm8k", "gsm8k") == 1  # none: {None}


@needs_data
def test_listing_reads_no_data() -> None:
    listed = read_specs()
    assert sum(task.rows for name in CORE for task in listed[name].tasks) == 51_752
    assert all(at_hand(listed[name], SHARED) for name in CORE)
    assert all(at_hand(spec, None) is None for spec in listed.values())
    assert len(listed["mmlu"].tasks) == 57


def test_loading_imports_neither_lm_eval_nor_datasets() -> None:
    code = (
        "import sys; from orca_eval.benchmarks.load import load_benchmark;"
        "load_benchmark('mmlu', None, quickstart=True);"
        "assert not {'lm_eval', 'datasets', 'torch', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_messages_about_the_data(root: Path, tmp_path: Path) -> None:
    assert "no benchmark mmlux; nearest: mmlu" in error_of("mmlux", root)
    assert "dataset openai/gsm8k is not in data.root=" in error_of("gsm8k", tmp_path / "none")
    # The quickstart copy holds 16 of the 57 subjects.
    assert "has no config anatomy_of_whales" not in error_of("mmlu", root)
    assert "has no config" in error_of("mmlu", root)
    shutil.rmtree(root / "ehovy/race/high")
    assert "high/test.jsonl is missing" in error_of("race", root)
    (root / "openai/gsm8k/README.md").write_text("nothing\n")
    assert "no readable `configs`" in error_of("gsm8k", root)
    (root / "apergo-ai/CRASS-data-set/CRASS_FTM_main_data_set.csv").unlink()
    assert "CRASS_FTM_main_data_set.csv is missing" in error_of("crass", root)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"question": None}, "not of gsm8k's shape"),
        ({"answer": "It is many.\n#### many"}, "gsm8k/gsm8k doc 0: the gold does not parse"),
    ],
)
def test_rows_that_are_not_right(root: Path, change: dict[str, object], message: str) -> None:
    file = root / "openai/gsm8k/main/test.jsonl"
    first, *rest = file.read_text().splitlines()
    file.write_text("\n".join([json.dumps(json.loads(first) | change), *rest]))
    assert message in error_of("gsm8k", root)


def test_a_missing_column_and_a_broken_file_are_named(root: Path) -> None:
    file = root / "openai/gsm8k/main/test.jsonl"
    file.write_text('{"question": "How many?"}\n')
    assert "column 'answer' is missing" in error_of("gsm8k", root)
    file.write_text('{"question": ')
    assert "main/test.jsonl can't be read" in error_of("gsm8k", root)


def test_a_copy_with_fewer_rows_says_so(root: Path) -> None:
    notes = load_benchmark("gsm8k", root).footnotes
    assert notes == ("GSM8K/gsm8k: 8 rows, 1319 published",)


def test_without_data_and_without_network_one_line_names_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "_reachable", lambda _: False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for benchmark, dataset in (("crass", "CRASS-data-set"), ("gsm8k", "openai/gsm8k")):
        message = error_of(benchmark, None)
        assert dataset in message
        assert "data.root=DIR" in message


def docs_of(strata: str) -> list[Doc]:
    return [
        Doc("b", "t", i, "", (), "text", (("x",),), stratum=stratum)
        for i, stratum in enumerate(strata)
    ]


def test_samples_are_nested_seeded_and_in_proportion() -> None:
    docs = docs_of("a" * 600 + "b" * 300 + "c" * 100)
    twenty, forty = sample(docs, 20, 0), sample(docs, 40, 0)
    assert set(twenty) < set(forty)
    assert list(forty) == sorted(forty, key=lambda doc: doc.doc_id)
    assert sample(docs, 40, 0) == forty
    assert sample(docs, 40, 1) != forty
    for limit in (10, 20, 40, 100):
        counts = [sum(d.stratum == s for d in sample(docs, limit, 0)) for s in "abc"]
        due = [limit * share for share in (0.6, 0.3, 0.1)]
        assert all(abs(count - want) <= 1 for count, want in zip(counts, due, strict=True))
    assert sample(docs, None, 0) == sample(docs, 5000, 0) == tuple(docs)


@needs_data
def test_a_limited_run_covers_the_sources_of_hellaswag() -> None:
    full, part = load_benchmark("hellaswag", SHARED), load_benchmark("hellaswag", SHARED, limit=40)
    assert {doc.stratum for doc in part.tasks[0].docs} == {d.stratum for d in full.tasks[0].docs}
    assert part.data_sha256 == full.data_sha256
    assert sample_indices(part) == {"orca_hellaswag": [d.doc_id for d in part.tasks[0].docs]}


def test_a_row_hash_covers_content_and_not_order() -> None:
    assert row_hash({"a": 1, "b": ["x"]}) == row_hash({"b": ["x"], "a": 1})
    assert row_hash({"a": 1}) != row_hash({"a": 2})


def test_every_version_is_stated() -> None:
    versions = {t.version for spec in read_specs().values() for t in spec.tasks}
    assert versions == {"1"}


def test_a_choice_prints_letters_by_place_and_ends_in_the_hint() -> None:
    item = choice(" Which? ", [" x", "y "], 1)
    assert item["prompt"].split("\n") == [
        "Which?",
        "(A) x",
        "(B) y",
        "At the end output ###Final answer: {answer choice}",
    ]
    assert item["golds"] == [["B"]]


def test_the_documentation_shows_the_prompts_as_they_are() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md").read_text()
    shown = re.findall(r"<!-- prompt (\w+)/(\S+) -->\n```\n(.*?)\n```\n", text, re.DOTALL)
    assert len(shown) == 12
    for benchmark, name, prompt in shown:
        loaded = load_benchmark(benchmark, None, quickstart=True)
        (task,) = [task for task in loaded.tasks if task.name == name]
        assert task.docs[0].messages[0]["content"] == prompt


def test_a_limit_keeps_every_order_of_a_document() -> None:
    whole = load_benchmark("hhh", None, quickstart=True).tasks[0]
    part = load_benchmark("hhh", None, limit=1, quickstart=True)
    first, second = part.tasks[0].docs
    assert (first.doc_id, first.order) == (second.doc_id, 0)
    assert second.order == 1
    assert list((first.options or {}).values()) == list((second.options or {}).values())[::-1]
    assert (part.n, part.full_n, part.asked, whole.n) == (4, 8, 8, 2)
    places = [2 * first.doc_id, 2 * first.doc_id + 1]
    assert sample_indices(part)["orca_hhh::harmless"] == places


def test_a_task_may_take_some_rows_only() -> None:
    def docs(row: Row) -> list[Item]:
        return [open_answer("?", "text", [["x"]])] * row["times"]

    rows = [{"times": times} for times in (0, 2, 1)]
    items = per_rows(docs)(rows)
    found = [(rows.index(row), order) for row, _, order in item_rows(rows, items)]
    assert found == [(1, 0), (1, 1), (2, 0)]
    with pytest.raises(ValueError, match="zip"):
        list(item_rows(rows, [open_answer("?", "text", [["x"]])]))


def test_one_task_is_a_benchmark_of_its_own_name_and_never_the_whole() -> None:
    part = load_benchmark("mmlu/anatomy", None, quickstart=True)
    assert (part.id, part.alias) == ("mmlu/anatomy", "mmlu/anatomy")
    assert [task.name for task in part.tasks] == ["anatomy"]
    assert {doc.benchmark for task in part.tasks for doc in task.docs} == {"mmlu/anatomy"}
    with pytest.raises(InputError, match="mmlu has no task anatmy; nearest: mmlu/anatomy"):
        load_benchmark("mmlu/anatmy", None, quickstart=True)
