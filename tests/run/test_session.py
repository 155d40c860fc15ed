"""One session over several benchmarks: what they share is generated once and scored for each."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from orca_eval.benchmarks.types import Benchmark, Task
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.errors import InputError, RunError
from orca_eval.run.beginning import find_beginning
from orca_eval.run.plan import Prompter
from orca_eval.run.samples import write_samples
from orca_eval.run.session import Phases, Session, run_session
from orca_eval.store import ResponseStore
from orca_eval.types import Completion, Doc

from .fakes import FakeEngine

QUESTION = Doc(
    "first", "part", 0, "hash", ({"role": "user", "content": "Say four"},), "text", (("four",),)
)


def benchmark(name: str, *docs: Doc) -> Benchmark:
    task = Task("part", "1", tuple(doc._replace(benchmark=name) for doc in docs), len(docs), None,
                {})  # fmt: skip
    return Benchmark(name, name.title(), "pooled", (task,), "0" * 64, "here")


def outcome(engine: FakeEngine, folder: Path, *benchmarks: Benchmark) -> Session:
    config = run_config(compose_verb("run", []))
    with ResponseStore(folder / "store") as store:
        beginning = find_beginning(folder, None, fresh=False)
        session = Session(config, engine, list(benchmarks), store, beginning, Phases())
        run_session(session)
        return session


def test_a_prompt_of_two_benchmarks_is_generated_once_and_reused_for_both(tmp_path: Path) -> None:
    other = QUESTION._replace(doc_id=1, messages=({"role": "user", "content": "Say five"},))
    benchmarks = [benchmark("first", QUESTION), benchmark("second", other, QUESTION)]
    for made, reused in ((2, 0), (0, 3)):
        engine = FakeEngine()
        found = outcome(engine, tmp_path, *benchmarks)
        assert len(engine.seen) == made
        assert engine.started == bool(made)
        assert found.counts.reused == reused
        samples = {(s.waiting.doc.benchmark, s.waiting.doc.doc_id): s for s in found.samples}
        assert samples.keys() == {("first", 0), ("second", 0), ("second", 1)}
        assert len(found.samples) == 3
        assert samples["first", 0].scored.answer == samples["second", 0].scored.answer == "four"
        assert samples["second", 1].scored.score == 0.0


def test_a_prompt_that_does_not_fit_is_refused_before_the_engine_starts(tmp_path: Path) -> None:
    long = QUESTION._replace(messages=({"role": "user", "content": "word " * 2000},))
    engine = FakeEngine(context_length=1100)
    with pytest.raises(InputError, match="second/part doc 0"):
        outcome(engine, tmp_path, benchmark("first", QUESTION), benchmark("second", long))
    assert not engine.started


def test_a_text_that_another_run_has_put_meanwhile_is_scored_before_it_is_written(
    tmp_path: Path,
) -> None:
    engine = FakeEngine()
    samples = outcome(engine, tmp_path, benchmark("first", QUESTION)).samples
    assert samples[0].scored.score == 1.0
    path = tmp_path / "samples.parquet"
    put = {samples[0].key: Completion("Final answer: five", "length", 2, 9)}
    (written,) = write_samples(path, samples, Prompter(engine.tokenizer, ""), lambda _: put)
    assert written.scored.score == 0.0
    row = pd.read_parquet(path).loc[0]
    assert (row["response"], row["answer"], row["score"]) == ("Final answer: five", "five", 0.0)
    assert (row["finish_reason"], row["completion_tokens"]) == ("length", 9)


def test_what_was_finished_before_the_engine_died_is_not_generated_again(tmp_path: Path) -> None:
    docs = [
        QUESTION._replace(doc_id=n, messages=({"role": "user", "content": f"Say {n}"},))
        for n in range(20)
    ]
    with pytest.raises(RunError, match="the engine died"):
        outcome(FakeEngine(die_after=8, delay=0.01), tmp_path, benchmark("first", *docs))
    engine = FakeEngine()
    found = outcome(engine, tmp_path, benchmark("first", *docs))
    assert found.counts.reused >= 4
    assert len(engine.seen) == 20 - found.counts.reused
    assert len(found.samples) == 20
