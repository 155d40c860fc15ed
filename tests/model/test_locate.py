"""A path that is not there is said to be that, whatever it looks like; a hub id is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

from orca_eval.config.schema import ModelConfig
from orca_eval.errors import InputError
from orca_eval.model.locate import Need
from orca_eval.model.weights import resolve_weights
from tests.model.files import write_folder, write_gguf


@pytest.fixture(autouse=True)
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hub ids that were asked for, in a folder of its own; the hub has none of them."""
    ids: list[str] = []

    def download(hub_id: str, **_kwargs: Any) -> str:
        ids.append(hub_id)
        raise LocalEntryNotFoundError("a long story\nin several lines")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    monkeypatch.chdir(tmp_path)
    return ids


def refused(path: str, need: Need = "hf") -> str:
    with pytest.raises(InputError) as caught:
        resolve_weights(ModelConfig(name="m", path=path), need)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("need", ["hf", "gguf"])
@pytest.mark.parametrize(
    "path",
    [
        *("./nope.gguf", "../nope", ".", "./", "nope", "nope.gguf", "~/nope-7f3e", "/nope/at-all"),
        *("a/b/c", "a//b", "a/", "/", "-a/b", "a/-b", "a/b.", "a..b/c", "a/b--c", "a/b.git"),
        *("owner/model.gguf", "owner/model.GGUF", "owner/model.safetensors", "owner/pytorch.bin"),
        *("owner/model.tar", "owner/model.zip", "owner/config.json", "owner/model.pt"),
        *("run/checkpoint-100", "run/global_step2000", "run/step_5", "run/epoch-3", "run/ckpt-1"),
        *("模型/7B", "owner/na me", "owner\\name", "a" * 90 + "/name-too-long", "a\0b", "x" * 5000),
    ],
)
def test_what_can_be_no_hub_id_is_a_path(path: str, need: Need, asked: list[str]) -> None:
    said = refused(path, need)
    assert "model.path: " in said
    assert asked == []
    places = (".", "./", "/")  # which are there
    assert ("does not exist" in said) == (path not in places and len(path) < 5000)


@pytest.mark.parametrize(
    "hub_id",
    [
        *("meta-llama/Llama-3.1-8B", "Qwen/Qwen2.5-0.5B", "owner/name_v0.1", "a/b", "0x/1"),
        *("TheBloke/x-GGUF", "owner/model-step", "owner/checkpointed", "owner/1.0"),
    ],
)
def test_a_hub_id_is_asked_for(hub_id: str, asked: list[str]) -> None:
    assert f"{hub_id} does not exist here, and can't be loaded from the hub" in refused(hub_id)
    assert asked == [hub_id]


def test_an_owner_that_is_a_folder_here_makes_it_a_path(asked: list[str], tmp_path: Path) -> None:
    write_folder(tmp_path / "Qwen" / "step-1000")
    (tmp_path / "Qwen" / "notes").mkdir()
    assert "does not exist; did you mean 'Qwen/step-1000'?" in refused("Qwen/step-100")
    said = refused("Qwen/Mistral-7B", "gguf")
    assert "does not exist in the folder 'Qwen'; to mean the hub's, run in another folder" in said
    assert "did you mean 'Qwen'?" in refused("Qwn")
    assert asked == []


def test_a_link_that_leads_nowhere_is_a_path(asked: list[str], tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    for name in ("m.gguf", "own/latest"):
        (tmp_path / name).symlink_to("gone")
        assert "does not exist any more: it is a link to 'gone'" in refused(name)
    assert asked == []


def test_a_file_of_a_model_folder_names_the_folder(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    assert f"give its folder, {folder}" in refused("m/model.safetensors")
    assert "a .gguf file or a model folder; give its" in refused("m/config.json")


def test_a_folder_of_checkpoints_names_them(tmp_path: Path) -> None:
    for step in (100, 200):
        write_folder(tmp_path / "out" / f"checkpoint-{step}")
    said = refused("out")
    assert "is not a model folder: no config.json, but checkpoint-100, checkpoint-200 in it" in said


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (HFValidationError("Repo id must be short\nand more"), "Repo id must be short"),
        (PermissionError(13, "Permission denied", "cache"), "Permission denied"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (ConnectionError("no route"), "the hub can't be reached"),
    ],
)
def test_whatever_the_hub_says_is_one_line(
    error: Exception, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(_hub_id: str, **_kwargs: Any) -> str:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert says in refused("org/name")


def test_a_hub_download_leaves_the_second_copy_of_the_weights(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    left: list[str] = []

    def download(_hub_id: str, **kwargs: Any) -> str:
        left.extend(kwargs["ignore_patterns"])
        return str(write_folder(tmp_path / "snapshots" / "c0"))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    resolve_weights(ModelConfig(name="m", path="org/name"), "hf")
    files = ["consolidated.safetensors", "consolidated-00001-of-00002.safetensors"]
    files += ["original/consolidated.00.pth", "metal/model.bin", "model.safetensors"]
    kept = list(huggingface_hub.utils.filter_repo_objects(files, ignore_patterns=left))
    assert kept == ["model.safetensors"]


def test_what_may_not_be_read_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_gguf(tmp_path / "m.gguf", {"general.architecture": "llama"})

    def no_entry(_self: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(Path, "exists", no_entry)
    assert "m.gguf': Permission denied" in refused("m.gguf")
