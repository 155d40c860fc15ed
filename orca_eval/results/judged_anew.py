"""Stored verdicts, read again: by the task of ours that asked for them, and without its data."""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from orca_eval.benchmarks.specs import TaskSpec, read_specs
from orca_eval.types import Completion, Doc, ReadReasoning, Scored

_READ = ("benchmark", "task", "doc_id", "doc_hash", "golds", "figures", "conversation")


def judged_anew(samples: pd.DataFrame, reasoning: ReadReasoning) -> dict[int, Scored]:
    """The scores of the samples that have verdicts, by their places.

    A task's `score` gets a document of what samples keep: its golds, and in `extra` the `figures`
    as they were.
    """
    if any(name not in samples for name in _READ):
        return {}
    tasks = {
        (name, task.name): task
        for name, spec in read_specs().items()
        if "judge" in spec.roles
        for task in spec.tasks
    }
    return dict(_scored(samples, tasks, reasoning))


def _scored(
    samples: pd.DataFrame, tasks: dict[tuple[str, str], TaskSpec], reasoning: ReadReasoning
) -> Iterator[tuple[int, Scored]]:
    for place, row in enumerate(samples[list(_READ)].itertuples(index=False, name=None)):
        benchmark, name, doc_id, doc_hash, golds, figures, conversation = row
        task = tasks.get((benchmark.partition("/")[0], name))  # `mt_bench/turn_1` is one of it
        if task is None or task.score is None or not isinstance(conversation, str):
            continue
        extra = {"figures": json.loads(figures) if isinstance(figures, str) else {}}
        variants = tuple(map(tuple, json.loads(golds)))
        doc = Doc(benchmark, name, doc_id, doc_hash, (), "text", variants, extra=extra)
        done = [_completion(step).read(reasoning) for step in json.loads(conversation)]
        yield place, task.score(doc, done)


def _completion(step: dict[str, Any]) -> Completion:
    ended = step.get("finish_reason", "stop")
    return Completion(step["response"], ended, 0, 0, reasoning=step.get("reasoning", ""))
