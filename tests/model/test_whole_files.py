"""Weights that are not whole, or are no weights, are refused before anything is loaded; whatever
stands twice is counted once."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orca_eval.config.schema import ModelConfig
from orca_eval.engines.checkpoint import read_adapter
from orca_eval.errors import InputError
from orca_eval.model.gguf import read_header
from orca_eval.model.hf_folder import folder_encoder, folder_templates
from orca_eval.model.locate import Need
from orca_eval.model.weights import resolve_weights
from tests.model.files import write_folder, write_gguf, write_safetensors

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 5\n"
GGUF: dict[str, Any] = {"general.architecture": "llama"}
Change = Callable[[Path], object]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def config(path: Path, **changes: Any) -> ModelConfig:
    return ModelConfig(name="m", path=str(path), **changes)


def refused(path: Path, need: Need = "hf", **changes: Any) -> str:
    with pytest.raises(InputError) as caught:
        resolve_weights(config(path, **changes), need)
    assert "\n" not in str(caught.value)
    assert "model.path: " in str(caught.value)
    return str(caught.value)


def write_tensors(path: Path, cut: int = 0, **elements: int) -> Path:
    """A whole safetensors file of float32, less its last `cut` bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header, end = {}, 0
    for name, count in elements.items():
        header[name] = {"dtype": "F32", "shape": [count], "data_offsets": [end, end + 4 * count]}
        end += 4 * count
    text = json.dumps(header).encode()
    data = struct.pack("<Q", len(text)) + text + b"\0" * end
    path.write_bytes(data[: len(data) - cut])
    return path


def folder(path: Path, *names: str) -> Path:
    """A model folder with these files, of a tensor of 1,000 elements each, named by the file."""
    write_folder(path)
    (path / "model.safetensors").unlink()
    for name in names:
        write_tensors(path / name, **{name: 1000})
    return path


@pytest.mark.parametrize("cut", [1, 4, 2000, 3999, 4000, 4020, 4070])
def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path, cut: int) -> None:
    model = folder(tmp_path / "m")
    file = write_tensors(model / "model.safetensors", cut, w=1000)
    said = refused(model)
    assert f"{file} can't be read as safetensors: it" in said
    assert "cut off" in said


@pytest.mark.parametrize(
    "name",
    [
        *("model.safetensors", "model-00002-of-00002.safetensors", "consolidated.safetensors"),
        *("config.json", "model.safetensors.index.json", "extra.safetensors"),
    ],
)
@pytest.mark.parametrize("content", [POINTER, b""])
def test_no_file_that_is_loaded_may_be_a_pointer_or_empty(
    tmp_path: Path, name: str, content: bytes
) -> None:
    model = folder(tmp_path / "m", "model-00001-of-00002.safetensors", name)
    if name == "model.safetensors.index.json":
        write_tensors(model / "model-00002-of-00002.safetensors", b=1)
    (model / name).write_bytes(content)
    said = refused(model)
    assert f"{name} can't be read" in said
    assert ("git lfs pull" in said) == bool(content)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "pytorch_model-00001-of-00001.bin"])
@pytest.mark.parametrize("content", [POINTER, b""])
def test_pickles_are_looked_at_from_outside(tmp_path: Path, name: str, content: bytes) -> None:
    model = folder(tmp_path / "m")
    (model / name).write_bytes(content)
    assert name in refused(model, trust_remote_code=True)


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        (("model-00001-of-00002.safetensors",), "model-00002-of-00002.safetensors"),
        (("model-00002-of-00003.safetensors",), "model-00001-of-00003.safetensors"),
        (("model-1-of-2.safetensors",), "model-2-of-2.safetensors"),
        (
            ("model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors"),
            "model-00002-of-00003.safetensors",
        ),
        (("consolidated-00001-of-00002.safetensors",), "consolidated-00002-of-00002.safetensors"),
        (("model-00001-of-99999.safetensors",), "model-00002-of-99999.safetensors"),
    ],
)
def test_a_part_that_is_missing_is_named(
    tmp_path: Path, there: tuple[str, ...], missing: str
) -> None:
    assert f"{missing} is not there" in refused(folder(tmp_path / "m", *there))


def test_parts_that_are_all_there_are_one_model(tmp_path: Path) -> None:
    names = [f"model-0000{n}-of-00003.safetensors" for n in (1, 2, 3)]
    found = resolve_weights(config(folder(tmp_path / "m", *names)), "hf")
    assert found.parameters == pytest.approx(3e-6)
    with_pickles = folder(tmp_path / "p", "model.safetensors")
    (with_pickles / "pytorch_model-00001-of-00002.bin").write_bytes(b"an older copy")
    resolve_weights(config(with_pickles), "hf")


