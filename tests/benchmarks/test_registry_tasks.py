"""lm-eval's own tasks, by name: their text, their stop strings, their score."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orca_eval.benchmarks.named import load_named
from orca_eval.errors import InputError
from tests.benchmarks.answered import answered
from tests.benchmarks.raw_rows import SHARED, needs_data


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.getbasetemp() / "hf")


@needs_data
@pytest.mark.parametrize(
    ("name", "right", "wrong", "stop"),
    [
        ("lm_eval:gsm8k", "So #### {gold}", "So #### 123454321", "Question:"),
        ("lm_eval:drop", "{gold}", "no such thing", "."),
        ("bbh_zeroshot_navigate", "{gold}", "{other}", "Q:"),
        ("bbh_zeroshot_object_counting", "That makes {gold}", "That makes 9999", "Q:"),
        ("agieval_lsat_ar", "###Final answer: {gold}", "###Final answer: {other}", None),
        ("agieval_sat_math", "The answer is ({gold}).", "The answer is ({other}).", None),
    ],
)
def test_their_tasks_run_and_score_with_their_own_rules(
    name: str, right: str, wrong: str, stop: str | None
) -> None:
    benchmark = load_named(name, SHARED, limit=4)
    (task,) = benchmark.tasks
    assert len(task.docs) == 4
    assert benchmark.id == "lm_eval:" + name.removeprefix("lm_eval:")
    for doc in task.docs:
        gold = raw_gold(name, doc.doc_id, doc.golds[0][0])
        other = next((label for label in doc.options or {"Yes": "", "No": ""} if label != gold), "")
        assert (stop in doc.stop) if stop else doc.stop == ()
        assert task.score(doc, answered(right.format(gold=gold))).score == 1
        assert task.score(doc, answered(wrong.format(other=other))).score == 0
        assert task.score(doc, answered("")).score == 0


def raw_gold(name: str, doc_id: int, target: str) -> str:
    """What is right: the target as lm-eval gives it, but for two tasks whose target is a page."""
    if name == "lm_eval:gsm8k":
        return target.split("#### ")[1]
    if name == "lm_eval:drop":
        import pyarrow.parquet as pq

        file = SHARED / "EleutherAI/drop/default/validation-00000-of-00001.parquet"
        answer = pq.read_table(file, columns=["answer"]).slice(doc_id, 1).to_pylist()[0]["answer"]
        return answer["number"] or answer["spans"][0]
    return target


@needs_data
def test_a_group_brings_its_tasks_and_its_kind_of_average() -> None:
    benchmark = load_named("bbh_zeroshot", SHARED, limit=1)
    assert len(benchmark.tasks) == 27
    assert benchmark.aggregate == "pooled"
    assert any("flexible-extract" in note for note in benchmark.footnotes)


@needs_data
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("lm_eval:hellaswag", "log-likelihoods"),
        ("agieval_math", "dataset hails/agieval-math is not in data.root"),
        ("wikitext", "dataset EleutherAI/wikitext_document_level is not in data.root"),
        ("lm_eval:no_such_task", "no task 'no_such_task' in lm-eval"),
        ("mmlux", "nearest: mmlu"),
        ("/no/such/file.yaml", "no task file"),
    ],
)
def test_what_cannot_run_is_refused_in_one_line(name: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as refusal:
        load_named(name, SHARED)
    assert "\n" not in str(refusal.value)


def test_yaml_from_outside_needs_permission(tmp_path: Path) -> None:
    (tmp_path / "me" / "sums").mkdir(parents=True)
    rows = [{"q": "1 + 1", "a": "2"}, {"q": "2 + 3", "a": "5"}]
    (tmp_path / "me/sums/test.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    file = tmp_path / "sums.yaml"
    file.write_text(
        "task: sums\ndataset_path: me/sums\ntest_split: test\noutput_type: generate_until\n"
        "doc_to_text: 'What is {{q}}?'\ndoc_to_target: '{{a}}'\n"
        "generation_kwargs: {until: []}\n"
        "metric_list:\n- {metric: exact_match, aggregation: mean, higher_is_better: true}\n"
    )
    with pytest.raises(InputError, match="allow_code=true"):
        load_named(str(file), tmp_path)
    (task,) = load_named(str(file), tmp_path, allow_code=True).tasks
    assert [doc.messages[0]["content"] for doc in task.docs] == ["What is 1 + 1?", "What is 2 + 3?"]
    assert [task.score(doc, answered("5")).score for doc in task.docs] == [0, 1]
    (tmp_path / "me/sums/test.jsonl").write_text("\n")
    with pytest.raises(InputError) as caught:
        load_named(str(file), tmp_path, allow_code=True)
    assert "\n" not in str(caught.value)
