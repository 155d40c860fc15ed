"""The chat-completions format: a request's body and an answer's content. Pure."""

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from orca_eval.engines.finish import Ending, ending
from orca_eval.engines.refusal import (
    EMPTY_SYSTEM,
    FILTER_RETRIES,
    READ_CHARACTERS,
    STREAMED,
    Hide,
    Rejected,
    one_line,
    read_refusal,
)
from orca_eval.engines.reply_text import Found, Place, find_text
from orca_eval.engines.stream import put_together
from orca_eval.extract.reply.parts import answer_start
from orca_eval.types import Completion, Message, Request

OPTIONAL_FIELDS = ("top_k", "min_p", "repetition_penalty", "seed")
"""Beyond OpenAI's own format, or younger than most servers."""
CONTINUED = {"add_generation_prompt": False, "continue_final_message": True}
"""vLLM's fields for a last message that goes on."""
REASON_CHARACTERS = 40
SHOWN_OF_A_BODY = 80
"""Characters."""
MOST_REASONS = 30
MOST_CHOICES = 8
MOST_TOKENS = 10**9
"""No prompt or answer has more: a larger count is a server's mistake, or an attack."""
UNKNOWN_REASON = "finish_reason "
BILLED_SILENCE = 2
"""Tokens. One is the turn's end, which a silent model needs too."""
FEWEST_TOKENS_PER_WORD = 0.75
"""Below what any tokenizer makes of text: even those with tokens of several words take more."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server is sent beside a request.

    `model`: its name there. `extra`: further fields. `repeat_penalty`: whether the server knows the
    repetition penalty under llama.cpp's name too. `budget`: the field in which it takes a thinking
    budget in tokens. `continues`: whether it goes on from the text of a last assistant message.
    """

    model: str
    chat_template_kwargs: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    repeat_penalty: bool = False
    budget: str | None = None
    continues: bool = False


