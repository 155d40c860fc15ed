"""The chat-completions format: a request's body, an answer's content, a refusal's reason. Pure."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from orca_eval.engines.finish import ending
from orca_eval.safe_text import shorten, terminal
from orca_eval.types import Completion, Message, Request

# Fields outside OpenAI's own format, or refused by some servers; each is sent at a neutral value,
# so that a run may go on without them where the server says that it does not know them.
OPTIONAL_FIELDS = ("top_k", "min_p", "repetition_penalty", "seed")
TOO_LONG = ("context_length_exceeded", "maximum context length", "exceeds the available context")
MESSAGE_CHARACTERS = 300
REASON_CHARACTERS = 40
MOST_REASONS = 30
MOST_TOKENS = 10**9
"""No prompt or answer has more: a larger count is a server's mistake, or an attack."""
UNKNOWN_REASON = "finish_reason "
THINKING_PARTS = frozenset({"thinking", "reasoning", "redacted_thinking"})
FEWEST_TOKENS_PER_WORD = 0.75
"""Below what any tokenizer makes of text: even those with tokens of several words take more."""


Hide = Callable[[str], str]
"""Takes the key out of a server's text."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why there is no completion. `fields`: those of the body that the server does not take;
    `unsaid`: the completion, if this server never says how an answer ended."""

    message: str
    transient: bool = False
    wait_seconds: float | None = None
    fields: frozenset[str] = frozenset()
    too_long: bool = False
    unsaid: Completion | None = None


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
        **{name: getattr(sampling, name) for name in OPTIONAL_FIELDS if name not in without},
    }
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if chat_template_kwargs:
        body["chat_template_kwargs"] = dict(chat_template_kwargs)
    return body


def read_completion(
    content: bytes, max_tokens: int, counts: Counter[str], hide: Hide
) -> Completion | Rejected:
    """Reads the first choice of a 200 answer. `counts` learns what was special about it.

    The text is `content`; what a server has split off as `reasoning_content` (or `reasoning`) is
    not part of it, just as text before `</think>` is not part of an answer. Null is empty text.
    A reply that failed, and a filtered one without text, are no answers.
    """
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return Rejected("HTTP 200, but its body is not JSON", transient=True)
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not (isinstance(choices, list) and choices and isinstance(choices[0], dict)):
        said = _server_message(answer, content, hide)
        return Rejected(f"HTTP 200 without a choice: {said}", transient=True)
    choice = choices[0]
    text = _text(choice)
    if text is None:
        return Rejected("HTTP 200, but its choice has no message", transient=True)
    # JSON can carry half of a surrogate pair, which no file or database takes.
    text = text.encode("utf-8", "replace").decode("utf-8")
    shown = hide(text)
    usage = answer.get("usage")
    prompt_tokens, generated = _tokens(usage, "prompt_tokens"), _tokens(usage, "completion_tokens")
    reason = choice.get("finish_reason")
    end = ending(reason)
    if end == "failed" or (end == "filtered" and not shown.strip()):
        said = _one_line(hide(str(reason)), REASON_CHARACTERS)
        return Rejected(f"HTTP 200 with finish_reason {said}, which is no answer", transient=True)
    cut = end == "length" or (end in ("unsaid", "unknown") and generated >= max_tokens)
    completion = Completion(shown, "length" if cut else "stop", prompt_tokens, generated)
    if end == "unsaid":
        return Rejected("HTTP 200 without a finish_reason", transient=True, unsaid=completion)
    if end == "unknown":
        name = UNKNOWN_REASON + _one_line(hide(str(reason)), REASON_CHARACTERS)
        several = len(counts) > MOST_REASONS and name not in counts
        counts[UNKNOWN_REASON + "of many kinds" if several else name] += 1
    counts["content_filtered"] += end == "filtered"
    counts["key_hidden"] += shown != text
    message = choice.get("message")
    if isinstance(message, dict) and (message.get("reasoning_content") or message.get("reasoning")):
        counts["reasoning_separated"] += 1
    counts["without_usage"] += not isinstance(usage, dict)
    return completion


def read_rejection(
    status: int,
    content: bytes,
    body: Mapping[str, Any],
    transient: bool,
    wait_seconds: float | None,
    hide: Hide,
) -> Rejected:
    """Reads what an answer with an error status means."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    said = _server_message(answer, content, hide)
    everything = content.decode("utf-8", "replace")
    # Money that has run out comes as 429, and no waiting brings it back.
    if "insufficient_quota" in everything:
        transient = False
    too_long = status in (400, 413, 422) and any(sign in everything for sign in TOO_LONG)
    fields = _unknown_fields(everything, body) if status in (400, 422) and not too_long else set()
    return Rejected(f"HTTP {status}: {said}", transient, wait_seconds, frozenset(fields), too_long)


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
    with suppress(ValueError):
        return max(0.0, float(header))
    with suppress(ValueError, TypeError, OverflowError):
        then = parsedate_to_datetime(header)
        then = then if then.tzinfo else then.replace(tzinfo=UTC)
        return max(0.0, (then - datetime.now(UTC)).total_seconds())
    return None


def count(value: Any) -> int | None:
    """A number of tokens as servers write it, 12 or 12.0; None for what can't be one."""
    whole = type(value) is int or (type(value) is float and value.is_integer())
    return int(value) if whole and 0 <= value <= MOST_TOKENS else None


def _unknown_fields(everything: str, body: Mapping[str, Any]) -> set[str]:
    """Those of the body that a refusal names. One of OpenAI's format, or `seed` where only it is
    named, goes alone; otherwise all that the format does not have."""
    if "max_completion_tokens" in everything and "max_tokens" in body:
        return {"max_tokens"}
    named = {name for name in OPTIONAL_FIELDS if name in body and name in everything}
    return named | {"top_k", "min_p", "repetition_penalty"} if named - {"seed"} else named


def _text(choice: Mapping[str, Any]) -> str | None:
    """The answer's text, wherever the server puts it; None where there is no message at all."""
    message = choice.get("message")
    if not isinstance(message, dict):
        plain = choice.get("text")
        return plain if isinstance(plain, str) else None
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(map(_part_text, content))
    texts = (content, message.get("refusal"), choice.get("text"))
    return next((text for text in texts if isinstance(text, str) and text), "")


def _part_text(part: Any) -> str:
    """The text of one part of a content list; thinking is none of it."""
    if isinstance(part, str):
        return part
    if not isinstance(part, dict) or part.get("type") in THINKING_PARTS:
        return ""
    text = part.get("text") or part.get("refusal")
    return text if isinstance(text, str) else ""


def _server_message(answer: Any, content: bytes, hide: Hide) -> str:
    """The server's own words on one line, whatever shape it gives them."""
    said: Any = answer
    if isinstance(said, dict):
        said = said.get("error") or said.get("message") or said.get("detail") or said
    if isinstance(said, dict):
        said = said.get("message") or said
    if said is None:
        said = content.decode("utf-8", "replace")
    text = said if isinstance(said, str) else json.dumps(said)
    return _one_line(hide(text), MESSAGE_CHARACTERS) or "(empty body)"


def _one_line(text: str, characters: int) -> str:
    return shorten(terminal(" ".join(text.split())), characters)


def _tokens(usage: Any, name: str) -> int:
    """A count of the usage; 0 is no count."""
    return (count(usage.get(name)) if isinstance(usage, dict) else None) or 0
