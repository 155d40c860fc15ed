"""Whether a reply ends in one or two sentences over and over, each time with another number."""

import re

LOOP_READ = 1_500
_LOOKED_AT = 7
_PIECE_END = re.compile(r"\n+|[.!?]\s")
_NO_FRAME = re.compile(r"[^\w#]+|[\d_]+")


def counts_on(low: str) -> bool:
    """Whether the text's last sentences differ in their numbers alone: "#### 1", "#### 2", ...

    The last of them may break off.
    """
    frames: list[str] = []
    pieces: set[str] = set()
    for piece in reversed(_PIECE_END.split(low)):
        frame = " ".join(_NO_FRAME.sub(" ", piece).split())
        if not frame:
            continue
        frames.append(frame)
        pieces.add(piece)
        if len(frames) == _LOOKED_AT:
            break
        if len(frames) == 4 and len(set(frames[1:])) > 2:
            return False
    if len(pieces) < _LOOKED_AT:
        return False
    last, *others = frames
    kinds = set(others)
    few = len(kinds) <= 2 and all(others.count(frame) >= 3 for frame in kinds)
    return few and any(frame.startswith(last) for frame in kinds)
