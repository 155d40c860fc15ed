"""The scores that smaller max_tokens would have given, from the tokens of one run's replies.

A reply that ends within a budget is what it is; of a longer one the first tokens are read as the
cut reply that a run with that budget would have had, and scored like one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

import pandas as pd

from orca_eval.benchmarks.types import Benchmark
from orca_eval.engines.base import Shortens
from orca_eval.results.aggregate import WHOLE, Average, ScoreRow, aggregate
from orca_eval.run.samples import CHUNK, Responses
from orca_eval.run.scored import ScoredSample, ScoredSamples
from orca_eval.run.scorer import scored_sample
from orca_eval.types import Completion, Conflict, ReadReasoning, once

LEAST = 8
"""Tokens, in which a bare letter fits."""

Score = Callable[[ScoredSample, Completion], ScoredSample]


def budgets_below(most: int) -> list[int]:
    """The powers of two from LEAST on that are smaller."""
    return [
        1 << bits for bits in range(LEAST.bit_length() - 1, most.bit_length()) if 1 << bits < most
    ]


def scored_as_asked(conflict: Conflict, reasoning: ReadReasoning) -> Score:
    """Scores a sample's shortened reply as the run scores."""

    def score(sample: ScoredSample, reply: Completion) -> ScoredSample:
        waiting = sample.waiting
        scored = waiting.task.score(waiting.doc, (reply.read(reasoning),), conflict)
        return scored_sample(waiting, sample.key, reply, scored)

    return score


class BudgetCurve:
    """A run's samples, in their order, as smaller budgets would have cut them."""

    def __init__(
        self, samples: ScoredSamples, responses: Responses, engine: Shortens, score: Score
    ) -> None:
        self._samples, self._responses = samples, responses
        self._engine, self._score = engine, score

    def rows(
        self, budgets: Iterable[int], benchmarks: Sequence[Benchmark], averages: Sequence[Average]
    ) -> dict[int, list[ScoreRow]]:
        """Benchmarks and averages by budget, but for what is asked in several steps: a shorter
        first answer would have been followed by others."""
        asked_once = [b for b in benchmarks if all(task.ask is once for task in b.tasks)]
        kinds = {b.id: b.aggregate for b in asked_once}
        measures = {b.id: b.measure for b in asked_once}
        return {
            budget: [
                row
                for row in aggregate(partial(self._frame, budget), kinds, averages, measures)
                if row.level in WHOLE and row.score is not None
            ]
            for budget in budgets
        }

    def _frame(self, budget: int, benchmark: str) -> pd.DataFrame:
        """A benchmark's samples, as `aggregate` takes them."""
        shortened = ScoredSamples()
        places = self._samples.places(benchmark)
        for start in range(places.start, places.stop, CHUNK):
            chunk = list(self._samples.between(start, min(start + CHUNK, places.stop)))
            for sample in self._cut(budget, chunk):
                shortened.append(sample)
        return shortened.frame(benchmark)

    def _cut(self, budget: int, chunk: Sequence[ScoredSample]) -> Iterator[ScoredSample]:
        longer = [sample.key for sample in chunk if sample.completion_tokens > budget]
        replies: Mapping[bytes, Completion] = self._responses(longer) if longer else {}
        for sample in chunk:
            if sample.completion_tokens > budget and sample.key in replies:
                yield self._score(sample, self._engine.shortened(replies[sample.key], budget))
            else:
                yield sample
