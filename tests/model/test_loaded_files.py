"""What is hashed is what is loaded: no two checkpoints that differ share an identity."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orca_eval.config.schema import ModelConfig
from orca_eval.errors import InputError
from orca_eval.model.cache import combined_hash, file_hashes
from orca_eval.model.types import Weights
from orca_eval.model.weights import resolve_weights
from tests.model.files import write_folder, write_gguf, write_safetensors

INDEX = "model.safetensors.index.json"
Change = Callable[[Path], object]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def resolved(folder: Path, *, trusted: bool = False) -> Weights:
    return resolve_weights(ModelConfig(name="m", path=str(folder), trust_remote_code=trusted), "hf")


def refusal(folder: Path, *, trusted: bool = False) -> str:
    with pytest.raises(InputError) as caught:
        resolved(folder, trusted=trusted)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def sharded(folder: Path, second: str = "model-2.safetensors") -> Path:
    """A folder whose two tensors lie in two files."""
    write_folder(folder)
    (folder / "model.safetensors").unlink()
    (folder / second).parent.mkdir(parents=True, exist_ok=True)
    write_safetensors(folder / "model-1.safetensors", {"a": ("BF16", [2, 3])})
    write_safetensors(folder / second, {"b": ("BF16", [4, 5])})
    index(folder, {"a": "model-1.safetensors", "b": second})
    return folder


def index(folder: Path, weight_map: object, name: str = INDEX) -> None:
    (folder / name).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def test_a_plain_folder_keeps_the_identity_it_had(tmp_path: Path) -> None:
    for folder in (write_folder(tmp_path / "one"), sharded(tmp_path / "two")):
        (folder / "generation_config.json").write_text("{}")
        names = ("*.safetensors", "config.json", "generation_config.json")
        files = sorted(file for name in names for file in folder.glob(name))
        hashes = {file.name: value for file, value in file_hashes(files).items()}
        assert resolved(folder).sha256 == combined_hash(hashes)


def test_a_pickle_beside_safetensors_of_another_name_is_not_loaded_unseen(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    (folder / "model.safetensors").rename(folder / "scales.safetensors")
    (folder / "pytorch_model.bin").write_bytes(b"one")
    assert "pytorch_model.bin, a pickle that transformers loads" in refusal(folder)
    one = resolved(folder, trusted=True).sha256
    (folder / "pytorch_model.bin").write_bytes(b"two")
    assert resolved(folder, trusted=True).sha256 != one


def test_a_pickle_that_nothing_loads_is_let_be(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    before = resolved(folder).sha256
    (folder / "pytorch_model.bin").write_bytes(b"older")
    (folder / "training_args.bin").write_bytes(b"of the training")
    assert resolved(folder).sha256 == before


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: write_safetensors(folder / "sub/two.safetensors", {"b": ("F32", [4, 5])}),
        lambda folder: write_safetensors(folder / "model-1.safetensors", {"a": ("F32", [2, 3])}),
        lambda folder: (folder / "quantize_config.json").write_text('{"bits": 4}'),
        lambda folder: (folder / "hf_quant_config.json").write_text('{"bits": 4}'),
    ],
)
def test_whatever_is_loaded_is_part_of_the_identity(tmp_path: Path, change: Change) -> None:
    folder = sharded(tmp_path / "m", "sub/two.safetensors")
    before = resolved(folder).sha256
    change(folder)
    assert resolved(folder).sha256 != before


def test_an_index_that_chooses_between_files_is_part_of_the_identity(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "m")
    write_safetensors(folder / "other.safetensors", {"b": ("BF16", [4, 5])})
    before = resolved(folder).sha256
    index(folder, {"a": "model-1.safetensors", "b": "other.safetensors"})
    assert resolved(folder).sha256 != before


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "deep" / "layers.py").write_text("x = 2"),
        lambda folder: (folder / "parts" / "one.bin").write_bytes(b"two"),
        lambda folder: index(folder, {}, "pytorch_model.bin.index.json"),
    ],
)
def test_with_trust_code_and_pickles_below_the_folder_count_too(
    tmp_path: Path, change: Change
) -> None:
    folder = write_folder(tmp_path / "m", auto_map={"AutoModel": "modeling.Model"})
    (folder / "deep").mkdir()
    (folder / "deep" / "layers.py").write_text("x = 1")
    (folder / "parts").mkdir()
    (folder / "parts" / "one.bin").write_bytes(b"one")
    index(folder, {"a": "parts/one.bin"}, "pytorch_model.bin.index.json")
    before = resolved(folder, trusted=True).sha256
    change(folder)
    assert resolved(folder, trusted=True).sha256 != before


@pytest.mark.parametrize(
    ("weight_map", "says"),
    [
        ({"a": "../other/model.safetensors"}, "outside its folder"),
        ({"a": "/etc/passwd"}, "outside its folder"),
        ({"a": "model-9.safetensors"}, "which is not there"),
        ({"a": 7}, "has no weight_map"),
        ([], "has no weight_map"),
    ],
)
def test_an_index_that_can_not_be_followed_is_one_line(
    tmp_path: Path, weight_map: object, says: str
) -> None:
    folder = sharded(tmp_path / "m")
    index(folder, weight_map)
    assert says in refusal(folder)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("adapter_config.json", "{}", "the adapter's base model"),
        ("config.json", '{"transformers_weights": "x.bin"}', "transformers_weights"),
        ("config.json", '{"auto_map": {"AutoModel": "a/b--m.M"}}', "code of another repository"),
    ],
)
def test_what_would_come_from_elsewhere_is_refused_with_trust_too(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    folder = write_folder(tmp_path / "m")
    (folder / name).write_text(content)
    assert says in refusal(folder)
    assert says in refusal(folder, trusted=True)


def test_a_copy_of_the_weights_is_not_counted_twice(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    write_safetensors(folder / "consolidated.safetensors", {"w": ("BF16", [2000, 3000])})
    assert resolved(folder).parameters == pytest.approx(0.006)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "longer than the file"),
        (b"\xf4\x01\0\0\0\0\0\0" + b'{"w":', "longer than the file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\n", "git lfs pull"),
        (b"\x02\0\0\0\0\0\0\0" + b"[]", "damaged header"),
        (b"\x07\0\0\0\0\0\0\0" + b'{"w":3}', "damaged header"),
    ],
)
def test_damaged_weights_are_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    folder = write_folder(tmp_path / "m")
    (folder / "model.safetensors").write_bytes(content)
    assert says in refusal(folder)
    assert "model.safetensors can't be read" in refusal(folder)


def test_a_split_gguf_is_whole_or_refused(tmp_path: Path) -> None:
    names = [f"m-0000{number}-of-00002.gguf" for number in (1, 2)]
    for name in names:
        write_gguf(tmp_path / name, {"general.architecture": "llama"}, {"w": (1000, 2)})

    def message(name: str) -> str:
        with pytest.raises(InputError) as caught:
            resolve_weights(ModelConfig(name="m", path=str(tmp_path / name)), "gguf")
        return str(caught.value)

    assert "is not the first part" in message(names[1])
    (tmp_path / names[1]).unlink()
    assert f"{names[1]} is not there" in message(names[0])
