"""Whether a reply ends in one or two sentences over and over, each time with another number."""

import re

LOOP_READ = 900
_LOOKED_AT = 7
_PIECE_END = re.compile(r"\n+|[.!?]\s")
_BEGIN = re.compile(r"[^\d]{1,12}")
_NO_FRAME = re.compile(r"(?:[^\w#]|[\d_])+")


def counts_on(low: str) -> bool:
    """Whether the text's last sentences differ in their numbers alone: "#### 1", "#### 2", ...

    The last of them may break off.
    """
    if not _recurs(low.rstrip()):
        return False
    frames: list[str] = []
    pieces: set[str] = set()
    for piece in reversed(_PIECE_END.split(low)):
        frame = _NO_FRAME.sub(" ", piece).strip()
        if not frame:
            continue
        frames.append(frame)
        pieces.add(piece)
        if len(frames) == _LOOKED_AT:
            break
        if len(set(frames[1:])) > 2:
            return False
    if len(pieces) < _LOOKED_AT:
        return False
    last, *others = frames
    kinds = set(others)
    few = len(kinds) <= 2 and all(others.count(frame) >= 3 for frame in kinds)
    return few and any(frame.startswith(last) for frame in kinds)


def _recurs(low: str) -> bool:
    """Whether the begin of the last sentence stands in the text three times: a fast first look."""
    at = max(low.rfind("\n"), low.rfind(". ", 0, -1), 0)
    begin = _BEGIN.match(low, at)
    return begin is None or low.count(begin[0].lstrip(".\n")) >= 3
