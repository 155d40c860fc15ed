"""A streamed answer put together, as the server would have sent it in one piece. Pure."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

REPEATED = frozenset({"id", "index", "role", "type", "format", "object"})
"""Texts that each piece brings again; all others go on."""


def put_together(content: bytes) -> dict[str, Any] | None:
    """The answer whose pieces are a body's events; None for a body that is no stream."""
    usage: Any = None
    messages: dict[int, _Message] = defaultdict(_Message)
    for event in _events(content):
        usage = event.get("usage") or usage
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                number = choice.get("index")
                messages[number if isinstance(number, int) else 0].add(choice)
    if not messages:
        return None
    return {"choices": [messages[n].choice() for n in sorted(messages)], "usage": usage}


class _Message:
    """One choice, of which pieces are added."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = defaultdict(list)
        self._others: dict[str, Any] = {}
        self._reason: Any = None

    def add(self, choice: Mapping[str, Any]) -> None:
        self._reason = choice.get("finish_reason") or self._reason
        delta = choice.get("delta", choice.get("message"))
        if isinstance(choice.get("text"), str):
            self._texts["content"].append(choice["text"])
        for name, value in (delta if isinstance(delta, dict) else {}).items():
            if isinstance(value, str) and name not in REPEATED:
                self._texts[name].append(value)
            else:
                self._others[name] = _joined(self._others.get(name), value)

    def choice(self) -> dict[str, Any]:
        texts = {name: "".join(parts) for name, parts in self._texts.items()}
        return {"message": self._others | texts, "finish_reason": self._reason}


def _events(content: bytes) -> Iterator[dict[str, Any]]:
    for line in content.splitlines():
        name, _, data = line.partition(b":")
        if name != b"data":
            continue
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):  # "[DONE]", or a torn end
            continue
        if isinstance(event, dict):
            yield event


def _joined(old: Any, new: Any, name: str = "") -> Any:
    """A value and its next piece: texts go on, and so do numbered entries of lists."""
    if new is None:
        return old
    if isinstance(old, str) and isinstance(new, str) and name not in REPEATED:
        return old + new
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: _joined(old.get(key), value, key) for key, value in new.items()}
    if isinstance(old, list) and isinstance(new, list):
        return _longer(old, new)
    return new


def _longer(old: list[Any], new: list[Any]) -> list[Any]:
    made = list(old)
    for entry in new:
        number = entry.get("index") if isinstance(entry, dict) else None
        same = (
            at
            for at, one in enumerate(made)
            if number is not None and isinstance(one, dict) and one.get("index") == number
        )
        if (at := next(same, None)) is None:
            made.append(entry)
        else:
            made[at] = _joined(made[at], entry)
    return made
