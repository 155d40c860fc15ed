"""What a run is: the digits of its folder, and whether a finished one is still what is asked.

Everything that decides a printed number is in the digits, or is compared with the manifest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orca_eval.benchmarks.types import Benchmark
from orca_eval.config.schema import Average, RunConfig
from orca_eval.engines.base import Engine
from orca_eval.run import folder as run_dir

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


def find_folder(config: RunConfig, engine: Engine, benchmarks: Sequence[Benchmark]) -> Path:
    """The folder that this config, model and data always come back to."""
    identity = _of_answers(config, engine, benchmarks)
    if config.suite.averages != AS_AT_FIRST.get(config.suite.name, ()):
        identity["averages"] = [asdict(average) for average in config.suite.averages]
    outside = {b.id: b.content_sha256 for b in benchmarks if b.id.startswith(OUTSIDE)}
    if outside:
        identity["content"] = outside
    return _folder(config, identity)


def scope(config: RunConfig, engine: Engine, benchmarks: Sequence[Benchmark]) -> str:
    """Where an answer whose weights have no identity may serve again: runs that ask alike."""
    folder = _folder(config, _of_answers(config, engine, benchmarks))
    return f"{folder.name} {config.engine.base_url}"


def changes(
    manifest: Mapping[str, Any], config: RunConfig, benchmarks: Sequence[Benchmark]
) -> list[str]:
    """What a finished run's numbers and names were made from and is another now."""
    return list(dict.fromkeys(_changes(manifest, config, benchmarks)))


def _changes(
    manifest: Mapping[str, Any], config: RunConfig, benchmarks: Sequence[Benchmark]
) -> Iterator[str]:
    averages = [{"name": a.name, "benchmarks": list(a.benchmarks)} for a in config.suite.averages]
    model, entries = _mapping(manifest, "model"), _mapping(manifest, "benchmarks")
    if manifest.get("averages", averages) != averages:
        yield "suite.averages"
    if model.get("name", config.model.name) != config.model.name:
        yield "model.name"
    parameters = config.model.parameters
    if parameters and model.get("parameters", parameters) != parameters:
        yield "model.parameters"
    if manifest.get("suite", config.suite.name) != config.suite.name:
        yield "suite.name"
    if _mapping(manifest, "prompt").get("name", config.prompt.name) != config.prompt.name:
        yield "prompt.name"
    if list(entries) != [b.id for b in benchmarks]:
        yield "suite.benchmarks"
    for benchmark in benchmarks:
        entry = _mapping(entries, benchmark.id)
        for key in ("content_sha256", "aggregate", "alias"):
            now = getattr(benchmark, key)
            if entry.get(key, now) != now:
                yield f"the task {benchmark.id}"


def _of_answers(
    config: RunConfig, engine: Engine, benchmarks: Sequence[Benchmark]
) -> dict[str, Any]:
    return {
        "engine": engine.identity(),
        "base_url": config.engine.base_url,
        "model": [config.model.path, config.model.revision, config.model.adapter],
        "system_message": config.prompt.system_message,
        "sampling": asdict(config.sampling),
        "n": config.samples_per_doc,
        "limit": config.limit,
        "over_long": config.over_long,
        "data": {b.id: [b.data_sha256, [t.version for t in b.tasks]] for b in benchmarks},
    }


def _folder(config: RunConfig, identity: Mapping[str, Any]) -> Path:
    digits = run_dir.identity_hash(identity)
    names = (config.model.name, config.suite.name, config.prompt.name)
    return run_dir.run_folder(config.results_dir, *names, digits)


def _mapping(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = content.get(key)
    return value if isinstance(value, Mapping) else {}
