"""samples.parquet: a row per sample, written in chunks so that the texts never fill the memory."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from orca_eval.benchmarks.types import NO_ANSWER
from orca_eval.errors import RunError
from orca_eval.extract.reply.parts import reasoning_in
from orca_eval.results.folder import whole
from orca_eval.results.samples import SCHEMA
from orca_eval.run.plan import Prompter
from orca_eval.run.scored import ScoredSample, ScoredSamples, kind_of
from orca_eval.run.scorer import scored_sample, text_hash
from orca_eval.types import Completion, Conflict, ReadReasoning, Step

CHUNK = 1024

Responses = Callable[[Sequence[bytes]], Mapping[bytes, Completion]]


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
        pq.ParquetWriter(temporary, SCHEMA, compression="zstd", write_page_checksum=True) as out,
        ThreadPoolExecutor(max_workers=1) as thread,
    ):
        writing: Future[object] = thread.submit(int)  # done at once
        for start in range(0, len(samples), CHUNK):
            chunk = list(samples.between(start, start + CHUNK))
            texts = responses([sample.key for sample in chunk])
            for at, sample in enumerate(chunk):
                stored = _as_stored(sample, texts.get(sample.key), conflict, reasoning)
                if stored is not sample:
                    samples.replace(start + at, stored)
                    chunk[at] = stored
            rows = (_row(sample, _texts(sample, prompter, texts)) for sample in chunk)
            table = pa.table([*zip(*rows, strict=True)], SCHEMA)
            writing.result()  # each table is compressed and written while the next one is made
            writing = thread.submit(out.write_table, table)
        writing.result()


def _as_stored(
    sample: ScoredSample,
    completion: Completion | None,
    conflict: Conflict,
    reasoning: ReadReasoning,
) -> ScoredSample:
    if completion is None or text_hash(completion) == sample.text_hash:
        return sample
    waiting = sample.waiting
    done = (*waiting.done, completion.read(reasoning))
    scored = waiting.task.score(waiting.doc, done, conflict)
    return scored_sample(waiting, sample.key, completion, scored)


class _Texts(NamedTuple):
    """What a sample's row holds beyond its scores."""

    prompt: str
    answer: Completion
    conversation: str | None = None


def _row(sample: ScoredSample, texts: _Texts) -> tuple[Any, ...]:
    """A sample's cells in the order of SCHEMA."""
    doc, scored = sample.waiting.doc, sample.scored
    return (
        doc.benchmark,
        doc.task,
        doc.doc_id,
        doc.doc_hash,
        doc.cluster,
        texts.prompt,
        texts.answer.text,
        " | ".join("; ".join(variant) for variant in doc.golds),  # for a person
        scored.answer,
        scored.rule,
        *(scored.evidence or (None, None)),
        scored.score,
        scored.f1,
        sample.finish_reason,
        sample.prompt_tokens,
        sample.completion_tokens,
        scored.parts,
        sample.waiting.sample_index,
        kind_of(sample.waiting),
        None if doc.options is None else _json(doc.options),
        _json(doc.golds),
        texts.conversation,
        None if scored.figures is None else _json(scored.figures),
        scored.by_letter,
        scored.by_text,
        None if doc.slices is None else _json(doc.slices),
        texts.answer.reasoning or reasoning_in(texts.answer.text) or None,
        texts.answer.reasoning_tokens,
        texts.answer.kept_tokens or None,
    )


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _texts(sample: ScoredSample, prompter: Prompter, texts: Mapping[bytes, Completion]) -> _Texts:
    """The prompt and its answer; of several steps the model's last, and all of them as JSON."""
    waiting, last = sample.waiting, _last(sample, texts)
    if not waiting.done:
        return _Texts(prompter.text(waiting.step), last)
    steps = waiting.task.conversation(waiting.doc, (*waiting.done, last))
    step, answer = [pair for pair in steps if pair[0].who == "model"][-1]
    return _Texts(prompter.text(step), answer, _json([_told(*pair) for pair in steps]))


def _told(step: Step, answer: Completion) -> dict[str, Any]:
    """A step of a conversation, as JSON."""
    reasoning = {"reasoning": answer.reasoning} if answer.reasoning else {}
    asked = {"who": step.who, "messages": step.messages, "response": answer.text}
    return asked | {"finish_reason": answer.finish_reason} | reasoning


def _last(sample: ScoredSample, texts: Mapping[bytes, Completion]) -> Completion:
    """The stored answer; a request that was skipped or ended by the watchdog has none."""
    if sample.key in texts:
        return texts[sample.key]
    if sample.last_reason in NO_ANSWER:
        return Completion("", sample.last_reason, 0, 0)
    doc = sample.waiting.doc
    raise RunError(
        f"the stored response of {doc.benchmark}/{doc.task} doc {doc.doc_id} got lost; "
        "repeat the same command: it alone is generated again"
    )
