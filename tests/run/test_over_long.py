"""Prompts that do not fit: counted before the engine loads, never cut."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orca_eval.benchmarks.types import Benchmark, Task
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.schema import OverLong, RunConfig
from orca_eval.errors import InputError
from orca_eval.run.plan import Planner, first_steps
from orca_eval.types import Doc, Sampling, Scored

from .fakes import FakeEngine

WORDS = {1: 5, 2: 30, 3: 400}


def benchmark() -> Benchmark:
    docs = tuple(
        Doc(
            "bench",
            "part",
            number,
            f"hash{number}",
            ({"role": "user", "content": " ".join(["word"] * words)},),
            "text",
            (("x",),),
        )
        for number, words in WORDS.items()
    )

    def score(_: Doc, __: str) -> Scored:
        return Scored(None, "none", None, 0.0)

    task = Task("part", "1", docs, len(docs), None, {}, score)
    return Benchmark("bench", "Bench", "pooled", (task,), "0" * 64, "here")


def config(over_long: OverLong, max_tokens: int = 50) -> RunConfig:
    run = run_config(compose_verb("run", []))
    return replace(run, over_long=over_long, sampling=Sampling(max_tokens=max_tokens))


def test_error_names_the_worst_and_the_ways_out() -> None:
    planner = Planner(config("error"), FakeEngine(context_length=60))
    planner.add(first_steps([benchmark()], 1))
    with pytest.raises(InputError) as caught:
        planner.refuse_over_long()
    line = str(caught.value)
    assert line.startswith("2 prompts")
    assert "bench/part doc 3 (400 tokens)" in line
    assert "over_long=skip" in line
    assert "max_tokens=50" in line


def test_skip_counts_them_without_generating() -> None:
    planner = Planner(config("skip"), FakeEngine(context_length=60))
    questions = planner.add(first_steps([benchmark()], 1))
    planner.refuse_over_long()
    assert [question.skip_tokens for question in questions] == [None, 30, 400]


def test_shrink_gives_the_room_there_is_and_skips_where_there_is_none() -> None:
    planner = Planner(config("shrink"), FakeEngine(context_length=60))
    questions = planner.add(first_steps([benchmark()], 1))
    planner.refuse_over_long()
    assert [question.sampling.max_tokens for question in questions] == [50, 30, 50]
    assert [question.skip_tokens for question in questions] == [None, None, 400]


def test_an_engine_whose_context_is_not_known_takes_everything() -> None:
    planner = Planner(config("error"), FakeEngine(context_length=None))
    assert len(planner.add(first_steps([benchmark()], 1))) == len(WORDS)
    assert planner.over_long == []


def test_each_order_of_a_question_has_samples_of_its_own() -> None:
    suite = benchmark()
    (task,) = suite.tasks
    docs = [doc._replace(order=order) for doc in task.docs[:2] for order in range(2)]
    both = replace(suite, tasks=(replace(task, docs=tuple(docs)),))
    planner = Planner(config("skip"), FakeEngine())
    found = [
        each.sample_index
        for waiting in first_steps([both], 3)
        for work in planner.works(planner.add([waiting], 3))
        for each in work.waiting
    ]
    assert found == [0, 1, 2, 3, 4, 5] * 2


def test_identical_prompts_are_one_question_and_samples_of_one_doc_several_works() -> None:
    planner = Planner(config("error"), FakeEngine())
    questions = planner.add(first_steps([benchmark()], 3), 3)
    assert planner.add(first_steps([benchmark()], 3), 3) == []  # the same prompts again
    works = list(planner.works(questions))
    assert len({work.key for work in works}) == len(works) == 3 * len(WORDS)
    assert {len(work.waiting) for work in works} == {2}
    assert {(work.sample, work.sampling.seed) for work in works} == {(0, 0), (1, 1), (2, 2)}
    assert [w.sample_index for work in works[:3] for w in work.waiting] == [0, 0, 1, 1, 2, 2]


def test_different_questions_in_one_prompt_are_refused() -> None:
    engine = FakeEngine()
    engine.tokenizer.render = lambda _messages: "the same for all"  # type: ignore[method-assign]
    with pytest.raises(InputError, match=r"doc 1 and bench/part doc 2 ask different things"):
        Planner(config("error"), engine).add(first_steps([benchmark()], 1))
