"""What a run's documents take: tokens, seconds and money, all answers to a document together."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow.compute as pc

from orca_eval.config.schema import Price
from orca_eval.results.aggregate import SHARE, ScoreRow
from orca_eval.results.manifest import BenchmarkEntry, Manifest
from orca_eval.results.reading import SAMPLES
from orca_eval.results.samples import open_samples

MILLION = 1e6
HOUR = 3600.0
_COUNTED = ("prompt_tokens", "completion_tokens", "reasoning_tokens")
_UNSENT = "skipped"  # the prompt was counted, and nothing asked


@dataclass(frozen=True, slots=True)
class Cost:
    """Means over documents; None for what nobody counted. `reasoning` is among `completion`.

    `seconds` are a benchmark's part of the wall time of generating, by the tokens that it
    generated, over the documents that these answered; `timed` is the share of its answers that are
    not of an earlier run. `solved` is the mean score, None where scores are no shares of right
    answers.
    """

    prompt: float | None
    completion: float | None
    reasoning: float | None
    seconds: float | None
    timed: float
    solved: float | None

    def money(self, price: Price) -> float | None:
        """What a document costs; None without a price, or without what it is paid for."""
        if price.hour is not None:
            return None if self.seconds is None else self.seconds * price.hour / HOUR
        if price.prompt is None or price.completion is None:
            return None
        if self.prompt is None or self.completion is None:
            return None
        reasoning = self.reasoning or 0.0
        of_reasoning = price.completion if price.reasoning is None else price.reasoning
        paid = (
            self.prompt * price.prompt,
            (self.completion - reasoning) * price.completion,
            reasoning * of_reasoning,
        )
        return math.fsum(paid) / MILLION

    def per_solved(self, figure: float | None) -> float | None:
        """A figure for each document that was solved: the sum over the sum of the scores."""
        return None if figure is None or not self.solved else figure / self.solved


def costs(
    folder: Path,
    manifest: Manifest,
    rows: Iterable[ScoreRow],
    averages: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Cost]:
    """Those of every benchmark, and of the averages whose benchmarks all ran: means in which each
    benchmark counts alike, as in their scores. `averages` are the manifest's unless others are
    given.

    Raises:
        DamagedError: the samples can't be read.
    """
    samples = folder / SAMPLES
    tokens, solved = _tokens(samples, samples.stat().st_mtime_ns), _solved(rows)
    seconds, entries = manifest.speed.get("seconds"), manifest.benchmarks
    generated = math.fsum(entry.generated.tokens for entry in entries.values())
    per_token = seconds / generated if seconds and generated else None
    found = {
        name: _cost(entry, tokens.get(name, {}), solved.get(name, 0.0), per_token)
        for name, entry in entries.items()
        if entry.n
    }
    if averages is None:
        averages = {average.name: average.benchmarks for average in manifest.averages}
    whole = {name: names for name, names in averages.items() if found.keys() >= {*names}}
    return found | {name: _mean([found[each] for each in names]) for name, names in whole.items()}


@lru_cache(maxsize=8)  # a run's end asks for its report, its table and its JSON
def _tokens(path: Path, _changed: int) -> Mapping[str, Mapping[str, int]]:
    """Sums by benchmark and column, of what was sent; a column of which no sample of the benchmark
    has a number is not there."""
    sums: dict[str, Counter[str]] = {}
    with open_samples(path) as file:
        counted = [name for name in _COUNTED if name in file.schema.names]
        for number in range(file.groups):
            part = file.group(number, ["benchmark", "finish_reason", *counted])
            sent = part.filter(pc.not_equal(part["finish_reason"], _UNSENT))
            groups = sent.group_by("benchmark").aggregate([(name, "sum") for name in counted])
            for group in groups.to_pylist():
                found = {name: group[f"{name}_sum"] for name in counted}
                known = {name: int(total) for name, total in found.items() if total is not None}
                sums.setdefault(group["benchmark"], Counter()).update(known)
    return sums


def _solved(rows: Iterable[ScoreRow]) -> dict[str, float]:
    """The sum of the documents' scores by benchmark: a task's mean is over its documents alone."""
    whole = {row.benchmark: row for row in rows if row.level == "benchmark"}
    tasks: dict[str, list[ScoreRow]] = {name: [] for name in whole}
    for row in rows:
        if row.level == "task" and row.benchmark in tasks:
            tasks[row.benchmark].append(row)
    return {
        name: math.fsum((part.score or 0.0) * part.n for part in tasks[name] or [row])
        for name, row in whole.items()
    }


def _cost(
    entry: BenchmarkEntry, tokens: Mapping[str, int], solved: float, per_token: float | None
) -> Cost:
    generated = entry.generated
    timed = generated.answers / generated.of if generated.of else 0.0
    seconds = per_token * generated.tokens / timed if per_token and timed else None

    def each(total: float | None) -> float | None:
        return None if total is None else total / entry.n

    return Cost(
        prompt=each(tokens.get("prompt_tokens") or None),  # a server that counts nothing says 0
        completion=each(tokens.get("completion_tokens") or None),
        reasoning=each(tokens.get("reasoning_tokens")),
        seconds=each(seconds),
        timed=timed,
        solved=each(solved) if entry.measure.scale == SHARE else None,
    )


def _mean(parts: Sequence[Cost]) -> Cost:
    """None where a part has none. Where nobody told of reasoning, in some of the parts, is none."""

    def mean(figures: Iterable[float | None]) -> float | None:
        known = [figure for figure in figures if figure is not None]
        return math.fsum(known) / len(parts) if len(known) == len(parts) else None

    told = [part.reasoning for part in parts if part.reasoning is not None]
    return Cost(
        prompt=mean(part.prompt for part in parts),
        completion=mean(part.completion for part in parts),
        reasoning=math.fsum(told) / len(parts) if told else None,
        seconds=mean(part.seconds for part in parts),
        timed=math.fsum(part.timed for part in parts) / len(parts),
        solved=mean(part.solved for part in parts),
    )