def request_body(
    dialect: Dialect, request: Request, without: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The JSON body with every sampling field set, less those in `without`.

    `max_tokens` in `without` stands for servers that want `max_completion_tokens` in its place,
    EMPTY_SYSTEM for those that take no system turn without content, and STREAMED for those that
    give no answer in one piece.
    """
    sampling, messages = request.sampling, list(request.messages)
    if EMPTY_SYSTEM in without and messages[0]["role"] == "system" and not messages[0]["content"]:
        del messages[0]
    length = "max_completion_tokens" if "max_tokens" in without else "max_tokens"
    fields: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "n": 1,
        "stream": False,
        **{name: getattr(sampling, name) for name in OPTIONAL_FIELDS},
    }
    if dialect.repeat_penalty:
        fields["repeat_penalty"] = sampling.repetition_penalty
    if sampling.temperature is None:
        del fields["temperature"]
    if STREAMED in without:
        fields |= {"stream": True, "stream_options": {"include_usage": True}}
    body: dict[str, Any] = {
        "model": dialect.model,
        "messages": messages,
        length: sampling.max_tokens,
    }
    body |= {name: value for name, value in fields.items() if name not in without}
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if sampling.thinking_budget is not None:
        in_tokens = isinstance(sampling.thinking_budget, int) and dialect.budget
        body[in_tokens or "reasoning_effort"] = sampling.thinking_budget
    if request.cut is not None:
        messages.append(Message(role="assistant", content=request.cut.text))
        body |= CONTINUED
    if dialect.chat_template_kwargs:
        body["chat_template_kwargs"] = dict(dialect.chat_template_kwargs)
    return body | dict(dialect.extra)


def read_completion(
    content: bytes,
    max_tokens: int,
    counts: Counter[str],
    hide: Hide,
    body: Mapping[str, Any] | None = None,
) -> Completion | Rejected:
    """Reads a 200 answer's first choice with a text. `counts` learns what was special about it.

    The text is what find_text finds; reasoning beside it is kept apart. A reply that failed, and a
    filtered one without text, are no answers.
    """
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = put_together(content)
        if answer is None:
            return Rejected(_no_json(content, hide), transient=True)
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not (isinstance(choices, list) and choices and isinstance(choices[0], dict)):
        return read_refusal(200, content, body or {}, None, hide)
    choice, found = _with_text(choices)
    usage = answer.get("usage")
    if found is None:
        return Rejected("HTTP 200, but its choice has no message", transient=True)
    reason = choice.get("finish_reason")
    end, said = ending(reason), one_line(hide(str(reason)), REASON_CHARACTERS)
    if (none := _no_answer(end, said, found)) is not None:
        return none
    generated = _tokens(usage, "completion_tokens")
    cut = end == "length" or (end in ("unsaid", "unknown") and generated >= max_tokens)
    text, reasoning = _whole(found.text), _whole(found.reasoning)
    completion = Completion(
        text=hide(text),
        finish_reason="length" if cut else "stop",
        prompt_tokens=_tokens(usage, "prompt_tokens"),
        completion_tokens=generated,
        reasoning=hide(reasoning),
        reasoning_tokens=_reasoning_tokens(usage),
    )
    if end == "unsaid":
        return Rejected("HTTP 200 without a finish_reason", transient=True, unsaid=completion)
    if end == "unknown":
        _count_reason(UNKNOWN_REASON + said, counts)
    counts["content_filtered"] += end == "filtered"
    counts["key_hidden"] += (completion.text, completion.reasoning) != (text, reasoning)
    counts["without_usage"] += not isinstance(usage, dict)
    _count_place(found, generated, cut, counts)
    return completion


def _whole(text: str) -> str:
    """JSON can carry half of a surrogate pair, which no file or database takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _no_json(content: bytes, hide: Hide) -> str:
    """Says so of a body, with its beginning where that is text: a web page, or a stream."""
    begun = content[:READ_CHARACTERS].decode("utf-8", "replace")
    if not begun.strip():
        return "HTTP 200 with an empty body"
    said = "HTTP 200, but its body is not JSON"
    is_text = "\ufffd" not in begun[:SHOWN_OF_A_BODY]
    return f"{said}: {one_line(hide(begun), SHOWN_OF_A_BODY)}" if is_text else said


def _with_text(choices: list[Any]) -> tuple[Mapping[str, Any], Found | None]:
    """The first choice and what is in it; another where only that has a text, for some servers
    split an answer."""
    pairs = [(c, find_text(c)) for c in choices[:MOST_CHOICES] if isinstance(c, dict)]
    choice, found = next((p for p in pairs if p[1] and p[1].text.strip()), pairs[0])
    reasoning = next((f.reasoning for _, f in pairs if f and f.reasoning), "")
    if found is None or found.reasoning or not reasoning:
        return choice, found
    place: Place = "reasoning" if found.place == "nowhere" else found.place
    return choice, found._replace(place=place, reasoning=reasoning)


def _no_answer(end: Ending, said: str, found: Found) -> Rejected | None:
    """Why a reply is none: it failed, or a filter left nothing of it."""
    emptied = end == "filtered" and not found.text.strip()
    if end != "failed" and not emptied:
        return None
    return Rejected(
        f"HTTP 200 with finish_reason {said}, which is no answer",
        "filtered" if emptied else "unknown",
        transient=True,
        most_retries=FILTER_RETRIES if emptied else None,
    )


def _count_reason(name: str, counts: Counter[str]) -> None:
    several = len(counts) > MOST_REASONS and name not in counts
    counts[UNKNOWN_REASON + "of many kinds" if several else name] += 1


def _count_place(found: Found, generated: int, cut: bool, counts: Counter[str]) -> None:
    """Counts texts that stood elsewhere than in the content, and answers without any."""
    if found.place == "reasoning" and not cut:
        counts["only_reasoning"] += 1
    elif found.reasoning:
        counts["reasoning_separated"] += 1
    if found.place in ("refusal", "tool_calls"):
        counts[found.place] += 1
    if found.place == "nowhere" and generated >= BILLED_SILENCE:
        counts["silent"] += 1
        counts["silent_tokens"] += generated


def can_go_on(cut: Completion) -> bool:
    """Whether a server that is given a cut reply's text has all of it: no half of a character, no
    reasoning, which templates leave out, and a count of its tokens."""
    thought = cut.reasoning or answer_start(cut.text)
    return bool(cut.text and cut.completion_tokens and not thought) and cut.text[-1] != "\ufffd"


def the_rest(request: Request) -> Request:
    """With as many tokens as are left behind a cut reply."""
    if request.cut is None:
        return request
    left = request.sampling.max_tokens - request.cut.completion_tokens
    return request._replace(sampling=replace(request.sampling, max_tokens=left))


def gone_on(cut: Completion, rest: Completion) -> Completion:
    """The whole reply, from a cut one and what the server added."""
    kept = cut.completion_tokens
    return rest._replace(
        text=cut.text + rest.text,
        prompt_tokens=max(0, rest.prompt_tokens - kept),
        completion_tokens=rest.completion_tokens + kept,
        kept_tokens=kept,
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


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks for, by Retry-After or its elder brother in milliseconds."""
    with suppress(KeyError, ValueError):
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    return retry_after_seconds(headers.get("retry-after"))


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


def _tokens(usage: Any, name: str) -> int:
    """A count of the usage; 0 is no count."""
    return (count(usage.get(name)) if isinstance(usage, dict) else None) or 0


def _reasoning_tokens(usage: Any) -> int | None:
    """How many of the generated tokens are reasoning, where the server says so."""
    if not isinstance(usage, dict):
        return None
    details = usage.get("completion_tokens_details")
    holders = (details if isinstance(details, dict) else {}, usage)
    return next((n for h in holders if (n := count(h.get("reasoning_tokens"))) is not None), None)
