"""Where a server puts an answer's text: content, parts, a refusal, tool calls, reasoning. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

THINKING_PARTS = frozenset(
    {"thinking", "reasoning", "redacted_thinking", "thought", "reasoning_text", "reasoning_content"}
)
REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
MOST_DEPTH = 8
"""Of parts within parts; deeper ones are no text."""

Place = Literal["content", "refusal", "tool_calls", "reasoning", "nowhere"]


class Found(NamedTuple):
    """A text, where it stood, and the reasoning beside it. Where there is only reasoning, the text
    is as blank as it came."""

    text: str
    place: Place
    reasoning: str = ""


def find_text(choice: Mapping[str, Any]) -> Found | None:
    """An answer's text wherever the server put it; None where the choice has no message at all.

    What was called instead of said is written as a call. Reasoning is no text, wherever it stands.
    """
    message = choice.get("message")
    if isinstance(message, str):
        message = {"content": message}
    if not isinstance(message, dict):
        message = choice.get("delta")  # of a server that streams in one piece
    if not isinstance(message, dict):
        plain = choice.get("text", choice.get("content"))
        return None if plain is None else Found(_joined(plain), "content", _reasoning(choice))
    places: tuple[tuple[Place, str], ...] = (
        ("content", _joined(message.get("content"))),
        ("refusal", _joined(message.get("refusal"))),
        ("content", _joined(choice.get("text"))),
        ("content", _joined(message.get("text"))),
        ("content", _joined(message.get("parts"))),
        ("content", _transcript(message.get("audio"))),
        ("tool_calls", _calls(message)),
    )
    blank = places[0][1]  # white space alone is an answer where there is no other
    reasoning = _reasoning(message)
    none: Place = "reasoning" if reasoning.strip() else "nowhere"
    place, text = next(((p, t) for p, t in places if t.strip()), (none, blank))
    return Found(text, place, reasoning)


def _reasoning(message: Mapping[str, Any]) -> str:
    """All that stands where reasoning belongs. Servers give the same text in several places."""
    texts = [_everything(message.get(name)) for name in REASONING_FIELDS]
    texts += [_thinking(message.get(name)) for name in ("content", "parts", "text")]
    kept: list[str] = []
    for text in sorted(filter(None, texts), key=len, reverse=True):
        if not any(text in longer for longer in kept):
            kept.append(text)
    return "\n\n".join(text for text in dict.fromkeys(texts) if text in kept)


def _joined(value: Any, depth: int = 0) -> str:
    """The text of a content: a text, a part, or a list of parts; thinking is none of it."""
    if isinstance(value, str):
        return value
    if depth > MOST_DEPTH:
        return ""
    if isinstance(value, list):
        return "".join(_joined(part, depth + 1) for part in value)
    if not isinstance(value, dict) or _is_thinking(value):
        return ""
    names = ("text", "refusal", "content", "parts", "value", "output_text")
    return next((text for n in names if (text := _joined(value.get(n), depth + 1))), "")


def _is_thinking(part: Mapping[str, Any]) -> bool:
    kind = part.get("type")
    return (isinstance(kind, str) and kind in THINKING_PARTS) or part.get("thought") is True


def _thinking(content: Any, depth: int = 0) -> str:
    """The text of a content's thinking parts."""
    if depth > MOST_DEPTH:
        return ""
    if isinstance(content, list):
        return "".join(_thinking(part, depth + 1) for part in content)
    if not isinstance(content, dict):
        return ""
    if _is_thinking(content):
        return _everything(content)
    return "".join(_thinking(content.get(name), depth + 1) for name in ("content", "parts"))


def _everything(value: Any, depth: int = 0) -> str:
    """All text below a value, whatever its parts are called by type."""
    if isinstance(value, str):
        return value
    if depth > MOST_DEPTH:
        return ""
    if isinstance(value, list):
        return "".join(_everything(part, depth + 1) for part in value)
    if not isinstance(value, dict):
        return ""
    names = ("thinking", "reasoning", "text", "summary", "content")
    return next((text for n in names if (text := _everything(value.get(n), depth + 1))), "")


def _transcript(audio: Any) -> str:
    said = audio.get("transcript") if isinstance(audio, dict) else None
    return said if isinstance(said, str) else ""


def _calls(message: Mapping[str, Any]) -> str:
    """`name(arguments)`, a line each."""
    calls = message.get("tool_calls")
    listed = calls if isinstance(calls, list) else []
    return "\n".join(_one_call([*listed, message.get("function_call")]))


def _one_call(calls: list[Any]) -> Iterator[str]:
    for call in calls:
        if not isinstance(call, dict):
            continue
        function = call.get("function", call)
        if isinstance(function, dict) and (function.get("name") or function.get("arguments")):
            given = function.get("arguments", function.get("input", ""))
            text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
            yield f"{function.get('name') or ''}({text})"
