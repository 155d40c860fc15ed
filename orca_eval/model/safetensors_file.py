"""The header of a safetensors file: names, types and shapes, without loading a weight.

Layout: https://github.com/huggingface/safetensors#format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from orca_eval.errors import InputError

_LONGEST_HEADER = 100_000_000  # bytes; the format's own limit
_LFS_POINTER = b"version https://git-lfs"


class Tensor(NamedTuple):
    """A tensor's type as the format names it ("BF16"), and how many elements it has."""

    dtype: str
    elements: int


def tensor_shapes(file: Path) -> Mapping[str, Tensor]:
    """Reads the header of `file`, a regular file. Raises InputError where it is none."""
    try:
        header = json.loads(_header(file))
        return {name: _tensor(entry) for name, entry in header.items() if name != "__metadata__"}
    except (OSError, ValueError, RecursionError, AttributeError, TypeError, KeyError) as error:
        reason = str(error) if isinstance(error, (OSError, ValueError)) else "a damaged header"
        raise InputError(
            f"model.path: {file} can't be read as safetensors: {' '.join(reason.split())}"
        ) from None


def _header(file: Path) -> bytes:
    with file.open("rb") as stream:
        start = stream.read(len(_LFS_POINTER))
        if start == _LFS_POINTER:
            raise ValueError("it is a pointer of Git LFS; fetch the file with git lfs pull")
        size = int.from_bytes(start[:8], "little")
        if len(start) < 8 or size > min(file.stat().st_size - 8, _LONGEST_HEADER):
            raise ValueError("its header is longer than the file, which was cut off")
        stream.seek(8)
        return stream.read(size)


def _tensor(entry: Any) -> Tensor:
    dtype, shape = entry["dtype"], entry["shape"]
    if not isinstance(dtype, str) or not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError("a tensor without a type or a shape")
    return Tensor(dtype, prod(shape))


def parameters(files: tuple[Path, ...]) -> float | None:
    """Billions of parameters in `files`; None for packed (quantized) weights, or none at all."""
    tensors = [tensor for file in files for tensor in tensor_shapes(file).values()]
    if not all(tensor.dtype.startswith(("F", "BF")) for tensor in tensors):
        return None
    return sum(tensor.elements for tensor in tensors) / 1e9 if tensors else None
