"""The header of a safetensors file: its tensors, and whether the file holds all of them.

Layout: https://github.com/huggingface/safetensors#format.
"""

import json
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

from orca_eval.errors import InputError
from orca_eval.model.settings import refuse_pointer

_LONGEST_HEADER = 100_000_000  # bytes; the format's own limit


def tensor_shapes(file: Path) -> Mapping[str, tuple[str, int]]:
    """Each tensor's type as the format names it ("BF16") and how many elements it has.

    Raises:
        InputError: the file, a regular one, is a pointer, damaged or cut off.
    """
    refuse_pointer(file)
    try:
        return _tensors(*_header(file))
    except (OSError, ValueError, RecursionError, LookupError, AttributeError, TypeError) as error:
        reason = str(error) if isinstance(error, (OSError, ValueError)) else "a damaged header"
        raise InputError(
            f"model.path: {file} can't be read as safetensors: {' '.join(reason.split())}"
        ) from None


def _header(file: Path) -> tuple[bytes, int]:
    """The header's JSON, and how many bytes follow it."""
    whole = file.stat().st_size
    with file.open("rb") as stream:
        start = stream.read(8)
        size = int.from_bytes(start, "little")
        if len(start) < 8 or size > min(whole - 8, _LONGEST_HEADER):
            raise ValueError("its header is longer than the file, which was cut off")
        return stream.read(size), whole - 8 - size


def _tensors(text: bytes, room: int) -> dict[str, tuple[str, int]]:
    entries = {name: at for name, at in json.loads(text).items() if name != "__metadata__"}
    end = max((entry["data_offsets"][1] for entry in entries.values()), default=0)
    if end > room:
        raise ValueError(f"it was cut off: {end - room:,} bytes of its tensors are missing")
    return {name: _tensor(entry) for name, entry in entries.items()}


def _tensor(entry: Any) -> tuple[str, int]:
    dtype, shape = entry["dtype"], entry["shape"]
    if not isinstance(dtype, str) or not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError("a tensor without a type or a shape")
    return dtype, prod(shape)


def parameters(files: Sequence[Path]) -> float | None:
    """Billions of parameters in `files`, a tensor that stands in several of them counted once.

    None for packed (quantized) weights, or without files.

    Raises:
        InputError: the files hold tensors without a single element, as a checkpoint does that was
            saved from one process of several.
    """
    tensors = {name: tensor for file in files for name, tensor in tensor_shapes(file).items()}
    elements = sum(number for _, number in tensors.values())
    if files and not elements:
        folder = files[0].parent
        raise InputError(
            f"model.path: the safetensors of {folder} hold no weights; save the model again, with"
            " the weights of all processes gathered (DeepSpeed: zero_to_fp32.py)"
        )
    if not all(dtype.startswith(("F", "BF")) for dtype, _ in tensors.values()):
        return None
    return elements / 1e9 if tensors else None
