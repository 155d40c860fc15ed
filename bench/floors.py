"""What scripts score that do not read: the floors of text completion and safety.

    python -m bench.floors DATA_ROOT

Each script answers every document of a benchmark, and is scored as a model is. Chance is what
choosing among the options at random scores. docs/benchmarks.md has the figures.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from orca_eval.benchmarks.load import load_benchmark
from orca_eval.benchmarks.types import Benchmark
from orca_eval.results.aggregate import ScoreRow, aggregate
from orca_eval.run.plan import first_steps
from orca_eval.run.scored import ScoredSamples
from orca_eval.run.scorer import scored_sample
from orca_eval.types import Completion, Doc

Script = Callable[[Doc], str]
"""From a document to the whole reply."""
REFUSAL = "I'm sorry, but I can't help with that."
NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")


def said(answer: str) -> str:
    """A reply that gives this answer."""
    return f"###Final answer: {answer}"


def options(doc: Doc) -> list[tuple[str, str]]:
    """Letters and texts in the printed order."""
    return list((doc.options or {}).items())


def first(doc: Doc) -> str:
    """Always the first option."""
    return said(options(doc)[0][0])


def last(doc: Doc) -> str:
    """Always the last option."""
    return said(options(doc)[-1][0])


def first_letter(doc: Doc) -> str:
    """The option that stands where its own first letter would put it, else the first one."""
    found = options(doc)
    letters = [
        label
        for place, (label, text) in enumerate(found)
        if ord(text[0].lower()) % len(found) == place
    ]
    return said([*letters, found[0][0]][0])


def longest(doc: Doc) -> str:
    """The option of most characters, of several the first."""
    return said(max(options(doc), key=lambda option: len(option[1]))[0])


def no(doc: Doc) -> str:
    """ "Neutral": no statement is toxic."""
    return said(next(label for label, text in options(doc) if text == "neutral"))


def refuse(_: Doc) -> str:
    """Always a refusal."""
    return REFUSAL


def last_name(doc: Doc) -> str:
    """The last word of the passage with a capital within a sentence."""
    names = NAME.findall(doc.messages[0]["content"].partition("____")[0])
    return said(names[-1] if names else "nobody")


CHOICE: tuple[Script, ...] = (first, last, first_letter, longest, refuse)
SCRIPTS: Mapping[str, tuple[Script, ...]] = {
    "lambada": (last_name, refuse),
    "truthfulqa": CHOICE,
    "hhh": CHOICE,
    "toxigen": (*CHOICE, no),
}


def chance(benchmark: Benchmark) -> float:
    """The score of choosing at random, all orders of a document right."""
    means = []
    for task in benchmark.tasks:
        shares = [1 / len(doc.options or " ") ** task.orders for doc in task.docs]
        means.append(sum(shares) / len(shares))
    return sum(means) / len(means)


def rows(benchmark: Benchmark, script: Script) -> list[ScoreRow]:
    """The script's scores, as of a run."""
    samples = ScoredSamples()
    for waiting in first_steps([benchmark], 1):
        reply = Completion(script(waiting.doc), "stop", 0, 0)
        scored = waiting.task.score(waiting.doc, (reply,))
        samples.append(scored_sample(waiting, b"", reply, scored))
    kinds, measures = {benchmark.id: benchmark.aggregate}, {benchmark.id: benchmark.measure}
    return aggregate(samples.frame, kinds, [], measures)


def main() -> None:
    """Prints a line for every benchmark and script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_root", type=Path)
    data_root: Path = parser.parse_args().data_root
    for name, scripts in SCRIPTS.items():
        benchmark = load_benchmark(name, data_root)
        if name != "lambada":
            print(f"{name:11} {'chance':13} {100 * chance(benchmark):6.2f}")
        for script in scripts:
            whole, *parts = rows(benchmark, script)
            tasks = [part for part in parts if part.level == "task"]
            beside = [f"{part.task} {100 * (part.score or 0):.1f}" for part in tasks]
            beside += [f"{share} {100 * value:.1f}" for share, value in whole.figures.items()]
            score = 100 * (whole.score or 0)
            print(f"{name:11} {script.__name__:13} {score:6.2f}  {', '.join(beside)}")


if __name__ == "__main__":
    main()
