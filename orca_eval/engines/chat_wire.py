"""The chat-completions format: a request's body, an answer's content, a refusal's reason. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from orca_eval.types import Completion, FinishReason, Message, Request

# Fields outside OpenAI's own format, or refused by some servers; each is sent at a neutral value,
# so that a run may go on without them where the server says that it does not know them.
OPTIONAL_FIELDS = ("top_k", "min_p", "repetition_penalty", "seed")
TOO_LONG = ("context_length_exceeded", "maximum context length", "exceeds the available context")
MESSAGE_CHARACTERS = 300
FEWEST_TOKENS_PER_WORD = 0.75
"""Below what any tokenizer makes of text: even those with tokens of several words take more."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why there is no completion. `fields`: those of the body that the server does not take."""

    message: str
    transient: bool = False
    wait_seconds: float | None = None
    fields: frozenset[str] = frozenset()
    too_long: bool = False


def request_body(
    model: str,
    request: Request,
    chat_template_kwargs: Mapping[str, Any],
    without: frozenset[str],
) -> dict[str, Any]:
    """The JSON body with every sampling field set, less those in `without`.

    `max_tokens` in `without` stands for servers that want `max_completion_tokens` in its place.
    """
    sampling = request.sampling
    length = "max_completion_tokens" if "max_tokens" in without else "max_tokens"
    body: dict[str, Any] = {
        "model": model,
        "messages": list(request.messages),
        length: sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "n": 1,
        "stream": False,
    }
    optional = {
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repetition_penalty": sampling.repetition_penalty,
        "seed": sampling.seed,
    }
    body |= {name: value for name, value in optional.items() if name not in without}
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if chat_template_kwargs:
        body["chat_template_kwargs"] = dict(chat_template_kwargs)
    return body


def read_completion(content: bytes, counts: Counter[str]) -> Completion | Rejected:
    """The first choice of a 200 answer. `counts` learns what was special about it.

    The text is `content`; what a server has split off as `reasoning_content` (or `reasoning`) is
    not part of it, just as text before `</think>` is not part of an answer. Null is empty text.
    A content filter's stop counts as a stop: the model will not say more.
    """
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return Rejected("HTTP 200, but its body is not JSON", transient=True)
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not (isinstance(choices, list) and choices and isinstance(choices[0], dict)):
        said = _server_message(answer, content)
        return Rejected(f"HTTP 200 without a choice: {said}", transient=True)
    choice = choices[0]
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    text = message.get("content")
    text = text if isinstance(text, str) else ""
    # JSON can carry half of a surrogate pair, which no file or database takes.
    text = text.encode("utf-8", "replace").decode("utf-8")
    if message.get("reasoning_content") or message.get("reasoning"):
        counts["reasoning_separated"] += 1
    if choice.get("finish_reason") == "content_filter":
        counts["content_filtered"] += 1
    finish: FinishReason = "length" if choice.get("finish_reason") == "length" else "stop"
    usage = answer.get("usage")
    if not isinstance(usage, dict):
        usage = {}
        counts["without_usage"] += 1
    return Completion(
        text=text,
        finish_reason=finish,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
    )


def read_rejection(
    status: int,
    content: bytes,
    body: Mapping[str, Any],
    transient: bool,
    wait_seconds: float | None,
) -> Rejected:
    """What an answer with an error status means."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    said = _server_message(answer, content)
    everything = content.decode("utf-8", "replace")
    # Money that has run out comes as 429, and no waiting brings it back.
    if "insufficient_quota" in everything:
        transient = False
    too_long = status in (400, 413, 422) and any(sign in everything for sign in TOO_LONG)
    fields: frozenset[str] = frozenset()
    if status in (400, 422) and not too_long:
        if "max_completion_tokens" in everything and "max_tokens" in body:
            fields = frozenset({"max_tokens"})
        elif any(name in body and name in everything for name in OPTIONAL_FIELDS):
            fields = _unknown_fields(everything, body)
    return Rejected(
        f"HTTP {status}: {said}",
        transient=transient,
        wait_seconds=wait_seconds,
        fields=fields,
        too_long=too_long,
    )


def words(request: Request) -> int:
    """Words of the prompt, as white space parts them."""
    return sum(len(message["content"].split()) for message in request.messages)


def counts_too_few(completion: Completion, request: Request) -> bool:
    """Whether the server counted fewer prompt tokens than the prompt can have; 0 is no count."""
    return 0 < completion.prompt_tokens < FEWEST_TOKENS_PER_WORD * words(request)


def begun_with(start: str, request: Request) -> Request:
    """The same prompt with `start` in front of its first message."""
    first, *rest = request.messages
    begun = Message(role=first["role"], content=f"{start} {first['content']}")
    return request._replace(messages=(begun, *rest))


def retry_after_seconds(header: str | None) -> float | None:
    """Retry-After as seconds from now, given as a number or an HTTP date; None where unreadable."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        then = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - datetime.now(UTC)).total_seconds())


def _unknown_fields(everything: str, body: Mapping[str, Any]) -> frozenset[str]:
    """`seed` alone where only it is named; otherwise all that OpenAI's format does not have."""
    named = {name for name in OPTIONAL_FIELDS if name in body and name in everything}
    if named == {"seed"}:
        return frozenset(named)
    return frozenset(named | {"top_k", "min_p", "repetition_penalty"})


def _server_message(answer: Any, content: bytes) -> str:
    """The server's own words on one line, whatever shape it gives them."""
    said: Any = answer
    if isinstance(said, dict):
        said = said.get("error") or said.get("message") or said.get("detail") or said
    if isinstance(said, dict):
        said = said.get("message") or said
    if said is None:
        said = content.decode("utf-8", "replace")
    line = " ".join((said if isinstance(said, str) else json.dumps(said)).split())
    return line[:MESSAGE_CHARACTERS] or "(empty body)"


def _count(value: Any) -> int:
    return value if type(value) is int and value >= 0 else 0
