"""A record of a writer's file: one line of text with a checksum before it.

    <32 hex digits of BLAKE2b over the rest> {"key":"…","text":"…",…}

JSON holds no line break, so a damaged record ends with its line, and the next one is whole again.
"""

import base64
import hashlib
import json
from typing import Any

from orca_eval.store.rows import COLUMNS, Row

DIGEST_BYTES = 16
BEGIN = 2 * DIGEST_BYTES + 1
NAMES = COLUMNS.split(", ")
IN_HEX = ("key", "checksum", "request")
IN_BASE64 = ("token_ids",)

Record = dict[str, Any]


def to_line(record: Record) -> bytes:
    """The record with its checksum and its line's end."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    return b"%s %s\n" % (_checksum(text), text)


def from_line(line: bytes) -> Record | None:
    """The record, or None where the line is damaged or not whole."""
    text = line[BEGIN:-1]
    if line[-1:] != b"\n" or line[:BEGIN] != _checksum(text) + b" ":
        return None
    record: Record = json.loads(text)
    return record


def of_row(row: Row, stamp: int, mark: str | None) -> Record:
    """A row as a record; what is null is left out. Of two rows with one key the later `stamp`
    counts."""
    record: Record = {"stamp": stamp} | ({} if mark is None else {"mark": mark})
    for name, value in zip(NAMES, row, strict=True):
        if value is None:
            continue
        if name in IN_HEX:
            record[name] = value.hex()
        else:
            record[name] = base64.b64encode(value).decode() if name in IN_BASE64 else value
    return record


def to_row(record: Record) -> Row:
    """The row as a database gives it: texts as bytes."""
    return tuple(_cell(name, record.get(name)) for name in NAMES)


def _cell(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name in IN_HEX:
        return bytes.fromhex(value)
    return base64.b64decode(value) if name in IN_BASE64 else value.encode()


def _checksum(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=DIGEST_BYTES).hexdigest().encode()
