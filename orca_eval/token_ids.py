"""Token ids in few bytes: as many bits each as the largest of a reply needs, or deflated where that
is shorter (as of long replies it is).

A vocabulary of 49 thousand takes 2 bytes a token at most, one of 256 thousand 2.25.
"""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_LEAST_BITS = 8  # so that the bits that fill the last byte hold no further id
_ID_BYTES = 4


def packed(ids: Sequence[int]) -> bytes:
    """The ids behind a byte that says how they are packed: 8 or more is the bits of each, less the
    bytes of each before they were deflated. Nothing where there are none.

    Raises:
        ValueError: for what is no id.
    """
    if not ids:
        return b""
    if not 0 <= min(ids) <= max(ids) < 1 << 8 * _ID_BYTES:
        raise ValueError(f"token ids from {min(ids)} to {max(ids)}")
    width = max(_LEAST_BITS, max(ids).bit_length())
    numbers = np.asarray(ids, dtype="<u4").view(np.uint8).reshape(len(ids), _ID_BYTES)
    bits = np.unpackbits(numbers, axis=1, count=width, bitorder="little")
    dense = np.packbits(bits, bitorder="little").tobytes()
    size = (width + 7) // 8
    deflated = zlib.compress(numbers[:, :size].tobytes())
    if len(deflated) < len(dense):
        return bytes([size]) + deflated
    return bytes([width]) + dense


def unpacked(data: bytes) -> list[int]:
    """What was packed."""
    if not data:
        return []
    kind = data[0]
    if kind < _LEAST_BITS:
        plain = np.frombuffer(zlib.decompress(data[1:]), np.uint8)
        return _ids(plain.reshape(-1, kind))
    bits = np.unpackbits(np.frombuffer(data, np.uint8, offset=1), bitorder="little")
    bits = bits[: len(bits) // kind * kind].reshape(-1, kind)
    return _ids(np.packbits(bits, axis=1, bitorder="little"))


def _ids(parts: NDArray[np.uint8]) -> list[int]:
    """A row of bytes per id, the lowest first."""
    whole = np.zeros((len(parts), _ID_BYTES), np.uint8)
    whole[:, : parts.shape[1]] = parts
    ids: list[int] = whole.view("<u4").ravel().tolist()
    return ids
