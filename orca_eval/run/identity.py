"""What a run is: the digits of its folder, and whether a finished one is still what is asked.

Everything that decides a printed number is in the digits, or is compared with the manifest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orca_eval.benchmarks.types import Benchmark
from orca_eval.config.schema import OWN_STRATEGY, Average, RunConfig, as_judge
from orca_eval.engines.base import Engine
from orca_eval.results import folder as run_dir

if TYPE_CHECKING:
    from orca_eval.results.manifest import Manifest

OF_A_JUDGE = ("engine", "base_url", "model", "sampling")
OUTSIDE = "lm_eval:"  # a task of someone else's: its file may change while its version stays

REASONING = Average("Reasoning average (6)", ("agieval", "bbh", "drop", "crass", "race", "gsm8k"))
KNOWLEDGE = Average("Knowledge average (3)", ("mmlu", "arc_easy", "arc_challenge"))
# Digits were made without averages at first. The suites as they were then keep theirs, so that
# runs are found again; any other average makes other digits.
AS_AT_FIRST = {
    "orca2_core": (REASONING, KNOWLEDGE),
    "quickstart": (REASONING, KNOWLEDGE),
    "orca2_reasoning": (REASONING,),
    "orca2_knowledge": (KNOWLEDGE,),
}


def find_folder(
    config: RunConfig, engine: Engine, benchmarks: Sequence[Benchmark], judge: Engine | None = None
) -> Path:
    """The folder that this config, model, data and judge always come back to."""
    identity = _of_answers(config, engine, benchmarks)
    if judge is not None and config.judge is not None:
        asked = as_judge(config, config.judge)
        identity["judge"] = {
            key: value for key, value in _of_answers(asked, judge, ()).items() if key in OF_A_JUDGE
        }
    if config.suite.averages != AS_AT_FIRST.get(config.suite.name, ()):
        identity["averages"] = [asdict(average) for average in config.suite.averages]
    if references := {b.id: b.reference for b in benchmarks if b.reference}:
        identity["references"] = references
    if config.conflict != "none":
        identity["conflict"] = config.conflict
    if config.reasoning != "apart":
        identity["reasoning"] = config.reasoning
    outside = {b.id: b.content_sha256 for b in benchmarks if b.id.startswith(OUTSIDE)}
    if outside:
        identity["content"] = outside
    return _folder(config, identity)


def scope(
    config: RunConfig, engine: Engine, benchmarks: Sequence[Benchmark], base_url: str | None
) -> str:
    """Where an answer from `base_url` whose weights have no identity may serve again: runs that ask
    alike."""
    folder = _folder(config, _of_answers(config, engine, benchmarks))
    return f"{folder.name} {base_url}"


def changes(manifest: Manifest, config: RunConfig, benchmarks: Sequence[Benchmark]) -> list[str]:
    """What a finished run's numbers and names were made from and is another now."""
    averages = [{"name": a.name, "benchmarks": list(a.benchmarks)} for a in config.suite.averages]
    asked: dict[str, tuple[Any, ...]] = {
        "suite.averages": (averages, "averages"),
        "model.name": (config.model.name, "model", "name"),
        "model.parameters": (config.model.parameters, "model", "parameters"),
        "suite.name": (config.suite.name, "suite"),
        "prompt.name": (config.prompt.name, "prompt", "name"),
        "strategy.name": (config.strategy.name, "strategy", "name"),
    }
    found = [name for name, part in asked.items() if _differs(manifest, *part)]
    if list(manifest.benchmarks) != [b.id for b in benchmarks]:
        found.append("suite.benchmarks")
    keys = ("content_sha256", "aggregate", "alias")
    return found + [
        f"the task {b.id}"
        for b in benchmarks
        if any(_differs(manifest, getattr(b, key), "benchmarks", b.id, key) for key in keys)
    ]


def _differs(manifest: Manifest, now: Any, *path: str) -> bool:
    """Whether the manifest records another value; nothing is asked where it is None."""
    return now is not None and manifest.get(*path, default=now) != now


def _of_answers(
    config: RunConfig, engine: Engine, benchmarks: Sequence[Benchmark]
) -> dict[str, Any]:
    asked = {
        "engine": engine.identity(),
        "base_url": config.engine.base_url,
        "model": [config.model.path, config.model.revision, config.model.adapter],
        "system_message": config.prompt.system_message,
        "sampling": config.sampling.told(),
        "n": config.samples_per_doc,
        "limit": config.limit,
        "over_long": config.over_long,
        "data": {b.id: [b.data_sha256, [t.version for t in b.tasks]] for b in benchmarks},
    }
    asked |= {"task_sampling": True} if config.prompt.task_sampling else {}
    strategy = config.strategy.told()
    asked |= {"strategy": strategy} if strategy != OWN_STRATEGY.told() else {}
    turn = config.prompt.system_turn
    return asked | ({} if turn is True else {"system_turn": turn})


def _folder(config: RunConfig, identity: Mapping[str, Any]) -> Path:
    own = config.strategy.name == OWN_STRATEGY.name
    prompt = config.prompt.name if own else f"{config.prompt.name}-{config.strategy.name}"
    names = (config.model.name, config.suite.name, prompt)
    return run_dir.run_folder(config.results_dir, *names, identity)
