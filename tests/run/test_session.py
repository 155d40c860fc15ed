"""One session over several benchmarks: what they share is generated once and scored for each."""

from __future__ import annotations

from collections.abc import Sequence
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
from orca_eval.types import Completion, Doc, Message, Scored, Step

from .fakes import FakeEngine

QUESTION = Doc(
    "first", "part", 0, "hash", ({"role": "user", "content": "Say four"},), "text", (("four",),)
)


def benchmark(name: str, *docs: Doc) -> Benchmark:
    task = Task("part", "1", tuple(doc._replace(benchmark=name) for doc in docs), len(docs), None,
                {})  # fmt: skip
    return Benchmark(name, name.title(), "pooled", (task,), "0" * 64, "here")


def outcome(
    engine: FakeEngine, folder: Path, *benchmarks: Benchmark, judge: FakeEngine | None = None,
    overrides: Sequence[str] = (),
) -> Session:  # fmt: skip
    config = run_config(compose_verb("run", overrides))
    with ResponseStore(folder / "store") as store:
        beginning = find_beginning(folder, None, fresh=False)
        session = Session(config, engine, list(benchmarks), store, beginning, Phases(), judge)
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


def ask(doc: Doc, done: Sequence[Completion]) -> Step | None:
    """Two questions, then the judge."""
    text = "".join(f" {answer.text}" for answer in done)
    message: Message = {"role": "user", "content": f"{doc.messages[0]['content']}{text}"}
    return Step((message,), "judge" if len(done) == 2 else "model") if len(done) < 3 else None


def score(_: Doc, done: Sequence[Completion]) -> Scored:
    return Scored(done[-1].text, "judge", None, float(len(done)))


@pytest.mark.parametrize("resident", [False, True])
def test_the_model_makes_room_for_the_judge_unless_both_are_to_stay(
    tmp_path: Path, resident: bool
) -> None:
    happened: list[str] = []

    class Told(FakeEngine):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        async def start(self) -> None:
            happened.append(f"start {self.name}")

        async def close(self) -> None:
            happened.append(f"close {self.name}")

    docs = [QUESTION._replace(doc_id=number) for number in range(2)]
    task = Task("part", "1", tuple(docs), 2, None, {}, score, ask)
    judged = Benchmark("first", "First", "pooled", (task,), "0" * 64, "here")
    overrides = ["judge.model.path=m", f"judge.resident={str(resident).lower()}"]
    engine, judge = Told("model"), Told("judge")
    found = outcome(engine, tmp_path, judged, judge=judge, overrides=overrides)
    due = ["start model", "close model", "start judge", "close judge"]
    both = ["start model", "start judge", "close model", "close judge"]
    assert happened == (both if resident else due)
    assert [sample.scored.score for sample in found.samples] == [3.0, 3.0]
    assert len(engine.seen) == 2  # both docs ask alike
    assert [request.prompt for request in judge.seen] == ["Say four four four"]


def test_a_role_that_no_file_names_is_a_line(tmp_path: Path) -> None:
    task = Task("part", "1", (QUESTION,), 1, None, {}, score, ask)
    judged = Benchmark("first", "First", "pooled", (task,), "0" * 64, "here")
    with pytest.raises(RunError, match=r"first/part asks a judge; name it in its file's metadata"):
        outcome(FakeEngine(), tmp_path, judged)


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
    samples.sort([benchmark("first", QUESTION)])
    (sample,) = samples
    assert sample.scored.score == 1.0
    path = tmp_path / "samples.parquet"
    text = "Final answer: five\n\nIt was"
    put = {sample.key: Completion(text, "length", 2, 9)}
    write_samples(path, samples, Prompter(engine.tokenizer, ""), lambda _: put)
    (written,) = samples
    assert written.scored.score == 0.0
    row = pd.read_parquet(path).loc[0]
    assert (row["response"], row["answer"], row["score"]) == (text, "five", 0.0)
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