def test_a_part_of_pickles_that_is_missing_is_named(tmp_path: Path) -> None:
    model = folder(tmp_path / "m")
    (model / "pytorch_model-00001-of-00002.bin").write_bytes(b"pickle")
    said = refused(model, trust_remote_code=True)
    assert "pytorch_model-00002-of-00002.bin is not there" in said


@pytest.mark.parametrize(
    "names",
    [
        ("model.safetensors", "consolidated.safetensors"),
        ("model.safetensors", "model.fp16.safetensors"),
        ("model.safetensors", "model-00001-of-00001.safetensors"),
        ("model-00001-of-00001.safetensors", "consolidated.safetensors"),
        ("model-00001-of-00001.safetensors", "consolidated-00001-of-00001.safetensors"),
        ("weights.safetensors", "consolidated.00.safetensors"),
        ("consolidated.safetensors",),
    ],
)
def test_a_second_copy_is_not_counted(tmp_path: Path, names: tuple[str, ...]) -> None:
    model = folder(tmp_path / "m", *names)
    assert resolve_weights(config(model), "hf").parameters == pytest.approx(1e-6)


def test_a_tensor_of_two_files_is_counted_once(tmp_path: Path) -> None:
    model = folder(tmp_path / "m")
    write_tensors(model / "a.safetensors", w=1000, v=5)
    write_tensors(model / "b.safetensors", w=1000)
    assert resolve_weights(config(model), "hf").parameters == pytest.approx(1.005e-6)


@pytest.mark.parametrize("parameters", [None, 7.0])
def test_tensors_without_an_element_are_no_weights(
    tmp_path: Path, parameters: float | None
) -> None:
    model = folder(tmp_path / "m")
    for tensors in ({}, {"a": ("BF16", [0]), "b": ("BF16", [0, 4096])}):
        write_safetensors(model / "model.safetensors", tensors)
        assert "hold no weights" in refused(model, parameters=parameters)


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize(
    "names", [(), ("training_args.bin",), ("optimizer.pt", "scheduler.pt", "rng_state_0.pth")]
)
def test_a_folder_without_weights_is_that(
    tmp_path: Path, names: tuple[str, ...], trusted: bool
) -> None:
    model = folder(tmp_path / "m")
    for name in names:
        (model / name).write_bytes(b"of the training")
    assert "holds no weights" in refused(model, trust_remote_code=trusted)


@pytest.mark.parametrize("need", ["hf", "gguf"])
@pytest.mark.parametrize(
    "content", ["{}", '{"base_model_name_or_path": "org/base", "r": 8}', '{"r": 8}']
)
@pytest.mark.parametrize("whole", [False, True])
def test_an_adapters_folder_says_so(tmp_path: Path, need: Need, content: str, whole: bool) -> None:
    model = write_folder(tmp_path / "m")
    (model / "adapter_config.json").write_text(content)
    write_tensors(model / "adapter_model.safetensors", a=4)
    if not whole:
        (model / "config.json").unlink()
        (model / "model.safetensors").unlink()
    said = refused(model, need)
    assert "holds an adapter (adapter_config.json)" in said
    assert "model.adapter" in said
    assert ("base model (org/base)" in said) == ("org/base" in content)


def test_an_adapter_is_looked_at_too(tmp_path: Path) -> None:
    def said() -> str:
        with pytest.raises(InputError) as caught:
            read_adapter(str(tmp_path / "lora"))
        return str(caught.value)

    assert "does not exist" in said()
    (tmp_path / "lora").mkdir()
    (tmp_path / "lora" / "adapter_config.json").write_text('{"r": 8}')
    (tmp_path / "lora" / "adapter_model.safetensors").write_bytes(b"")
    assert "adapter_model.safetensors is empty" in said()
    (tmp_path / "lora" / "adapter_model.safetensors").write_bytes(POINTER)
    assert "git lfs pull" in said()


@pytest.mark.parametrize("name", ["tokenizer_config.json", "chat_template.jinja"])
def test_pointers_beside_the_weights_are_named(tmp_path: Path, name: str) -> None:
    model = folder(tmp_path / "m", "model.safetensors")
    (model / name).write_bytes(POINTER)
    with pytest.raises(InputError, match="git lfs pull"):
        folder_templates(model)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer.model", "vocab.json", "x.tiktoken"])
