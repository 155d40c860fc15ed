"""A judge's grades beside people's votes: MT-Bench, on answers that a file of FastChat's holds.

A line of the file, of our own writing:

    {"question_id": 7, "model_id": "some-7b", "choices": [{"turns": ["Four.", "Sixteen."]}]}
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from orca_eval.benchmarks.items import Item, Row, per_rows
from orca_eval.benchmarks.specs import BenchmarkSpec, Presentation, Source, TaskSpec
from orca_eval.errors import InputError
from orca_eval.judges.trust import Said, Votes
from orca_eval.judges.verdict import grade
from orca_eval.stats import agreement, kappa
from orca_eval.types import Completion, Doc, Scored, Step

VOTES = "judge_votes"
TIE = "tie"
Pair = tuple[str, str]
Answers = Mapping[tuple[int, str], Sequence[str]]
"""The turns of a model's answer, by question and model."""


def read_answers(path: Path) -> Answers:
    """Reads the answers. InputError names the first line that holds none."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "not in UTF-8"
        raise InputError(f"judge.answers={path}: {said}") from error
    answers: dict[tuple[int, str], Sequence[str]] = {}
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            turns = [str(turn) for turn in row["choices"][0]["turns"]]
            answers[int(row["question_id"]), str(row["model_id"])] = turns
        except (ValueError, LookupError, TypeError) as error:
            raise InputError(
                f"judge.answers={path}: line {number} is no answer; one is "
                '{"question_id": 81, "model_id": "NAME", "choices": [{"turns": ["…", "…"]}]}'
            ) from error
    return answers


def votes_spec(mt_bench: BenchmarkSpec, answers: Answers) -> BenchmarkSpec:
    """MT-Bench with the judge's steps alone, on these answers."""
    tasks = [
        replace(task, process_docs=_process(task, turn, answers), ask=_ask, score=_score)
        for turn, task in enumerate(mt_bench.tasks, start=1)
    ]
    heading = Presentation(parts="turns", heading="Judge check")
    return replace(
        mt_bench,
        id=VOTES,
        alias="Grades (MT-Bench)",
        tasks=tuple(tasks),
        roles=("model",),
        presentation=heading,
    )


def votes_source(mt_bench: BenchmarkSpec) -> Source:
    """Where people's votes are."""
    return replace(mt_bench.tasks[0].source, config="human_votes", split="human")


def votes_of(samples: pd.DataFrame, votes: Iterable[Row]) -> tuple[Votes, ...]:
    """By turn: the winner by the judge's grades, a tie where they are the same, beside each vote;
    and any two votes on the same two answers that the judge graded."""
    grades: dict[tuple[str, int, str], float] = {}
    graded = samples[samples["score"].notna()]
    columns = (graded[name] for name in ("task", "cluster", "slices", "score"))
    for task, question, slices, score in zip(*columns, strict=True):
        grades[task, int(question), json.loads(slices)["model"][0]] = score
    cast: dict[tuple[int, int, str, str], list[str]] = {}
    for row in votes:
        unit = row["turn"], row["question_id"], row["model_a"], row["model_b"]
        cast.setdefault(unit, []).append(row["winner"])
    judged: dict[int, list[Pair]] = {turn: [] for turn in sorted({unit[0] for unit in cast})}
    people: dict[int, list[Pair]] = {turn: [] for turn in judged}
    for (turn, question, *models), winners in cast.items():
        one, other = (grades.get((f"turn_{turn}", question, model)) for model in models)
        if one is not None and other is not None:
            winner = TIE if one == other else "model_a" if one > other else "model_b"
            judged[turn] += [(winner, vote) for vote in winners]
            people[turn] += combinations(winners, 2)
    return tuple(Votes(*_both(judged[turn]), *_both(people[turn])) for turn in judged)


def _both(pairs: Sequence[Pair]) -> tuple[Said, Said]:
    """All pairs, and those without ties."""
    return _said(pairs), _said([pair for pair in pairs if TIE not in pair])


def _said(pairs: Sequence[Pair]) -> Said:
    one, other = [a for a, _ in pairs], [b for _, b in pairs]
    return Said(agreement(one, other), kappa(one, other))


def _process(task: TaskSpec, turn: int, answers: Answers) -> Callable[..., list[Item]]:
    """Docs of a turn: every model's answer to a question is one way of asking about it."""
    models = sorted({model for _, model in answers})

    def process_docs(rows: Sequence[Row], prompts: Sequence[Row]) -> list[Item]:
        items = {
            id(row): item for row, item in zip(rows, task.process_docs(rows, prompts), strict=True)
        }

        def of_models(row: Row) -> list[Item]:
            found = []
            for model in models:
                turns = answers.get((row["question_id"], model), ())[:turn]
                if len(turns) == turn:
                    step = _judges(task, items[id(row)], turns)
                    extra = {"messages": [dict(message) for message in step.messages]}
                    item = {**items[id(row)], "extra": extra, "slices": {"model": [model]}}
                    found.append(Item(**item))  # type: ignore[typeddict-item]
            return found

        made: list[Item] = per_rows(of_models)(rows)
        return made

    return process_docs


def _judges(task: TaskSpec, item: Item, turns: Sequence[str]) -> Step:
    """What MT-Bench asks its judge when these are the answers."""
    doc = Doc(VOTES, task.name, 0, "", (), "text", (), extra=item["extra"])
    step: Step = task.ask(doc, [Completion(text, "stop", 0, 0) for text in turns])
    return step


def _ask(doc: Doc, done: Sequence[Completion]) -> Step | None:
    extra: Mapping[str, Any] = doc.extra or {}
    return None if done else Step(tuple(extra["messages"]))


def _score(_doc: Doc, done: Sequence[Completion]) -> Scored:
    found = grade(done[-1].text)
    return Scored(None if found is None else f"{found:g}", "judge", None, found)
