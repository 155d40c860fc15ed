"""What names a checkpoint, and what is refused before anything is loaded."""

import re
from pathlib import Path

from orca_eval.config.schema import ModelConfig
from orca_eval.errors import InputError
from orca_eval.model.cache import combined_hash, file_hashes
from orca_eval.model.convert import converted_folder
from orca_eval.model.gguf import GgufHeader, read_header
from orca_eval.model.loaded_files import loaded_files, refuse_adapter
from orca_eval.model.locate import Need, locate
from orca_eval.model.safetensors import parameters
from orca_eval.model.settings import read_json
from orca_eval.model.types import Weights

_SPLIT = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")
MOST_PARTS = 1000
_NAMED = 3  # folders in a message
# By the file's general.type.
_NO_MODELS = {
    "mmproj": "a projector of images",
    "imatrix": "an importance matrix",
    "vocab": "a vocabulary alone",
}


def resolve_weights(model: ModelConfig, need: Need) -> Weights:
    """Finds the checkpoint in the form that an engine needs, and its identity.

    `need`: "gguf" for llama.cpp, "hf" for a folder that transformers and vLLM load (a GGUF file is
    converted once). `Weights.sha256` is the plain sha256 of a GGUF file, also for the folder
    converted from it, or a hash over the names and sha256 of all that is loaded from a folder (see
    loaded_files.py). Raises InputError.
    """
    try:
        return _resolved(model, need)
    except OSError as error:
        at = error.filename or model.path
        raise InputError(f"model.path: {str(at)[:200]!r}: {error.strerror or error}") from None


def _resolved(model: ModelConfig, need: Need) -> Weights:
    source, revision = locate(model, need)
    if not (source.is_dir() or source.is_file()):
        raise InputError(f"model.path: {source} is neither a file nor a folder")
    if source.is_file():
        if source.suffix != ".gguf":
            whole = (source.parent / "config.json").is_file()
            advice = f"; give its folder, {source.parent}" if whole else ""
            raise InputError(f"model.path: {source} is not a .gguf file or a model folder{advice}")
        return _from_gguf(model, source, need)
    ggufs = sorted(source.glob("*.gguf"))
    if not ggufs:
        refuse_adapter(source)
    if need == "gguf" or (ggufs and not (source / "config.json").is_file()):
        return _from_gguf(model, _only_gguf(model, source, ggufs), need, revision)
    return _from_folder(model, source, revision)


def _only_gguf(model: ModelConfig, folder: Path, files: list[Path]) -> Path:
    if not files:
        inner = sorted(str(file.relative_to(folder)) for file in folder.glob("*/*.gguf"))
        advice = (
            f"give one of those in it, {', '.join(inner[:_NAMED])}"
            if inner
            else "convert it with llama.cpp's convert_hf_to_gguf.py, or use engine=vllm"
        )
        raise InputError(
            f"model.path: {model.path} holds no .gguf file, and engine=llama_cpp needs one;"
            f" {advice}"
        )
    parts = {file: _SPLIT.search(file.name) for file in files}
    first = [file for file, part in parts.items() if part is None or int(part[1]) == 1]
    if len(first) > 1:
        names = ", ".join(file.name for file in first)
        raise InputError(f"model.path: {folder} holds several .gguf files; name one of {names}")
    return first[0] if first else files[0]  # a later part, which is refused as that


def _parts(file: Path) -> list[Path]:
    """All files of a model that is split into several, from the first to the last."""
    match = _SPLIT.search(file.name)
    if match is None:
        return [file]
    stem, number, total = file.name[: match.start()], int(match[1]), int(match[2])
    if not 1 <= number <= total:
        raise InputError(f"model.path: {file} is part {number} of {total}, by its name")
    if total > MOST_PARTS:
        raise InputError(
            f"model.path: {file} is one of {total} parts; at most {MOST_PARTS} are read"
        )
    parts = [file.with_name(f"{stem}-{n:05d}-of-{match[2]}.gguf") for n in range(1, total + 1)]
    for part in parts:
        if not part.is_file():
            raise InputError(
                f"model.path: {file} is one of {total} parts, and {part.name} is not there"
            )
    if number != 1:
        raise InputError(f"model.path: {file} is not the first part; give {parts[0]}")
    return parts


def _from_gguf(model: ModelConfig, file: Path, need: Need, revision: str | None = None) -> Weights:
    parts = _parts(file)
    headers = [read_header(part) for part in parts]  # before a byte is hashed
    _refuse_other_kinds(file, headers[0], len(parts))
    found = sum(header.parameters for header in headers) / 1e9
    hashes = file_hashes(parts)
    named = {part.name: value for part, value in hashes.items()}
    digest = hashes[file] if len(parts) == 1 else combined_hash(named)
    folder = converted_folder(file, digest) if need == "hf" else None
    return Weights(folder, file, digest, revision or model.revision, model.parameters or found)


def _refuse_other_kinds(file: Path, header: GgufHeader, parts: int) -> None:
    """Files of the format that are no whole model, whatever their name."""
    kind = header.metadata.get("general.type", "model")
    if kind == "adapter":
        raise InputError(
            f"model.path: {file} is a LoRA adapter: give its base model as model.path and this file"
            " as model.adapter"
        )
    if kind in _NO_MODELS:
        raise InputError(f"model.path: {file} holds {_NO_MODELS[kind]}; give the model's own file")
    count = header.metadata.get("split.count", parts)
    if count not in (parts, 0):
        raise InputError(
            f"model.path: {file} is one of {count} parts by its content: give the first, with all"
            f" of them beside it under their names (NAME-00001-of-{count:05}.gguf)"
        )


def _from_folder(model: ModelConfig, folder: Path, revision: str | None) -> Weights:
    if not (folder / "config.json").exists():
        configs = (*folder.glob("*/config.json"), *folder.glob("*/adapter_config.json"))
        inner = sorted({file.parent.name for file in configs})
        hint = f", but {', '.join(inner[:_NAMED])} in it: give one of them" if inner else ""
        raise InputError(f"model.path: {folder} is not a model folder: no config.json{hint}")
    config = read_json(folder / "config.json")
    files, tensors = loaded_files(folder, config, trusted=model.trust_remote_code)
    found = parameters(tensors)
    named = {f.relative_to(folder).as_posix(): value for f, value in file_hashes(files).items()}
    count = model.parameters or found
    return Weights(folder, None, combined_hash(named), revision or model.revision, count)
