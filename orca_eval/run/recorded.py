"""A finished run's answers in an engine's place, so that another judge gets them as they were."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pandas as pd

from orca_eval.benchmarks.types import Benchmark, Task
from orca_eval.config.schema import RunConfig
from orca_eval.errors import RunError
from orca_eval.model.tokenizer import TemplateTokenizer
from orca_eval.model.types import Weights
from orca_eval.results.manifest import Manifest
from orca_eval.types import Completion, Doc, Message, Request

OF_THE_CONFIG = ("name", "base_url")
SHOWN = 60  # of a prompt without an answer


class _Asked(NamedTuple):
    """What was asked, as a digest, for which of several samples."""

    digest: bytes
    sample: int


class RecordedEngine:
    """Answers as a finished run's model did; has that engine's identity and loads nothing."""

    max_in_flight = 64
    tokenizer: TemplateTokenizer | None = None
    context_length: int | None = None
    reuse_across_runs = False

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        config: RunConfig,
        samples: pd.DataFrame,
        benchmarks: Sequence[Benchmark],
    ) -> None:
        self.recalled_from = str(folder)
        self._seed = config.sampling.seed
        self._identity = {
            key: value
            for key, value in manifest.get("engine", default={}).items()
            if key not in OF_THE_CONFIG
        }
        self._answers = dict(_answers(samples, benchmarks, config.samples_per_doc))
        weights, parameters = manifest.get("model", "weights_sha256"), manifest.model.parameters
        self.weights: Weights | None = weights and Weights(
            None, None, weights, parameters=parameters
        )
        self.notes: Sequence[str] = (
            f"the model's answers are those of {folder.name}, judged anew",
        )

    def check(self) -> None:
        """Nothing: the answers are there, or said to be missing when they are wanted."""

    def identity(self) -> Mapping[str, Any]:
        """That of the engine that gave the answers."""
        return self._identity

    async def start(self) -> None:
        """Nothing to load."""

    async def generate(self, request: Request) -> Completion:
        """The answer that the run has. RunError where it has none."""
        sample = request.sampling.seed - self._seed
        # Behind a system message that the run's prompt put in front.
        for messages in (request.messages, request.messages[1:]):
            found = self._answers.get(_Asked(_digest(messages), sample))
            if found is not None:
                return found
        text = " ".join(request.messages[-1]["content"].split())[:SHOWN]
        raise RunError(
            f"run={self.recalled_from}: no answer to the prompt that begins {text!r}: its task or "
            "data is another now; run it again with this judge"
        )

    async def close(self) -> None:
        """Nothing to give back."""

    def counters(self) -> Mapping[str, float]:
        """Nothing was counted."""
        return {}


def _answers(
    samples: pd.DataFrame, benchmarks: Iterable[Benchmark], drawn: int
) -> Iterator[tuple[_Asked, Completion]]:
    """The model's answers by what they answer."""
    docs: dict[tuple[str, str, int, int], tuple[Task, Doc]] = {
        (benchmark.id, task.name, doc.doc_id, doc.order): (task, doc)
        for benchmark in benchmarks
        for task in benchmark.tasks
        for doc in task.docs
    }
    rows: list[dict[str, Any]] = samples.to_dict("records")  # type: ignore[assignment]
    for row in rows:
        sample = int(row["sample_index"])
        tokens = int(row["prompt_tokens"]), int(row["completion_tokens"])
        for messages, step in _steps(row, docs, sample // drawn):
            reason, reasoning = step["finish_reason"], step.get("reasoning")
            told = reasoning if isinstance(reasoning, str) else ""  # pandas has NaN for none
            answer = Completion(step["response"], reason, *tokens, told)
            yield _Asked(_digest(messages), sample), answer
            tokens = 0, 0  # the row's are those of all its answers


def _steps(
    row: Mapping[str, Any], docs: Mapping[tuple[str, str, int, int], tuple[Task, Doc]], order: int
) -> Iterator[tuple[Sequence[Message], Mapping[str, Any]]]:
    """What the model was asked of a sample, and its answer. A sample of one step names no
    messages: they are its document's."""
    if isinstance(row["conversation"], str):
        for step in orjson.loads(row["conversation"]):
            if step["who"] == "model":
                yield step["messages"], step
        return
    known = docs.get((row["benchmark"], row["task"], int(row["doc_id"]), order))
    if known and (first := known[0].next_step(known[1], ())):
        yield first.messages, row


def _digest(messages: Sequence[Message]) -> bytes:
    turns = [[message["role"], message["content"]] for message in messages]
    return sha256(orjson.dumps(turns)).digest()