def test_a_tokenizers_pointers_are_named(tmp_path: Path, name: str) -> None:
    model = folder(tmp_path / "m", "model.safetensors")
    (model / name).write_bytes(POINTER)
    with pytest.raises(InputError, match=f"{name} can't be read: it is a pointer"):
        folder_encoder(model, None, trust_remote_code=False)


def test_a_gguf_pointer_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(POINTER)
    for path in (tmp_path / "m.gguf", tmp_path):
        assert "m.gguf can't be read: it is a pointer of Git LFS" in refused(path, "gguf")


@pytest.mark.parametrize("cut", [1, 128, 4000, 8000])
def test_a_gguf_file_cut_off_in_its_tensors_is_refused(tmp_path: Path, cut: int) -> None:
    names = [f"m-0000{number}-of-00002.gguf" for number in (1, 2)]
    for name in ("m.gguf", *names):
        write_gguf(tmp_path / name, GGUF, {"a": (32, 32), "b": (1024,)})
    for name, given in (("m.gguf", "m.gguf"), (names[1], names[0])):
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[:-cut])
        assert f"cut off: {cut:,} bytes" in refused(tmp_path / given, "gguf")


@pytest.mark.parametrize(
    ("number", "elements", "size"),
    [(1, 64, 128), (2, 64, 36), (8, 64, 68), (12, 512, 288), (14, 256, 210), (30, 8, 16)],
)
def test_the_size_of_a_packed_tensor_is_known(
    tmp_path: Path, number: int, elements: int, size: int
) -> None:
    file = write_gguf(tmp_path / "m.gguf", {}, {"w": (elements,)})
    head = bytearray(file.read_bytes()[: -4 * elements])
    place = head.index(struct.pack("<QIQ", elements, 0, 0)) + 8
    head[place : place + 4] = struct.pack("<I", number)
    file.write_bytes(head + b"\0" * size)
    assert read_header(file).parameters == elements
    file.write_bytes(head + b"\0" * (size - 1))
    with pytest.raises(InputError, match="cut off: 1 bytes"):
        read_header(file)


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ({"general.type": "adapter"}, "is a LoRA adapter: give its base model"),
        ({"general.type": "mmproj"}, "holds a projector of images"),
        ({"general.type": "imatrix"}, "holds an importance matrix"),
        ({"general.type": "vocab"}, "holds a vocabulary alone"),
        ({"general.type": 5}, "general.type is not a text"),
        ({"split.count": 3}, "is one of 3 parts by its content"),
        ({"split.count": "x"}, "split.count is not a count"),
    ],
)
def test_a_gguf_file_that_is_no_whole_model_is_refused(
    tmp_path: Path, metadata: dict[str, Any], says: str
) -> None:
    file = write_gguf(tmp_path / "m.gguf", GGUF | metadata, {"w": (10,)})
    assert says in refused(file, "gguf")


def test_a_gguf_file_that_says_it_is_a_model_is_one(tmp_path: Path) -> None:
    whole = {"general.type": "model", "split.count": 0}
    resolve_weights(config(write_gguf(tmp_path / "m.gguf", GGUF | whole)), "gguf")
    for number in (1, 2):
        part = tmp_path / f"p-0000{number}-of-00002.gguf"
        write_gguf(part, GGUF | {"split.count": 2}, {"w": (10,)})
    first = tmp_path / "p-00001-of-00002.gguf"
    assert resolve_weights(config(first), "gguf").parameters == pytest.approx(2e-8)


@pytest.mark.parametrize(
    ("there", "says"),
    [
        (["m-00002-of-00002.gguf"], "m-00001-of-00002.gguf is not there"),
        (["m-00001-of-00002.gguf"], "m-00002-of-00002.gguf is not there"),
        (["m-00001-of-00003.gguf", "m-00003-of-00003.gguf"], "m-00002-of-00003.gguf is not there"),
        (["m-00003-of-00002.gguf"], "is part 3 of 2"),
        (["m-00000-of-00002.gguf"], "is part 0 of 2"),
        (["Q4/m.gguf", "Q8/m.gguf"], "give one of those in it, Q4/m.gguf, Q8/m.gguf"),
        ([], "convert it with"),
    ],
)
def test_a_folder_of_gguf_parts_is_whole_or_refused(
    tmp_path: Path, there: list[str], says: str
) -> None:
    for name in there:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_gguf(tmp_path / name, GGUF, {"w": (10,)})
    assert says in refused(tmp_path, "gguf")


def test_a_folder_of_adapters_names_them(tmp_path: Path) -> None:
    for step in (1, 2):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "adapter_config.json").write_text("{}")
    assert "no config.json, but checkpoint-1, checkpoint-2 in it" in refused(tmp_path)
