"""Which columns of a table a screen shows side by side, and how wide each is."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len

GAP = 2
LABEL = 22  # holds "Reasoning average (6)"
TEXT = 10  # narrower, a text is no longer read
WORD = 24  # a longer word is folded
_WORDS = re.compile(r"\s*[^\s/-]+[/-]*|\s*[/-]+")


class Width(NamedTuple):
    """A column's cells: `least` keeps their words whole, `most` keeps each on a line of its own.

    `gives_way` is a `Column`'s.
    """

    least: int
    most: int
    gives_way: int = 0


class Block(NamedTuple):
    """Columns side by side, by their places in the table, and the width of each; that of the labels
    is apart."""

    label: int
    columns: tuple[int, ...]
    widths: tuple[int, ...]


def width_of(head: str, texts: Iterable[str], *, wraps: bool, gives_way: int = 0) -> Width:
    """Measures a column; a head may break between words, its cells only where it `wraps`."""
    cells = list(texts)
    whole = [word.strip() for text in cells for word in (_WORDS.findall(text) if wraps else [text])]
    least = max(map(cell_len, [*head.split(), *whole]), default=0)
    most = max(map(cell_len, [head, *cells]), default=0)
    if wraps:
        least = min(max(least, min(most, TEXT)), WORD)
    return Width(least, most, gives_way)


def lines_of(text: str, width: int) -> str:
    """Breaks a text between words, and a name where its parts meet."""
    lines = [""]
    for word in _WORDS.findall(text):
        if lines[-1] and cell_len(lines[-1] + word) > width:
            lines.append(word.lstrip())
        else:
            lines[-1] += word
    return "\n".join(lines)


def blocks(label: Width, columns: Sequence[Width], room: int) -> list[Block]:
    """Leaves out what gives way until the rest fits into `room` beside labels that are not broken;
    what does not fit then, beside labels that are, goes below, beside the same labels."""
    preferred = max(label.least, min(label.most, LABEL))

    def spare(places: Sequence[int], least: int = preferred) -> int:
        return room - least - sum(GAP + columns[place].least for place in places)

    kept = list(range(len(columns)))
    for rank in sorted({column.gives_way for column in columns} - {0}):
        if spare(kept) >= 0:
            break
        kept = [place for place in kept if columns[place].gives_way != rank]
    if spare(kept, label.least) >= 0:
        return [_block(label, kept, columns, spare(kept, label.least))]
    label = label._replace(least=preferred)
    parts: list[list[int]] = [[]]
    for place in kept:
        if parts[-1] and spare([*parts[-1], place]) < 0:
            parts.append([])
        parts[-1].append(place)
    return [_block(label, part, columns, spare(part)) for part in parts]


def _block(label: Width, places: Sequence[int], columns: Sequence[Width], spare: int) -> Block:
    """Gives what room is left to the labels first; where it is too little, they are folded."""
    widths = []
    for width in (label, *(columns[place] for place in places)):
        more = max(0, min(spare, width.most - width.least))
        widths.append(width.least + more)
        spare -= more
    folded = max(1, widths[0] + min(0, spare))
    return Block(folded, tuple(places), tuple(widths[1:]))
