"""Which files of a model folder an engine may load. All of them are hashed; what can't be hashed is
refused, so that two checkpoints never share an identity.

transformers takes `model.safetensors`, the shards of `model.safetensors.index.json`, then pickles
(`pytorch_model.bin` and its index); vLLM takes every `*.safetensors`, else the pickles; both read
code and settings beside them.
"""

import json
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path, PurePosixPath
from typing import Any

from orca_eval.errors import InputError
from orca_eval.model.settings import read_json

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
# What decides the text besides tokenizer and template, which have an identity of their own.
_SETTINGS = ("config.json", "generation_config.json", "*quant*config*.json")
_LONGEST_HEADER = 100_000_000  # bytes; the format's own limit
_LFS_POINTER = b"version https://git-lfs"


def loaded_files(
    folder: Path, config: Mapping[str, Any], *, trusted: bool
) -> tuple[list[Path], list[Path]]:
    """Finds what an engine may load from `folder`: every file that decides the text, and those of
    them that are loaded safetensors. Pickles and code only where they are `trusted`.

    Raises:
        InputError: something that would be loaded can't be hashed, or is not trusted.
    """
    safetensors = _found(folder, "*.safetensors")
    pickles = _found(folder, *PICKLES)
    index = folder / INDEX
    shards = _shards(index) if index.is_file() else []
    _refuse_elsewhere(folder, config)
    if not trusted:
        _refuse_untrusted(folder, config, safetensors or shards, pickles)
    files = {*safetensors, *shards, *_found(folder, *_SETTINGS)}
    if shards and not _index_is_plain(index, safetensors):
        files.add(index)
    if trusted:
        files |= {*pickles, *_found(folder, "**/*.py")}
        for other in _found(folder, "*.bin.index.json"):
            files |= {other, *_shards(other)}
    single = [folder / SINGLE] if (folder / SINGLE).is_file() else []
    return sorted(files), single or shards or safetensors


def _found(folder: Path, *patterns: str) -> list[Path]:
    return sorted({f for pattern in patterns for f in folder.glob(pattern) if f.is_file()})


def _refuse_elsewhere(folder: Path, config: Mapping[str, Any]) -> None:
    """What would come from another place than this folder."""
    if (folder / "adapter_config.json").is_file():
        raise InputError(
            f"model.path: {folder} holds an adapter (adapter_config.json), and transformers would "
            "load the adapter's base model in its place: give the base model as model.path and "
            "this folder as model.adapter, or remove that file from a merged model"
        )
    if isinstance(weights := config.get("transformers_weights"), str):
        raise InputError(
            f"model.path: {folder / 'config.json'} names the weights {weights!r} "
            "(transformers_weights); remove that entry, and name the file model.safetensors"
        )
    code = config.get("auto_map")
    if isinstance(code, dict) and any("--" in str(place) for place in code.values()):
        raise InputError(
            f"model.path: {folder} needs code of another repository (auto_map in config.json); "
            "copy that code into the folder and name it there"
        )


def _refuse_untrusted(
    folder: Path, config: Mapping[str, Any], safe: list[Path], pickles: list[Path]
) -> None:
    """Pickles and the repository's own code run on loading; only the user can allow that."""
    trust = "give model.trust_remote_code=true if you trust"
    if not safe:
        raise InputError(
            f"model.path: {folder} has no .safetensors weights; pickles (.bin, .pt) can run code "
            f"when they are loaded: {trust} them"
        )
    loaded = [file for file in pickles if file.name.startswith("pytorch_model")]
    if loaded and not ((folder / SINGLE).is_file() or (folder / INDEX).is_file()):
        raise InputError(
            f"model.path: {folder} holds {loaded[0].name}, a pickle that transformers loads where "
            f"there is no {SINGLE}: rename {safe[0].name} to that, remove the pickle, or {trust} it"
        )
    if "auto_map" in config:
        raise InputError(
            f"model.path: {folder} needs code of its own (auto_map in config.json); {trust} it"
        )


def _shards(index: Path) -> list[Path]:
    """The files that an index names, each once; all inside its folder."""
    found = []
    for name in sorted(set(_weight_map(index).values())):
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts:
            raise InputError(f"model.path: {index} names {name!r}, which is outside its folder")
        file = index.parent / place
        if "\0" in name or not file.is_file():
            raise InputError(
                f"model.path: {index} names {name!r}, which is not there; copy the whole model"
            )
        found.append(file)
    return found


def _weight_map(index: Path) -> dict[str, str]:
    entries = read_json(index).get("weight_map")
    if not isinstance(entries, dict) or not all(isinstance(v, str) for v in entries.values()):
        raise InputError(f"model.path: {index} has no weight_map of tensors and files")
    return entries


def _index_is_plain(index: Path, safetensors: list[Path]) -> bool:
    """Whether the index says no more than the files do: each tensor stands in one file alone, and
    the index names it. Such an index decides nothing, and identities from before it was looked at
    stay as they were."""
    placed = [(name, file.name) for file in safetensors for name in tensor_shapes(file)]
    return dict(placed) == _weight_map(index) and len(dict(placed)) == len(placed)


def tensor_shapes(file: Path) -> Mapping[str, tuple[str, int]]:
    """Each tensor's type as the format names it ("BF16") and how many elements it has, from the
    header of a safetensors file, a regular one. Raises InputError.

    Layout: https://github.com/huggingface/safetensors#format.
    """
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


def _tensor(entry: Any) -> tuple[str, int]:
    dtype, shape = entry["dtype"], entry["shape"]
    if not isinstance(dtype, str) or not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError("a tensor without a type or a shape")
    return dtype, prod(shape)


def parameters(files: Iterable[Path]) -> float | None:
    """Billions of parameters in `files`; None for packed (quantized) weights, or none at all."""
    tensors = [tensor for file in files for tensor in tensor_shapes(file).values()]
    if not all(dtype.startswith(("F", "BF")) for dtype, _ in tensors):
        return None
    return sum(elements for _, elements in tensors) / 1e9 if tensors else None
