"""A streamed answer put together, as the server would have sent it in one piece. Pure, and linear
in the length of the stream."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

REPEATED = frozenset({"id", "index", "role", "type", "format", "object"})
"""Texts that each piece brings again; all others go on."""


class _Pieces(list[str]):
    """A text on its way."""


class _Entries(dict[Any, Any]):
    """A list on its way: its entries by their number, or by one of ours where they have none."""


def put_together(content: bytes) -> dict[str, Any] | None:
    """The answer whose pieces are a body's events; None for a body that is no stream."""
    usage: Any = None
    choices: dict[int, dict[str, Any]] = defaultdict(dict)
    try:
        for event in _events(content):
            usage = event.get("usage") or usage
            pieces = event.get("choices")
            for piece in pieces if isinstance(pieces, list) else ():
                if isinstance(piece, dict):
                    number = piece.get("index")
                    _add_piece(choices[number if isinstance(number, int) else 0], piece)
        if not choices:
            return None
        return {"choices": [_whole(choices[n]) for n in sorted(choices)], "usage": usage}
    except RecursionError:  # parts within parts: no server's, but someone's
        return None


def _events(content: bytes) -> Iterator[dict[str, Any]]:
    for line in content.splitlines():
        name, _, data = line.partition(b":")
        if name != b"data":
            continue
        try:
            event = json.loads(data)
        except ValueError:  # "[DONE]", or a torn end
            continue
        if isinstance(event, dict):
            yield event


def _add_piece(choice: dict[str, Any], piece: Mapping[str, Any]) -> None:
    delta = piece.get("delta", piece.get("message"))
    said = {"content": piece.get("text")} | (delta if isinstance(delta, dict) else {})
    choice["message"] = _added(choice.get("message"), said)
    choice["finish_reason"] = piece.get("finish_reason") or choice.get("finish_reason")


def _added(old: Any, new: Any, name: str = "") -> Any:
    """A value with its next piece: texts go on, and so do numbered entries of lists."""
    if new is None:
        return old
    if isinstance(new, str) and name not in REPEATED:
        text = old if isinstance(old, _Pieces) else _Pieces()
        text.append(new)
        return text
    if isinstance(new, dict):
        fields = old if isinstance(old, dict) else {}
        for key, value in new.items():
            fields[key] = _added(fields.get(key), value, key)
        return fields
    if isinstance(new, list):
        entries = old if isinstance(old, _Entries) else _Entries()
        for entry in new:
            number = entry.get("index") if isinstance(entry, dict) else None
            place = number if isinstance(number, int) else ("without one", len(entries))
            entries[place] = _added(entries.get(place), entry)
        return entries
    return new


def _whole(value: Any) -> Any:
    if isinstance(value, _Pieces):
        return "".join(value)
    if isinstance(value, _Entries):
        return [_whole(entry) for entry in value.values()]
    if isinstance(value, dict):
        return {key: _whole(part) for key, part in value.items()}
    return value
