"""Documents → the distinct prompts a run asks, each with the documents that wait for its answers.

What a run keeps of a prompt does not grow with the samples drawn of it: their keys and requests are
made again when they are looked up and sent.
"""

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from orca_eval.benchmarks.types import Benchmark, Task
from orca_eval.config.schema import RunConfig
from orca_eval.engines.base import Continues, Engine
from orca_eval.errors import InputError, RunError
from orca_eval.model.tokenizer import TemplateTokenizer
from orca_eval.types import Completion, Doc, Message, Request, Sampling, Step

T = TypeVar("T")

NAMED_OVER_LONG = 3
MOST_SAMPLES = 5_000_000  # of some 100 bytes each while a run plans and scores them


class Waiting(NamedTuple):
    """One sample that waits for the completion of a step, with those that its doc had before."""

    task: Task
    doc: Doc
    sample_index: int
    step: Step
    done: tuple[Completion, ...] = ()


@dataclass(slots=True, eq=False)
class Question:
    """One prompt: identical ones are generated once, whatever task they come from.

    `key`, `request` (the key but for max_tokens, of engines that go on from cut replies) and
    `sampling` are those of its first sample. `waiting` are the first samples of all that wait for
    it, and `samples` those that are wanted, counted from the first, until they are found stored.
    `skip_tokens` is its length where it does not fit and is counted wrong instead.

    The prompt itself is rendered again when it is sent (20 µs), so that 51,752 of them don't fill
    the memory.
    """

    key: bytes
    sampling: Sampling
    samples: range | list[int]
    waiting: list[Waiting] = field(default_factory=list)
    skip_tokens: int | None = None
    request: bytes = b""


class Work(NamedTuple):
    """One generation: the sample of a question that comes so many after its first."""

    question: Question
    sample: int
    key: bytes
    request: bytes = b""

    @property
    def step(self) -> Step:
        """What is asked."""
        return self.question.waiting[0].step

    @property
    def doc(self) -> Doc:
        """The first document that is asked about."""
        return self.question.waiting[0].doc

    @property
    def sampling(self) -> Sampling:
        """Every sample is drawn with a seed of its own."""
        sampling = self.question.sampling
        return replace(sampling, seed=sampling.seed + self.sample) if self.sample else sampling

    @property
    def waiting(self) -> list[Waiting]:
        """The samples that wait for it."""
        if not self.sample:
            return self.question.waiting
        return [
            each._replace(sample_index=each.sample_index + self.sample)
            for each in self.question.waiting
        ]


def first_steps(benchmarks: Iterable[Benchmark], samples_per_doc: int) -> Iterator[Waiting]:
    """The first sample of every doc at its first step, in the benchmarks' order.

    Raises:
        RunError: a task asks nothing about a doc.
    """
    for benchmark in benchmarks:
        for task in benchmark.tasks:
            for doc in task.docs:
                step = task.next_step(doc, ())
                if step is None:
                    name = f"{benchmark.id}/{task.name} doc {doc.doc_id}"
                    raise RunError(f"{name}: its ask asks nothing")
                yield Waiting(task, doc, doc.order * samples_per_doc, step)


def refuse_too_many(benchmarks: Sequence[Benchmark], samples_per_doc: int) -> None:
    """Raises InputError where a run has more samples than fit into a machine's memory."""
    docs = sum(benchmark.asked for benchmark in benchmarks)
    if docs * samples_per_doc > MOST_SAMPLES:
        raise InputError(
            f"{docs:,} documents × sampling.n={samples_per_doc:,} are more than {MOST_SAMPLES:,} "
            f"samples; lower sampling.n to at most {max(1, MOST_SAMPLES // docs):,}, or set limit="
        )


class Prompter:
    """A step's messages and, where the engine takes token ids, its rendered prompt."""

    def __init__(
        self, tokenizer: TemplateTokenizer | None, system_message: str, *, system_turn: bool = True
    ) -> None:
        self.tokenizer = tokenizer
        system: Message = {"role": "system", "content": system_message}
        self._system = (system,) if system_turn else ()

    def messages(self, step: Step) -> tuple[Message, ...]:
        """The system turn, empty content included, where one is sent, and the step's own turns.
        A judge's instructions may bring a system turn of their own.
        """
        if step.messages[0]["role"] == "system":
            return step.messages
        return (*self._system, *step.messages)

    def prompt(self, step: Step) -> str | None:
        """The text after the chat template; None where a server applies it."""
        return None if self.tokenizer is None else self.tokenizer.render(self.messages(step))

    def text(self, step: Step) -> str:
        """What samples.parquet shows as the prompt."""
        prompt = self.prompt(step)
        if prompt is not None:
            return prompt
        return "\n\n".join(m["content"] for m in self.messages(step) if m["content"])

    def requests(self, works: Sequence[Work]) -> list[Request]:
        """Works as an engine takes them, tokenized in one batch."""
        steps = [work.step for work in works]
        prompts = [prompt for step in steps if (prompt := self.prompt(step)) is not None]
        ids = self.tokenizer.encode(prompts) if self.tokenizer else None
        return [
            Request(
                key=work.key.hex(),
                messages=self.messages(step),
                sampling=work.sampling,
                prompt=prompts[position] if prompts else None,
                prompt_token_ids=None if ids is None else ids[position],
            )
            for position, (work, step) in enumerate(zip(works, steps, strict=True))
        ]


