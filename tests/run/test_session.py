"""One session over several benchmarks: what they share is generated once and scored for each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from orca_eval.benchmarks.scorer import score_by_extraction
from orca_eval.benchmarks.types import Benchmark, Task
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.run.session import Outcome, Phases, Session, run_session
from orca_eval.store import ResponseStore
from orca_eval.types import Doc

from .fakes import FakeEngine

QUESTION = Doc(
    "first", "part", 0, "hash", ({"role": "user", "content": "Say four"},), "text", (("four",),)
)


def benchmark(name: str, *docs: Doc) -> Benchmark:
    task = Task("part", "1", tuple(replace(doc, benchmark=name) for doc in docs), len(docs), None,
                {}, score_by_extraction)  # fmt: skip
    return Benchmark(name, name.title(), "pooled", (task,), "0" * 64, "here")


def outcome(engine: FakeEngine, folder: Path) -> Outcome:
    other = replace(QUESTION, doc_id=1, messages=({"role": "user", "content": "Say five"},))
    benchmarks = [benchmark("first", QUESTION), benchmark("second", other, QUESTION)]
    config = run_config(compose_verb("run", []))
    with ResponseStore(folder / "store") as store:
        return run_session(Session(config, engine, benchmarks, store, folder, Phases()))


def test_a_prompt_of_two_benchmarks_is_generated_once_and_reused_for_both(tmp_path: Path) -> None:
    for made, reused in ((2, 0), (0, 3)):
        engine = FakeEngine()
        found = outcome(engine, tmp_path)
        assert len(engine.seen) == made
        assert engine.started == bool(made)
        assert found.counts.reused == reused
        samples = {(s.waiting.doc.benchmark, s.waiting.doc.doc_id): s for s in found.samples}
        assert samples.keys() == {("first", 0), ("second", 0), ("second", 1)}
        assert len(found.samples) == 3
        assert samples["first", 0].scored.answer == samples["second", 0].scored.answer == "four"
        assert samples["second", 1].scored.score == 0.0
