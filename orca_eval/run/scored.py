"""The scored samples of a run, packed: 80 bytes and an answer each, however many there are.

What many samples have in common (their doc, their rule, how a reply ended) is kept once.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.recfunctions import repack_fields
from numpy.typing import NDArray

from orca_eval.benchmarks.types import Benchmark
from orca_eval.run.plan import Waiting
from orca_eval.types import FinishReason, Scored

CHUNK = 1 << 15
NOWHERE = -1  # where the evidence of none begins
_ROW = np.dtype(
    [
        ("waiting", np.int32),
        ("sample_index", np.int32),
        ("key", "V32"),
        ("verdict", np.int32),
        *((name, np.int32) for name in ("answer_end", "evidence_start", "evidence_end")),
        *((name, np.int64) for name in ("prompt_tokens", "completion_tokens", "text_hash")),
    ]
)
_OF_SCORES = ["waiting", "sample_index", "verdict", "answer_end"]


class ScoredSample(NamedTuple):
    """A sample without its last answer, which stays in the store, under `key`."""

    waiting: Waiting
    key: bytes
    scored: Scored
    empty: bool
    only_reasoning: bool
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    last_reason: FinishReason
    """How the last answer ended: one that never came is not in the store."""
    text_hash: int
    """`text_hash` of the last answer, good within this process."""


class Verdict(NamedTuple):
    """What many samples share. `parts` is their exact_match_parts."""

    answered: bool
    rule: str
    score: float | None
    f1: float | None
    parts: float | None
    by_letter: float | None
    by_text: float | None
    empty: bool
    only_reasoning: bool
    finish_reason: FinishReason
    last_reason: FinishReason


_OF_VERDICTS = {
    **{name: name for name in ("score", "f1", "by_letter", "by_text", "rule")},
    **{name: name for name in ("answered", "empty", "only_reasoning", "finish_reason")},
    "exact_match_parts": "parts",
}
"""The columns that verdicts tell, by their fields."""


class Packed(NamedTuple):
    """Some samples as they are packed, for a file of them: unpacking each costs more than writing.

    `waiting` and `verdicts` are the different ones, and the codes say whose each sample is;
    `rows` has the fields of `_ROW`. A Waiting is that of its doc's first sample.
    """

    rows: NDArray[np.void]
    waiting: list[Waiting]
    waiting_codes: NDArray[np.int64]
    verdicts: list[Verdict]
    verdict_codes: NDArray[np.int64]
    answers: list[str | None]
    figures: list[Mapping[str, float] | None]


class ScoredSamples:
    """The samples in the order in which they came, or, once sorted, in the suite's; an index is a
    place in that order.
    """

    def __init__(self) -> None:
        self._order: NDArray[np.int64] | None = None  # the rows by their places
        self._chunks: list[NDArray[np.void]] = []
        self._answers: list[bytearray] = []  # of each chunk, end to end
        self._count = 0
        self._waiting: list[Waiting] = []
        self._of_doc: dict[int, int] = {}  # by a doc's id, which stays: its Waiting is kept
        self._benchmarks: dict[str, int] = {}
        self._of_waiting = array("i")  # the benchmark of each
        self._verdicts: dict[Verdict, int] = {}
        self._figures: dict[int, Mapping[str, float]] = {}

    def __len__(self) -> int:
        return self._count if self._order is None else len(self._order)

    def __iter__(self) -> Iterator[ScoredSample]:
        return self.between(0, len(self))

    def between(self, start: int, end: int) -> Iterator[ScoredSample]:
        """The samples at these places."""
        verdicts = list(self._verdicts)
        rows = range(start, end) if self._order is None else self._order[start:end].tolist()
        return (self._unpacked(row, verdicts) for row in rows)

    def packed(self, start: int, end: int) -> Packed:
        """The samples at these places."""
        places = self._rows()[start:end]
        rows = self._gathered(places)
        waiting, waiting_codes = np.unique(rows["waiting"], return_inverse=True)
        verdict, verdict_codes = np.unique(rows["verdict"], return_inverse=True)
        every = list(self._verdicts)
        verdicts = [every[number] for number in verdict.tolist()]
        answered = [verdicts[code].answered for code in verdict_codes.tolist()]
        known = zip(places.tolist(), answered, strict=True)
        return Packed(
            rows,
            [self._waiting[number] for number in waiting.tolist()],
            waiting_codes,
            verdicts,
            verdict_codes,
            [self._answer(row) if has_answer else None for row, has_answer in known],
            [self._figures.get(row) for row in places.tolist()],
        )

    def append(self, sample: ScoredSample) -> None:
        """Adds a sample, before they are sorted."""
        self._pack(sample)

    def replace(self, place: int, sample: ScoredSample) -> None:
        """Puts another sample at a place, once they are sorted."""
        row = self._pack(sample)
        if self._order is not None:
            self._order[place] = row

    def sort(self, benchmarks: Sequence[Benchmark]) -> None:
        """Orders them as the suite does, whatever the order in which they finished."""
        names = [(benchmark.id, task.name) for benchmark in benchmarks for task in benchmark.tasks]
        tasks = {name: number for number, name in enumerate(names)}
        docs = [waiting.doc for waiting in self._waiting]
        places = [(tasks[doc.benchmark, doc.task], doc.doc_id) for doc in docs]
        ranks = {place: rank for rank, place in enumerate(sorted(set(places)))}
        rank = np.array([ranks[place] for place in places], dtype=np.int32)
        self._order = np.lexsort((self._column("sample_index"), rank[self._column("waiting")]))

    def tokens(self) -> tuple[int, int]:
        """The sums over all samples, of prompts and of completions."""
        rows = self._rows()
        names = "prompt_tokens", "completion_tokens"
        prompt, completion = (int(self._column(name)[rows].sum()) for name in names)
        return prompt, completion

    def only_reasoning(self) -> int:
        """How many are whole replies of which all text was set apart."""
        found = np.array([verdict.only_reasoning for verdict in self._verdicts], dtype=bool)
        return int(found[self._column("verdict")[self._rows()]].sum())

    def with_rule(self, rule: str) -> int:
        """How many were scored by this rule."""
        found = np.array([verdict.rule == rule for verdict in self._verdicts], dtype=bool)
        return int(found[self._column("verdict")[self._rows()]].sum())

    def drop_texts(self) -> None:
        """Forgets what only the samples' rows in a file are made of: scores can be aggregated then,
        and nothing else."""
        for number, chunk in enumerate(self._chunks):
            self._chunks[number] = repack_fields(chunk[_OF_SCORES])

    def frame(self, benchmark: str) -> pd.DataFrame:
        """What a benchmark's scores are aggregated from: a row per sample in the columns of
        samples.parquet, no texts but, where docs have several, the answers."""
        rows = self._rows()[self._are_of(benchmark)]
        waiting, doc_codes = np.unique(self._column("waiting")[rows], return_inverse=True)
        verdict, codes = np.unique(self._column("verdict")[rows], return_inverse=True)
        asked = [self._waiting[number] for number in waiting.tolist()]
        verdicts = list(self._verdicts)
        found = [verdicts[number] for number in verdict.tolist()]
        columns = {
            name: _spread([getattr(each.doc, name) for each in asked], doc_codes)
            for name in ("benchmark", "task", "doc_id", "cluster", "slices")
        }
        for name, of in _OF_VERDICTS.items():
            columns[name] = _spread([getattr(each, of) for each in found], codes)
        if self._figures:
            columns["figures"] = [self._figures.get(row) for row in rows.tolist()]
        if self._column("sample_index")[rows].any():
            columns["kind"] = _spread([kind_of(each) for each in asked], doc_codes)
            columns["answer"] = self._answers_of(rows, columns["answered"])
        return pd.DataFrame(columns)

    def places(self, benchmark: str) -> range:
        """Where a benchmark's samples stand, once they are sorted."""
        found = np.flatnonzero(self._are_of(benchmark))
        return range(int(found[0]), int(found[-1]) + 1) if len(found) else range(0)

    def _are_of(self, benchmark: str) -> NDArray[np.bool_]:
        """Which of the samples are a benchmark's."""
        numbers = np.array(self._of_waiting)[self._column("waiting")[self._rows()]]
        found: NDArray[np.bool_] = numbers == self._benchmarks.get(benchmark, NOWHERE)
        return found

    def _rows(self) -> NDArray[np.int64]:
        return np.arange(self._count) if self._order is None else self._order

    def _gathered(self, places: NDArray[np.int64]) -> NDArray[np.void]:
        chunks, at = np.divmod(places, CHUNK)
        rows = np.empty(len(places), _ROW)
        for chunk in np.unique(chunks).tolist():
            own = chunks == chunk
            rows[own] = self._chunks[chunk][at[own]]
        return rows

    def _column(self, name: str) -> NDArray[np.int64]:
        """Of all rows, in the order in which they came."""
        if not self._chunks:
            return np.array([], dtype=np.int64)
        column: NDArray[np.int64] = np.concatenate([chunk[name] for chunk in self._chunks])
        return column[: self._count]

    def _unpacked(self, row: int, verdicts: Sequence[Verdict]) -> ScoredSample:
        chunk, at = divmod(row, CHUNK)
        number, index, key, code, _, start, end, prompt, completion, text = self._chunks[chunk][
            at
        ].item()
        shared = verdicts[code]
        return ScoredSample(
            waiting=self._waiting[number]._replace(sample_index=index),
            key=key,
            scored=Scored(
                answer=self._answer(row) if shared.answered else None,
                rule=shared.rule,
                evidence=None if start == NOWHERE else (start, end),
                score=shared.score,
                f1=shared.f1,
                parts=shared.parts,
                figures=self._figures.get(row),
                by_letter=shared.by_letter,
                by_text=shared.by_text,
            ),
            empty=shared.empty,
            only_reasoning=shared.only_reasoning,
            finish_reason=shared.finish_reason,
            prompt_tokens=prompt,
            completion_tokens=completion,
            last_reason=shared.last_reason,
            text_hash=text,
        )

    def _pack(self, sample: ScoredSample) -> int:
        """Its row."""
        row, scored = self._count, sample.scored
        chunk, at = divmod(row, CHUNK)
        if not at:
            self._chunks.append(np.empty(CHUNK, _ROW))
            self._answers.append(bytearray())
        answers = self._answers[chunk]
        answers += (scored.answer or "").encode("utf-8", "surrogatepass")
        verdict = Verdict(
            scored.answer is not None,
            scored.rule,
            *(scored.score, scored.f1, scored.parts, scored.by_letter, scored.by_text),
            sample.empty,
            sample.only_reasoning,
            sample.finish_reason,
            sample.last_reason,
        )
        self._chunks[chunk][at] = (
            self._number(sample.waiting),
            sample.waiting.sample_index,
            sample.key,
            self._verdicts.setdefault(verdict, len(self._verdicts)),
            len(answers),
            *(scored.evidence or (NOWHERE, NOWHERE)),
            sample.prompt_tokens,
            sample.completion_tokens,
            sample.text_hash,
        )
        if scored.figures is not None:
            self._figures[row] = scored.figures
        self._count += 1
        return row

    def _number(self, waiting: Waiting) -> int:
        """A doc's first steps differ by the sample's index alone, and share a number."""
        number = len(self._waiting)
        if not waiting.done:
            number = self._of_doc.setdefault(id(waiting.doc), number)
        if number == len(self._waiting):
            self._waiting.append(waiting)
            name = waiting.doc.benchmark
            self._of_waiting.append(self._benchmarks.setdefault(name, len(self._benchmarks)))
        return number

    def _answer(self, row: int) -> str:
        chunk, at = divmod(row, CHUNK)
        ends = self._chunks[chunk]["answer_end"]
        start = int(ends[at - 1]) if at else 0
        return self._answers[chunk][start : ends[at]].decode("utf-8", "surrogatepass")

    def _answers_of(self, rows: NDArray[np.int64], answered: NDArray[np.bool_]) -> Any:
        texts: dict[str, int] = {}
        codes = np.full(len(rows), -1, dtype=np.int32)
        for at in np.flatnonzero(answered).tolist():
            codes[at] = texts.setdefault(self._answer(int(rows[at])), len(texts))
        return pd.Categorical.from_codes(codes, pd.Index(list(texts)))


def kind_of(waiting: Waiting) -> str:
    """How its answers are read; empty where the task scores itself, and rescoring can't."""
    return waiting.doc.kind if waiting.task.own_score is None else ""


def _spread(values: Sequence[Any], codes: NDArray[np.int64]) -> Any:
    """The value of each code; texts as categories."""
    if not any(isinstance(value, str) for value in values):
        return pd.Series(values).to_numpy()[codes]
    numbers, texts = pd.factorize(pd.Series(values, dtype=object))
    return pd.Categorical.from_codes(numbers[codes], texts)
