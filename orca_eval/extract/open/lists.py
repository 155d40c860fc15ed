"""Lists as replies write them: what each way of setting items apart has in common is here.

A list by its marks alone (JSON, quotes, braces, numbers, bullets, bars, arrows) is one whatever it
holds; commas, slashes and "and" may also stand within one item, so they are read apart.
"""

import re

from orca_eval.extract.reply.text import behind

BULLET = re.compile(r"[ \t]*(?:[-*•]|\(?\d{1,3}[.)])[ \t]+")
_QUOTED = re.compile(
    r"\s*(?:\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\n]|'(?=\w))*)'|\{([^{}\n]*)\}"
    r"|\[([^\[\]\n]*)\]|\((\D[^()\n]*)\)|<([^\W\d][^<>\n]*)>)\s*"
    r"(?:(?:[,;&/|<>→+]|-+>|=+>|and\b)\s*){0,3}"
)
_IN_BRACKETS = (("{", "}"), ("[", "]"), ("(", ")"))
_REMARK = re.compile(r"(?<=\w)\s\([^()]*\)$")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_COMMA = re.compile(r",\s+(?:and\s+)?|(?<!\d),|,(?!\d)|;\s*|\n")
_NUMBER = re.compile(r"(?:^|(?<=[\s,;]))\(?(\d{1,2}|[a-z])[.):]\s+")
_LONGEST_NUMBERED = 5
_BETWEEN = re.compile(r"\s*(?:\||→|⟶|⇒|->|=>|-->|•|\s>\s|\s<\s)\s*")
_WORD = re.compile(r"(?=[^a-zA-Z]{0,20}[^\W\d_])[\w'’&.-]+")
_SEPARATORS = re.compile(r"\s*(?:[,;](?:\s*(?:and|&)\s)?|\||-+>|=+>|→|⟶|⇒|≤|≺|[<>•·\n])\s*")
_WEAK_SEPARATORS = re.compile(r"\s+(?:and|&)\s+")  # within one answer, too: "rock and roll"
_DOUBTFUL_SEPARATORS = re.compile(r"\s*/\s*|\s-\s")
_BRACKETS = frozenset("()[]{}<>")
_AROUND_BRACKETS = frozenset(" ,;'\"\\\n|")


def marked_items(value: str) -> list[str] | None:
    """The items of a list that shows by its marks that it is one, None where none do."""
    value = _single_spaced(value)
    items = _wrapped(value, least=2) or _bracketed(value) or _numbered(value) or _parted(value)
    items = [" ".join(item.split()).strip("\"'") for item in items or ()]
    return [item for item in items if item] or None


def _bracketed(value: str) -> list[str] | None:
    """The items within square brackets, or the wrapped ones within any."""
    for opening, closing in _IN_BRACKETS:
        if len(value) > 2 and value[0] == opening and value[-1] == closing:
            inner, square = value[1:-1].strip(), opening == "["
            items = _wrapped(inner, least=1 if square else 2) or _numbered(inner) or _parted(inner)
            return items or (_COMMA.split(inner) if square and _is_one(value) else None)
    return None


def _is_one(value: str) -> bool:
    """Whether the square brackets around the value are one pair."""
    return "]" not in value[1:-1] and "[" not in value[1:-1]


def _single_spaced(value: str) -> str:
    lines = (" ".join(line.split()) for line in value.splitlines())
    return "\n".join(line for line in lines if line)


def _within(value: str, opening: str, closing: str) -> str | None:
    """What stands between brackets around all of the value."""
    around = len(value) > 1 and value[0] == opening and value[-1] == closing
    return value[1:-1] if around and closing not in value[1:-1] else None


def _wrapped(value: str, least: int) -> list[str] | None:
    """Items that each stand in quotes or braces, with nothing but separators between."""
    items: list[str] = []
    at, kinds = 0, set()
    while at < len(value):
        found = _QUOTED.match(value, at)
        if not found:
            return None
        items.append(_unescaped(found[found.lastindex or 0]))
        kinds.add(found.lastindex)
        at = found.end()
    return items if len(items) >= least and len(kinds) == 1 else None


def _unescaped(item: str) -> str:
    """The item without the escapes of JSON."""
    if "\\" in item:
        item = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), item).replace('\\"', '"')
    return item


def _numbered(value: str) -> list[str] | None:
    """Short items behind 1, 2, 3 on one line; what is longer is prose that counts its points."""
    marks = list(_NUMBER.finditer(value))
    if len(marks) < 2 or marks[0].start() > 0:
        return None
    first = "a" if marks[0][1] == "a" else "1"
    if [m[1] for m in marks] != [_place(first, i) for i in range(len(marks))]:
        return None
    ends = [mark.start() for mark in marks[1:]] + [len(value)]
    items = [value[m.end() : end].strip(" ,;") for m, end in zip(marks, ends, strict=True)]
    return items if all(len(item.split()) <= _LONGEST_NUMBERED for item in items) else None


def _place(first: str, number: int) -> str:
    return chr(ord("a") + number) if first == "a" else str(1 + number)


def _parted(value: str) -> list[str] | None:
    """Items with bars, arrows or dots between them."""
    parts = _BETWEEN.split(value.strip("•|→ "))
    return parts if len(parts) > 1 and all(any(map(str.isalnum, part)) for part in parts) else None


def marked_words(value: str) -> bool:
    """Whether the value is a list by its marks, of single words."""
    items = marked_items(value)
    return items is not None and all(map(_WORD.fullmatch, items))


def unbulleted(line: str) -> str:
    """The line without a bullet or number before it."""
    return line[behind(BULLET, line, 0) :].strip()


def in_words(value: str) -> str:
    """The value with single spaces; of a list of words, or of brackets, without what parts them."""
    lines = [value] if _numbered(value) else map(unbulleted, value.splitlines())
    value = _single_spaced("\n".join(lines))
    if not any(map(str.isalnum, value)):
        return _brackets(value)
    inner = _REMARK.sub("", value).strip(" ,;.")
    for opening, closing in _IN_BRACKETS:
        inner = _within(inner, opening, closing) or inner
    items = marked_items(inner) or inner.split()
    if all(map(_WORD.fullmatch, items)):
        return " ".join(items)
    parts = _DOUBTFUL_SEPARATORS.split(inner)
    if len(parts) < 3:
        parts = _SEPARATORS.split(inner)
        parts = parts if len(parts) < 2 else _WEAK_SEPARATORS.split(" and ".join(parts))
    words = [part.strip(" \"'.") for part in parts]
    listed = len(words) > 1 and all(map(_WORD.fullmatch, words))
    return " ".join(words if listed else value.split())


def _brackets(value: str) -> str:
    """A sequence of brackets: with single spaces where commas or quotes set them apart."""
    marks = set(value)
    if not marks & _BRACKETS or not marks <= _BRACKETS | _AROUND_BRACKETS:
        return " ".join(value.split())
    apart = bool(marks & set(",;'\"\n|"))
    kept = "".join(" " if c in ",;'\"\n|" else "" if c == "\\" else c for c in value)
    if apart and kept.split() and (listed := _listed_brackets(value)):
        return listed
    return " ".join(kept.split())


def _listed_brackets(value: str) -> str | None:
    """The items of a JSON list of brackets: its own brackets are none of them."""
    if not (value.startswith("[") and value.endswith("]") and set(value) & set("\"'")):
        return None
    return " ".join(part for part in re.findall(r"[\"']([()\[\]{}<> ]+)[\"']", value)) or None
