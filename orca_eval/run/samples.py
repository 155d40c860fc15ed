"""samples.parquet: a row per sample, written in chunks so that the texts never fill the memory."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from orca_eval.benchmarks.types import NO_ANSWER
from orca_eval.errors import RunError
from orca_eval.extract.reply.parts import reasoning_in
from orca_eval.results.folder import whole
from orca_eval.results.samples import SCHEMA
from orca_eval.run.plan import Prompter, Waiting
from orca_eval.run.scored import NOWHERE, Packed, ScoredSample, ScoredSamples, kind_of
from orca_eval.run.scorer import scored_sample, text_hash
from orca_eval.types import Completion, Conflict, FinishReason, ReadReasoning, Step

CHUNK = 1024

Responses = Callable[[Sequence[bytes]], Mapping[bytes, Completion]]
Cells = Any
"""A column's values, in whatever pyarrow makes an array of."""


def write_samples(
    path: Path,
    samples: ScoredSamples,
    prompter: Prompter,
    responses: Responses,
    conflict: Conflict = "none",
    reasoning: ReadReasoning = "apart",
) -> None:
    """Writes the samples in their order; prompts are rendered again, responses looked up.

    Where another run on the same store has meanwhile put another text under the same key (in 16
    bits greedy text may move with the batch), that text is scored, and its sample takes the place.

    Raises:
        RunError: a response got lost meanwhile, or the disk is full.
    """
    with (
        whole(path) as temporary,
        pq.ParquetWriter(
            temporary,
            SCHEMA,
            compression="zstd",
            write_page_checksum=True,
            write_statistics=False,  # kept to the end: each group's least and greatest texts
        ) as out,
        ThreadPoolExecutor(max_workers=1) as thread,
    ):
        writing: Future[object] = thread.submit(int)  # done at once
        for start in range(0, len(samples), CHUNK):
            chunk = samples.packed(start, start + CHUNK)
            keys, hashes = (chunk.rows[name].tolist() for name in ("key", "text_hash"))
            texts = responses(keys)
            others = [
                start + at
                for at, (key, known) in enumerate(zip(keys, hashes, strict=True))
                if key in texts and text_hash(texts[key]) != known
            ]
            for place in others:
                (sample,) = samples.between(place, place + 1)
                completion = texts[sample.key]
                samples.replace(place, _rescored(sample, completion, conflict, reasoning))
            if others:
                chunk = samples.packed(start, start + CHUNK)
            columns = _packed_columns(chunk) | _text_columns(chunk, prompter, texts)
            table = pa.table([columns[name] for name in SCHEMA.names], SCHEMA)
            writing.result()  # each table is compressed and written while the next one is made
            writing = thread.submit(out.write_table, table)
        writing.result()


def _rescored(
    sample: ScoredSample, completion: Completion, conflict: Conflict, reasoning: ReadReasoning
) -> ScoredSample:
    waiting = sample.waiting
    done = (*waiting.done, completion.read(reasoning))
    scored = waiting.task.score(waiting.doc, done, conflict)
    return scored_sample(waiting, sample.key, completion, scored)


def _packed_columns(chunk: Packed) -> dict[str, Cells]:
    """The columns that hold no text of a prompt or a reply."""
    rows, columns = chunk.rows, dict[str, Cells]()
    for name, cells in zip(_OF_DOCS, zip(*map(_of_doc, chunk.waiting), strict=True), strict=True):
        columns[name] = _each(name, cells, chunk.waiting_codes)
    for name, field in _OF_VERDICTS.items():
        values = [getattr(verdict, field) for verdict in chunk.verdicts]
        columns[name] = _each(name, values, chunk.verdict_codes)
    for name in ("sample_index", "prompt_tokens", "completion_tokens"):
        columns[name] = rows[name].astype(np.int64)
    for name in ("evidence_start", "evidence_end"):
        nowhere = rows["evidence_start"] == NOWHERE
        columns[name] = pa.array(rows[name].astype(np.int64), mask=nowhere)
    figures = [None if figures is None else _json(figures) for figures in chunk.figures]
    return columns | {"answer": chunk.answers, "figures": figures}


def _each(name: str, values: Sequence[Any], codes: NDArray[np.int64]) -> Cells:
    """A column from the value of each code."""
    return pa.array(values, SCHEMA.field(name).type).take(pa.array(codes))


_OF_DOCS = (
    *("benchmark", "task", "doc_id", "doc_hash", "cluster", "gold", "kind"),
    *("options", "golds", "slices"),
)


def _of_doc(waiting: Waiting) -> tuple[Any, ...]:
    """The cells of `_OF_DOCS`."""
    doc = waiting.doc
    return (
        *(doc.benchmark, doc.task, doc.doc_id, doc.doc_hash, doc.cluster),
        " | ".join("; ".join(variant) for variant in doc.golds),  # for a person
        kind_of(waiting),
        None if doc.options is None else _json(doc.options),
        _json(doc.golds),
        None if doc.slices is None else _json(doc.slices),
    )


_OF_VERDICTS = {
    **{name: name for name in ("rule", "score", "f1", "by_letter", "by_text", "finish_reason")},
    "exact_match_parts": "parts",
}
"""Columns by the field of a verdict that they show."""


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _text_columns(
    chunk: Packed, prompter: Prompter, texts: Mapping[bytes, Completion]
) -> dict[str, Cells]:
    """The columns of prompts and replies. Of several steps the model's last, and all as JSON."""
    names = "prompt", "response", "conversation", "reasoning", "reasoning_tokens", "kept_tokens"
    every = (chunk.rows["key"].tolist(), chunk.waiting_codes.tolist(), chunk.verdict_codes.tolist())
    rows = []
    for key, doc, verdict in zip(*every, strict=True):
        waiting, reason = chunk.waiting[doc], chunk.verdicts[verdict].last_reason
        last = texts[key] if key in texts else _never_came(waiting, reason)
        step, answer, conversation = waiting.step, last, None
        if waiting.done:
            steps = waiting.task.conversation(waiting.doc, (*waiting.done, last))
            step, answer = [pair for pair in steps if pair[0].who == "model"][-1]
            conversation = _json([_told(*pair) for pair in steps])
        reasoning = answer.reasoning or reasoning_in(answer.text) or None
        prompt = prompter.text(step)
        tokens = answer.reasoning_tokens, answer.kept_tokens or None
        rows.append((prompt, answer.text, conversation, reasoning, *tokens))
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def _told(step: Step, answer: Completion) -> dict[str, Any]:
    """A step of a conversation, as JSON."""
    reasoning = {"reasoning": answer.reasoning} if answer.reasoning else {}
    asked = {"who": step.who, "messages": step.messages, "response": answer.text}
    return asked | {"finish_reason": answer.finish_reason} | reasoning


def _never_came(waiting: Waiting, reason: FinishReason) -> Completion:
    """What stands for an answer that is not stored: a request that was skipped or ended by the
    watchdog has none."""
    if reason in NO_ANSWER:
        return Completion("", reason, 0, 0)
    doc = waiting.doc
    raise RunError(
        f"the stored response of {doc.benchmark}/{doc.task} doc {doc.doc_id} got lost; "
        "repeat the same command: it alone is generated again"
    )