class KeyMaker:
    """Makes the response store's keys: a hash over everything that decides the text.

    Hashes what all requests of a run share once, and each prompt on top of it.

    The rendered prompt stands for its token ids: the tokenizer's identity is part of
    `engine_identity`, and together they decide the ids. So a stored answer is found without
    tokenizing anything. Where the engine takes messages, those are hashed.

    `scope` confines answers to one run folder (an endpoint's weights have no identity).
    """

    def __init__(self, engine_identity: Mapping[str, Any], scope: str | None) -> None:
        text = json.dumps([engine_identity, scope], sort_keys=True, ensure_ascii=False)
        self._shared = hashlib.sha256(text.encode())

    def key(
        self, prompt: str | Sequence[Message], sampling: Sampling, sample_index: int = 0
    ) -> bytes:
        """32 bytes. `sample_index` tells repeated answers to one prompt apart."""
        return self._digest(_fields(sampling), prompt, sample_index)

    def request(
        self, prompt: str | Sequence[Message], sampling: Sampling, sample_index: int = 0
    ) -> bytes:
        """What requests have in common that differ in max_tokens alone: 16 bytes."""
        return self._digest(_fields_but_length(sampling), prompt, sample_index)[:16]

    def _digest(self, asked: str, prompt: str | Sequence[Message], sample_index: int) -> bytes:
        digest = self._shared.copy()
        if not isinstance(prompt, str):
            # With its length before it, no content can look like the next turn.
            prompt = "".join(f"{m['role']} {len(m['content'])} {m['content']}" for m in prompt)
        fields = f"{asked}\0{sample_index}\0{prompt}"
        digest.update(fields.encode("utf-8", "surrogatepass"))
        return digest.digest()


@lru_cache(maxsize=1024)
def _fields(sampling: Sampling) -> str:
    return json.dumps(sampling.told(), sort_keys=True)


@lru_cache(maxsize=1024)
def _fields_but_length(sampling: Sampling) -> str:
    fields = sampling.told()
    del fields["max_tokens"]
    return json.dumps(fields, sort_keys=True)


