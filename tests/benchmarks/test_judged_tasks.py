"""The judged tasks over the real data: how many documents, and what each of them is asked."""

from __future__ import annotations

import pytest

from orca_eval.benchmarks.load import load_benchmark
from orca_eval.types import Completion, Doc
from tests.benchmarks.answered import answered
from tests.benchmarks.raw_rows import SHARED, needs_data, parquet, squeeze

pytestmark = needs_data
NO_CASE = "The tree stands on a hill. It is old."


def docs_of(name: str) -> list[Doc]:
    benchmark = load_benchmark(name, SHARED)
    assert not [note for note in benchmark.footnotes if "published" in note]
    assert benchmark.judged
    assert benchmark.presentation.heading
    return [doc for task in benchmark.tasks for doc in task.docs]


@pytest.mark.parametrize(
    ("name", "n", "clusters"),
    [("aci_bench", 207, 207), ("qmsum", 244, 35), ("ms_marco", 148, 148)],
)
def test_the_documents_of_grounding(name: str, n: int, clusters: int) -> None:
    docs = docs_of(name)
    assert len(docs) == n
    assert len({doc.cluster for doc in docs}) == clusters
    (task,) = {task.ask for task in load_benchmark(name, SHARED, limit=1).tasks}
    for doc in docs:
        (message,) = doc.messages
        assert doc.extra is not None
        assert squeeze(doc.extra["context"]) in squeeze(message["content"])
        step = task(doc, answered(NO_CASE))
        assert step is not None
        judged = step.messages[-1]["content"]
        assert judged.index(doc.extra["context"]) < judged.index(NO_CASE)


def test_the_rows_of_grounding() -> None:
    notes = [
        row["note"].strip()
        for split in ("train", "valid", "test1", "test2", "test3")
        for row in parquet("wyim/aci-bench", "challenge", split)
    ]
    assert [doc.golds[0][0] for doc in docs_of("aci_bench")] == notes
    rows = [r for r in parquet("Yale-LILY/QMSum", "queries") if r["kind"] == "specific"]
    assert [doc.golds[0][0] for doc in docs_of("qmsum")] == [row["answer"].strip() for row in rows]
    sources = parquet("ParticleMedia/RAGTruth", "qa_sources")
    prompts = [doc.messages[0]["content"] for doc in docs_of("ms_marco")]
    assert prompts == [row["prompt"].strip() for row in sources]


def test_free_truthfulqa_asks_the_question_alone() -> None:
    docs = docs_of("truthfulqa_gen")
    rows = parquet("truthfulqa/truthful_qa", "generation", "validation")
    assert [doc.messages[0]["content"] for doc in docs] == [row["question"] for row in rows]
    task = load_benchmark("truthfulqa_gen", SHARED, limit=1).tasks[0]
    for doc, row in zip(docs, rows, strict=True):
        step = task.ask(doc, answered(NO_CASE))
        assert step is not None
        asked = step.messages[-1]["content"]
        for text in (row["best_answer"], *row["correct_answers"], *row["incorrect_answers"]):
            assert text in asked
        done: tuple[Completion, ...] = (*answered(NO_CASE), *answered("[[true]]"))
        step = task.ask(doc, done)
        assert step is not None
        assert "[[uninformative]]" in step.messages[-1]["content"]


@pytest.mark.parametrize(
    ("name", "dataset", "config", "split", "column", "n"),
    [
        ("vicuna_bench", "lmsys/vicuna-bench", "questions", "train", "turns", 80),
        ("awesome", "fka/awesome-chatgpt-prompts", "default", "train", "prompt", 163),
        ("wizardlm", "nlpxucan/WizardLM", "testset", "test", "Instruction", 218),
    ],
)
def test_the_documents_of_orca_1(
    name: str, dataset: str, config: str, split: str, column: str, n: int
) -> None:
    docs, rows = docs_of(name), parquet(dataset, config, split)
    assert len(docs) == len(rows) == n
    task = load_benchmark(name, SHARED, limit=1).tasks[0]
    april = [
        row for row in parquet("lmsys/vicuna-bench", "judge_prompts", "train")
        if row["version"] == "2023-04"
    ]  # fmt: skip
    by_kind = {row["category"]: row["prompt"] for row in april}
    chatgpt = {
        row["question_id"]: row["text"]
        for row in parquet("lmsys/vicuna-bench", "answers", "train")
        if row["model"] == "gpt35"
    }
    for doc, row in zip(docs, rows, strict=True):
        asked = row[column][0] if column == "turns" else row[column]
        assert doc.messages[0]["content"] == asked
        assert doc.extra is not None
        reference = chatgpt[row["question_id"]] if column == "turns" else None
        assert doc.extra["reference"] == reference
        named = doc._replace(extra={**doc.extra, "reference": "Theirs."})
        step = task.ask(named, answered(NO_CASE))
        assert step is not None
        judged = step.messages[-1]["content"]
        assert judged.index(asked) < judged.index(NO_CASE) < judged.index("Theirs.")
        assert (
            by_kind[row.get("category") if row.get("category") in by_kind else "general"] in judged
        )
