"""Answers from a script: for tests, dry runs, and kill-and-resume trials at a real engine's pace.

A script is a JSONL file. A line names the user's message, as text or as its sha256, and the answer:

    {"prompt": "What is 2 + 2?", "text": "4"}
    {"prompt_sha256": "9f86d0…", "text": "A", "finish_reason": "length"}
    {"default": true, "text": "I don't know.", "reasoning": "2 and 2 …"}

The message is the content of the request's last user turn, so that one script serves every
system prompt.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import orjson

from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.config.validate import real, whole
from orca_eval.engines.arguments import read_args
from orca_eval.errors import InputError, RunError
from orca_eval.model.tokenizer import TemplateTokenizer
from orca_eval.model.types import Weights
from orca_eval.paths import expanded
from orca_eval.types import Completion, FinishReason, Request

FIELDS = {"prompt", "prompt_sha256", "default", "text", "finish_reason", "reasoning"}
FINISH_REASONS = ("stop", "length")
Answer = tuple[str, FinishReason, str]
_SHA256 = re.compile("[0-9a-fA-F]{64}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANKS = bytes(ord(" " if chr(code).isspace() else "x") for code in range(256))


@dataclass(frozen=True, slots=True)
class ReplayArgs:
    """`delay` seconds before an answer, then its length over `tokens_per_second` (each request's
    own rate, not the engine's). A token is a run of non-space characters here."""

    script: str
    delay: Annotated[float, real(0, 1e6)] = 0.0
    tokens_per_second: Annotated[float, real(0.001, 1e9)] | None = None
    max_in_flight: Annotated[int, whole(1)] = 256


class ReplayEngine:
    """Serves a script's answers; no model, no template, no tokens but counted words."""

    weights: Weights | None = None
    tokenizer: TemplateTokenizer | None = None
    context_length: int | None = None
    notes = ("the answers are scripted",)
    reuse_across_runs = True

    def __init__(self, _model: ModelConfig, config: EngineConfig, _max_tokens: int) -> None:
        self._args = read_args("replay", ReplayArgs, config.args)
        self._file = expanded(self._args.script)
        self.max_in_flight = self._args.max_in_flight
        self._served, self._sha256 = 0, ""

    def check(self) -> None:
        """Reads the whole script; InputError names the first line that can't be used."""
        self._answers  # noqa: B018 (reading them checks them)

    def identity(self) -> Mapping[str, Any]:
        """The script's hash decides every answer; pace does not."""
        if not self._sha256:
            self._answers  # noqa: B018 (reading them makes it)
        return {"engine": "replay", "script_sha256": self._sha256}

    async def start(self) -> None:
        """Nothing to load beyond the script."""
        self._answers  # noqa: B018 (reading them loads them)

    async def generate(self, request: Request) -> Completion:
        """The script's answer to the last user turn, after the time that the pace asks for."""
        users = (m["content"] for m in reversed(request.messages) if m["role"] == "user")
        user = next(users, "")
        answer = self._answers.get(_digest(user), self._answers.get(None))
        if answer is None:
            raise RunError(f"{self._file}: no answer for the prompt that starts {user[:60]!r}")
        text, finish_reason, reasoning = answer
        words = _words(text) + _words(reasoning)
        seconds = self._args.delay
        if self._args.tokens_per_second is not None:
            seconds += words / self._args.tokens_per_second
        if seconds:
            await asyncio.sleep(seconds)
        self._served += 1
        prompt_words = sum(_words(message["content"]) for message in request.messages)
        return Completion(text, finish_reason, prompt_words, words, reasoning)

    async def close(self) -> None:
        """Gives the answers' memory back; the manifest still asks for the identity."""
        self.__dict__.pop("_answers", None)

    def counters(self) -> Mapping[str, float]:
        """How many requests were answered."""
        return {"requests": float(self._served)}

    @cached_property
    def _answers(self) -> dict[bytes | None, Answer]:
        """By the prompts' digests; None is the default's."""
        try:
            content = self._file.read_bytes()
        except OSError as error:
            raise InputError(f"engine.script={self._file}: {error.strerror}") from error
        answers: dict[bytes | None, Answer] = {}
        for number, line in enumerate(content.split(b"\n"), start=1):
            if not line.strip():
                continue
            try:
                key, answer = _entry(line)
            except ValueError as error:
                raise InputError(f"{self._file}:{number}: {error}") from error
            if answers.setdefault(key, answer) != answer:
                raise InputError(f"{self._file}:{number}: a second, different answer to a prompt")
        self._sha256 = hashlib.sha256(content).hexdigest()
        return answers


def _words(text: str) -> int:
    """How many runs of non-space characters there are; most texts are ASCII, and are not split."""
    if not text.isascii():
        return len(text.split())
    return f" {text}".encode().translate(_BLANKS).count(b" x")


def _digest(prompt: str) -> bytes:
    return hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest()


def _entry(line: bytes) -> tuple[bytes | None, Answer]:
    """The prompt's digest, None for the default, and its answer. Raises ValueError."""
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        row = _parsed(line)
    if problem := _problem(row):
        raise ValueError(problem)
    answer = row["text"], row.get("finish_reason", "stop"), row.get("reasoning", "")
    if "default" in row:
        return None, answer
    named = _digest(row["prompt"]) if "prompt" in row else bytes.fromhex(row["prompt_sha256"])
    return named, answer


def _parsed(line: bytes) -> Any:
    """What the faster parser refuses: half a surrogate pair is refused by its field alone."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not a line of JSON: {error}") from error


def _problem(row: Any) -> str | None:  # noqa: PLR0911 - one return per rule
    if not isinstance(row, dict):
        return "not a JSON object"
    if not row.keys() <= FIELDS:
        unknown = min(row.keys() - FIELDS)
        return f"unknown field {unknown!r}; the fields are {', '.join(sorted(FIELDS))}"
    for name, value in (("text", row.get("text")), ("reasoning", row.get("reasoning", ""))):
        if not isinstance(value, str):
            return f"needs a string '{name}'"
        if not value.isascii() and _SURROGATE.search(value):
            return f"'{name}' holds half of a surrogate pair, which no file takes"
    if row.get("finish_reason", "stop") not in FINISH_REASONS:
        return f"finish_reason {row['finish_reason']!r} must be one of {', '.join(FINISH_REASONS)}"
    if sum(name in row for name in ("prompt", "prompt_sha256", "default")) != 1:
        return "needs exactly one of 'prompt', 'prompt_sha256', 'default'"
    if "default" in row:
        return None if row["default"] is True else "'default' can only be true"
    if "prompt" in row:
        return None if isinstance(row["prompt"], str) else "'prompt' must be a string"
    valid = _SHA256.fullmatch(str(row["prompt_sha256"]))
    return None if valid else "'prompt_sha256' must be 64 hexadecimal digits"