class Planner:
    """Turns tasks into `Question`s, in the order in which documents come, and these into `Work`.

    Attributes:
        questions: by key, in order.
        under_way: the works that are sent, by key.
        over_long: (where, prompt tokens) of each generation whose prompt does not fit.
    """

    def __init__(self, config: RunConfig, engine: Engine, scope: str | None = None) -> None:
        self.questions: dict[bytes, Question] = {}
        self.under_way: dict[bytes, Work] = {}
        self.over_long: list[tuple[str, int]] = []
        prompt = config.prompt
        self.prompter = Prompter(
            engine.tokenizer, prompt.system_message, system_turn=prompt.system_turn
        )
        self._context_length = engine.context_length
        self._keys = KeyMaker(engine.identity(), scope)
        self._continues = isinstance(engine, Continues)
        self._sampling = config.sampling
        self._task_sampling = config.prompt.task_sampling
        self._policy = config.over_long

    def add(self, samples: Iterable[Waiting], drawn: int = 1) -> list[Question]:
        """Plans these samples, and those that follow them where so many are `drawn`; returns the
        questions nobody asked before."""
        new = []
        for waiting in samples:
            question = self._question(waiting, drawn)
            if question.key not in self.questions:
                self.questions[question.key] = question
                new.append(question)
            else:
                _refuse_shared(self.questions[question.key].waiting[0], waiting)
            self.questions[question.key].waiting.append(waiting)
        return new

    def works(self, questions: Iterable[Question]) -> Iterator[Work]:
        """The generations of all samples that are wanted of these."""
        for question in questions:
            first = question.waiting[0]
            prompt = self._prompt(first.step) if any(question.samples) else ""
            for sample in question.samples:
                work = Work(question, sample, question.key, question.request)
                if sample:
                    asked = prompt, work.sampling, first.sample_index + sample
                    work = work._replace(key=self._keys.key(*asked), request=self._request(*asked))
                yield work

    def sent(self, questions: Iterable[Question]) -> Iterator[Work]:
        """The same, noted as under way."""
        for work in self.works(questions):
            self.under_way[work.key] = work
            yield work

    def refuse_over_long(self) -> None:
        """With over_long=error, one line about every prompt that does not fit.

        Raises:
            InputError: some do not.
        """
        if not self.over_long or self._policy != "error":
            return
        worst = sorted(self.over_long, key=lambda item: -item[1])[:NAMED_OVER_LONG]
        named = ", ".join(f"{where} ({tokens} tokens)" for where, tokens in worst)
        raise InputError(
            f"{len(self.over_long)} prompts leave no room for max_tokens="
            f"{self._sampling.max_tokens} in a context of {self._context_length} tokens, "
            f"the longest: {named}; lower max_tokens, or choose over_long=skip (counted wrong) or "
            "over_long=shrink (fewer tokens for these answers)"
        )

    def _request(self, *asked: Any) -> bytes:
        """Where no reply serves a longer run, nobody looks for shorter ones."""
        return self._keys.request(*asked) if self._continues else b""

    def _prompt(self, step: Step) -> str | Sequence[Message]:
        """What a key is made over."""
        prompt = self.prompter.prompt(step)
        return self.prompter.messages(step) if prompt is None else prompt

    def _question(self, waiting: Waiting, drawn: int) -> Question:
        step, doc = waiting.step, waiting.doc
        # A verdict on the same reply serves every sample.
        index = waiting.sample_index if step.who == "model" else 0
        sampling = replace(self._sampling, stop=doc.stop) if doc.stop else self._sampling
        left_out = sampling.temperature is None
        if step.temperature is not None and self._task_sampling and not left_out:
            sampling = replace(sampling, temperature=step.temperature)
        if index:
            sampling = replace(sampling, seed=sampling.seed + index)
        prompt = self._prompt(step)
        skip_tokens, tokens = None, self._over_long_tokens(prompt)
        if tokens is not None:
            where = f"{doc.benchmark}/{doc.task} doc {doc.doc_id}"
            self.over_long += [(where, tokens)] * drawn
            room = (self._context_length or 0) - tokens
            if self._policy == "shrink" and room > 0:
                sampling = replace(sampling, max_tokens=room)
            else:
                skip_tokens = tokens
        asked = prompt, sampling, index
        key, request = self._keys.key(*asked), self._request(*asked)
        return Question(key, sampling, range(drawn), skip_tokens=skip_tokens, request=request)

    def _over_long_tokens(self, prompt: str | Sequence[Message]) -> int | None:
        """The prompt's tokens where max_tokens does not fit behind it, else None.

        A token covers at least one byte, so only prompts with more bytes than the context has
        room for are tokenized here.
        """
        context, tokenizer = self._context_length, self.prompter.tokenizer
        if context is None or tokenizer is None or not isinstance(prompt, str):
            return None
        if len(prompt.encode()) + 1 + self._sampling.max_tokens <= context:
            return None
        tokens = len(tokenizer.encode([prompt])[0])
        return tokens if tokens + self._sampling.max_tokens > context else None


def _refuse_shared(first: Waiting, second: Waiting) -> None:
    """Raises InputError where two different questions became one prompt."""
    one, other = first.step.messages, second.step.messages
    if one != other and _asked(one) != _asked(other):
        raise InputError(
            f"{first.doc.benchmark}/{first.doc.task} doc {first.doc.doc_id} and "
            f"{second.doc.benchmark}/{second.doc.task} doc {second.doc.doc_id} ask different "
            "things in the same prompt: the chat template leaves something out; name another with "
            "model.chat_template="
        )


def _asked(messages: Sequence[Message]) -> list[list[str]]:
    """The words of the user's turns: templates may trim blanks."""
    return [message["content"].split() for message in messages if message["role"] == "user"]


def in_sending_order(questions: Iterable[Question]) -> list[Question]:
    """Long generations first, so that the tail is short; documents that share a passage side by
    side, so that a prefix cache serves them.

    How long an answer gets is not known beforehand. Free-form tasks draw the longest ones; choices
    about a shared passage come next, and single questions last.
    """
    return sorted(questions, key=_sending_rank)


def _sending_rank(question: Question) -> tuple[int, str, str, str]:
    doc = question.waiting[0].doc
    rank = 0 if doc.kind in ("number", "text") else 1 if doc.cluster else 2
    return rank, doc.benchmark, doc.task, doc.cluster or ""


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """`items`, as they come, in lists of at most `size`."""
    rest = iter(items)
    while batch := list(itertools.islice(rest, size)):
        yield batch


def next_of(parts: Iterator[list[T]]) -> list[T]:
    """The next batch, empty at the end; for a thread, where the batch is made then."""
    return next(parts, [])
