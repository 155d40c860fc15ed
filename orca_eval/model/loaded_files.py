"""Which files of a model folder an engine may load. All of them are hashed; what can't be hashed is
refused, so that two checkpoints never share an identity.

transformers takes `model.safetensors`, the shards of `model.safetensors.index.json`, then pickles
(`pytorch_model.bin` and its index); vLLM takes every `*.safetensors`, else the pickles; both read
code and settings beside them.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from orca_eval.errors import InputError
from orca_eval.model.safetensors import tensor_shapes
from orca_eval.model.settings import read_json, refuse_pointer

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
# What decides the text besides tokenizer and template, which have an identity of their own.
_SETTINGS = ("config.json", "generation_config.json", "*quant*config*.json")
_PART = re.compile(r"(.*-)(\d+)(-of-)(\d+)(\.\w+)")
_COPY = "consolidated"  # the same weights in Mistral's and Meta's own layout
# What a training leaves beside a model, as pickles too.
_OF_THE_TRAINING = re.compile(r"(training_args|optimizer|scheduler|rng_state|scaler)")


def loaded_files(
    folder: Path, config: Mapping[str, Any], *, trusted: bool
) -> tuple[list[Path], list[Path]]:
    """Finds what an engine may load from `folder`: every file that decides the text, and those of
    them whose tensors count. Pickles and code only where they are `trusted`.

    Raises:
        InputError: something that would be loaded can't be hashed, is not whole, or is not trusted.
    """
    safetensors = _found(folder, "*.safetensors")
    pickles = _found(folder, *PICKLES)
    index = folder / INDEX
    shards = _shards(index) if index.is_file() else []
    _refuse_elsewhere(folder, config)
    _refuse_without_weights(folder, safetensors or shards, pickles)
    if not trusted:
        _refuse_untrusted(folder, config, safetensors or shards, pickles)
    files = {*safetensors, *shards, *_found(folder, *_SETTINGS)}
    if shards and not _index_is_plain(index, safetensors):
        files.add(index)
    if trusted:
        refuse_broken(pickles)
        files |= {*pickles, *_found(folder, "**/*.py")}
        for other in _found(folder, "*.bin.index.json"):
            files |= {other, *_shards(other)}
    for file in safetensors:
        tensor_shapes(file)
    single = [folder / SINGLE] if (folder / SINGLE).is_file() else []
    if not single and not shards:
        _refuse_gap(safetensors or (pickles if trusted else []))
    own = [file for file in safetensors if not file.name.startswith(_COPY)]
    return sorted(files), single or shards or own or safetensors


def _found(folder: Path, *patterns: str) -> list[Path]:
    return sorted({f for pattern in patterns for f in folder.glob(pattern) if f.is_file()})


def refuse_adapter(folder: Path) -> None:
    """Raises InputError where a folder is an adapter's."""
    if not (folder / "adapter_config.json").is_file():
        return
    base = read_json(folder / "adapter_config.json").get("base_model_name_or_path")
    named = f" ({base})" if isinstance(base, str) and base else ""
    raise InputError(
        f"model.path: {folder} holds an adapter (adapter_config.json), and transformers would load "
        f"the adapter's base model{named} in its place: give the base model as model.path and this "
        "folder as model.adapter, or remove that file from a merged model"
    )


def _refuse_elsewhere(folder: Path, config: Mapping[str, Any]) -> None:
    """What would come from another place than this folder."""
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


def _refuse_without_weights(folder: Path, safe: list[Path], pickles: list[Path]) -> None:
    if not safe and all(_OF_THE_TRAINING.match(file.name) for file in pickles):
        raise InputError(
            f"model.path: {folder} holds no weights (*.safetensors); copy the whole model"
        )


def refuse_broken(files: Iterable[Path]) -> None:
    """Raises InputError for what is surely broken in files that are not looked into (pickles, which
    run when they are read)."""
    for file in files:
        refuse_pointer(file)
        if not file.stat().st_size:
            raise InputError(f"model.path: {file} is empty; copy the model again")


def _refuse_gap(files: Iterable[Path]) -> None:
    """Without an index, the names alone say that a part is missing (-00001-of-00003)."""
    there = {file.name: file for file in files}
    for name in sorted(there):
        if (part := _PART.fullmatch(name)) is None:
            continue
        head, number, of, total, tail = part.groups()
        for n in range(1, min(int(total), len(there) + 1) + 1):
            wanted = f"{head}{n:0{len(number)}}{of}{total}{tail}"
            if wanted not in there:
                raise InputError(
                    f"model.path: {there[name]} is one of {total} parts, and {wanted} is not there;"
                    " copy the whole model"
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
