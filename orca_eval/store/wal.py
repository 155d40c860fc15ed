"""Whether a write-ahead log was damaged. SQLite itself drops a damaged log's end without a word.

The format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log. A log is reused from its
start after a checkpoint, so frames of an older round (other salts) may stand behind the live ones;
those are no damage.
"""

import struct
from pathlib import Path

HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
MAGIC_LITTLE, MAGIC_BIG = 0x377F0682, 0x377F0683


def damage(path: Path) -> str | None:  # noqa: PLR0911 - one return per finding
    """What is wrong with the log at `path`, None where nothing can be seen to be.

    A log that is missing, or cut between two frames, looks like that of an older store.
    """
    data = path.read_bytes() if path.exists() else b""
    if not data:
        return None
    if len(data) < HEADER_BYTES:
        return "its header is damaged"
    magic, _, page_bytes = struct.unpack(">3I", data[:12])
    order = "<" if magic == MAGIC_LITTLE else ">"
    sums = _checksum(data[:24], (0, 0), order)
    if magic not in (MAGIC_LITTLE, MAGIC_BIG) or sums != struct.unpack(">2I", data[24:32]):
        return "its header is damaged"
    salts = data[16:24]
    frame_bytes = FRAME_HEADER_BYTES + page_bytes
    starts = range(HEADER_BYTES, len(data), frame_bytes)
    for number, start in enumerate(starts, start=1):
        frame = data[start : start + frame_bytes]
        if len(frame) < frame_bytes:
            return f"frame {number} is cut off"
        if frame[8:16] != salts:
            live = any(data[later + 8 : later + 16] == salts for later in starts[number:])
            return f"frame {number} is damaged" if live else None
        sums = _checksum(frame[:8] + frame[FRAME_HEADER_BYTES:], sums, order)
        if sums != struct.unpack(">2I", frame[16:FRAME_HEADER_BYTES]):
            return f"frame {number} is damaged"
    return None


def _checksum(data: bytes, sums: tuple[int, ...], order: str) -> tuple[int, ...]:
    """SQLite's running checksum over 32-bit words; the words' byte order is the header's."""
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
