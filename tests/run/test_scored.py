"""Scored samples, packed: what went in comes out, in the suite's order, in little memory."""

from __future__ import annotations

import math
import random
import tracemalloc

import pytest

from orca_eval.benchmarks.types import Benchmark, Task
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.run.plan import Planner, Waiting, first_steps
from orca_eval.run.scored import CHUNK, ScoredSample, ScoredSamples
from orca_eval.types import Completion, Doc, FinishReason, Scored, Step

from .fakes import FakeEngine

REASONS: tuple[FinishReason, ...] = ("stop", "length", "failed")


def benchmark(name: str, docs: int) -> Benchmark:
    tasks = tuple(
        Task(
            task,
            "1",
            tuple(
                Doc(name, task, n, f"{n}", ({"role": "user", "content": f"{name} {task} {n}?"},),
                    "text", (("x",),), cluster=f"p{n // 3}" if task == "a" else None,
                    slices={"third": [f"{n % 3}"]} if task == "a" else None)
                for n in range(docs)
            ),
            docs,
            None,
            {},
        )
        for task in ("b", "a")
    )  # fmt: skip
    return Benchmark(name, name, "pooled", tasks, "0" * 64, "here")


def sample(waiting: Waiting, rng: random.Random) -> ScoredSample:
    score = float(rng.random() < 0.5)
    part = rng.choice([None, 0.0, 0.25, 1.0])
    answer = rng.choice([None, "", "A", "zwölf", "\U0001f600 and more", "x" * 300])
    figures = rng.choice([None, None, {"one": rng.random()}])
    evidence = None if answer is None else (rng.randrange(99), rng.randrange(10**6))
    scored = Scored(answer, rng.choice(["mark", "cue"]), evidence, rng.choice([None, score]), part,
                    part, figures, part, part)  # fmt: skip
    reason = rng.choice(REASONS)
    key, text = rng.randbytes(32), rng.getrandbits(62) - (1 << 61)
    tokens = rng.randrange(2**40), rng.randrange(2**20)
    silent = rng.random() < 0.1
    return ScoredSample(waiting, key, scored, not answer, silent, reason, *tokens, reason, text)


def test_what_went_in_comes_out_in_the_suites_order() -> None:
    rng, suite = random.Random(3), [benchmark("second", 40), benchmark("first", 30)]
    first = list(first_steps(suite, 4))
    told = Completion("said", "stop", 1, 1)
    put = []
    for index in range(300):
        put += [sample(each._replace(sample_index=index), rng) for each in first]
    asked = put[7].waiting
    put[7] = put[7]._replace(waiting=asked._replace(step=Step(asked.doc.messages, "judge"),
                                                    done=(told,)))  # fmt: skip
    assert len(put) > CHUNK
    samples, mixed = ScoredSamples(), rng.sample(put, len(put))
    for each in mixed:
        samples.append(each)
    assert list(samples) == mixed
    samples.sort(suite)
    assert len(samples) == len(put)
    tasks = [(b.id, t.name) for b in suite for t in b.tasks]

    def place(each: ScoredSample) -> tuple[int, int, int]:
        doc = each.waiting.doc
        return tasks.index((doc.benchmark, doc.task)), doc.doc_id, each.waiting.sample_index

    expected = sorted(put, key=place)
    assert list(samples) == expected
    assert list(samples.between(5, 9)) == expected[5:9]
    other = sample(expected[5].waiting, rng)
    samples.replace(5, other)
    expected[5] = other
    assert list(samples) == expected
    sums = tuple(sum(each) for each in zip(*((s[6], s[7]) for s in expected), strict=True))
    assert samples.tokens() == sums
    assert samples.only_reasoning() == sum(each.only_reasoning for each in expected)

    frame = samples.frame("first").reset_index(drop=True)
    rows = [each for each in expected if each.waiting.doc.benchmark == "first"]
    answers = [each.scored.answer for each in rows]
    assert len(frame) == len(rows)
    assert frame["answer"].astype(object).where(frame["answer"].notna(), None).tolist() == answers
    assert frame["figures"].tolist() == [each.scored.figures for each in rows]
    assert frame["doc_id"].tolist() == [each.waiting.doc.doc_id for each in rows]
    of = {name: name for name in ("score", "f1", "by_letter", "by_text")}
    for name, field in (of | {"exact_match_parts": "parts"}).items():
        put_in = [getattr(each.scored, field) for each in rows]
        known = [math.nan if value is None else value for value in put_in]
        assert frame[name].tolist() == pytest.approx(known, nan_ok=True)
    for name in ("empty", "only_reasoning", "finish_reason"):
        assert frame[name].tolist() == [getattr(each, name) for each in rows]
    assert frame["rule"].tolist() == [each.scored.rule for each in rows]
    assert frame["slices"].tolist() == [each.waiting.doc.slices for each in rows]
    assert frame["answered"].tolist() == [answer is not None for answer in answers]


def test_no_memory_of_a_run_grows_by_more_than_a_packed_row_a_sample() -> None:
    planner = Planner(run_config(compose_verb("run", [])), FakeEngine())
    waiting = next(first_steps([benchmark("one", 1)], 1))
    samples, scored = ScoredSamples(), Scored("42", "mark", (3, 5), 1.0)
    tracemalloc.start()
    try:
        (question,) = planner.add([waiting], 2 * CHUNK)
        before, _ = tracemalloc.get_traced_memory()
        for work in planner.works([question]):
            (each,) = work.waiting
            tokens = 9, 9
            samples.append(
                ScoredSample(each, work.key, scored, False, False, "stop", *tokens, "stop", 1)
            )
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(samples) == 2 * CHUNK
    assert (after - before) / len(samples) < 110
