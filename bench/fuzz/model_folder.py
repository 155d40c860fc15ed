"""Model folders with damaged, hostile or missing files.

Where the package tokenizers is missing, what comes after the template is not reached.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orca_eval.config.schema import ModelConfig
from orca_eval.engines.checkpoint import (
    is_quantized,
    own_context_length,
    scales_with_length,
    special_tokens,
    turn_end,
)
from orca_eval.model.tokenizer import folder_tokenizer
from orca_eval.model.weights import resolve_weights
from tests.model.files import write_safetensors

TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
ENDLESS = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
TOKENIZER = {
    "version": "1.0",
    "added_tokens": [
        {"id": 1, "content": "<s>", "special": True, "single_word": False, "lstrip": False}
        | {"rstrip": False, "normalized": False}
    ],
    "pre_tokenizer": {"type": "Whitespace"},
    "model": {"type": "WordLevel", "vocab": {"<unk>": 0, "<s>": 1, "a": 2}, "unk_token": "<unk>"},
}
ODD: list[Any] = [None, "", "x", -1, 0, 10**400, 1.5, True, [], [1], ["a"], {}, {"a": 1}, [[]]]
ODD += [[{"name": "default"}], {"content": 5}, {"5": "x"}, {"x": {"content": "a", "special": 1}}]
KEYS = {
    "config.json": (
        "model_type",
        "max_position_embeddings",
        "rope_scaling",
        "text_config",
        "auto_map",
        "quantization_config",
        "transformers_weights",
    ),
    "tokenizer_config.json": (
        "chat_template",
        "bos_token",
        "eos_token",
        "added_tokens_decoder",
        "model_max_length",
    ),
    "special_tokens_map.json": ("bos_token", "eos_token"),
    "added_tokens.json": ("<x>",),
    "adapter_config.json": ("base_model_name_or_path",),
    "chat_template.json": ("chat_template",),
    "processor_config.json": ("chat_template",),
    "generation_config.json": ("eos_token_id",),
    "tokenizer.json": ("added_tokens", "model", "pre_tokenizer", "normalizer", "version"),
    "model.safetensors.index.json": ("weight_map",),
}


def make(rng: random.Random, folder: Path) -> str:
    """Writes a model folder and spoils one of its files."""
    model = folder / "m"
    model.mkdir()
    settings = {"bos_token": "<s>", "chat_template": TEMPLATE}
    (model / "tokenizer_config.json").write_text(json.dumps(settings))
    (model / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    (model / "config.json").write_text(json.dumps({"model_type": "llama"}))
    write_safetensors(model / "model.safetensors", {"w": ("BF16", [2, 3])})
    name = rng.choice([*sorted(KEYS), "model.safetensors", "chat_template.jinja"])
    path = model / name
    what, spoil = rng.choice(SPOILS)
    spoil(rng, path)
    return f"{name}: {what}"


def _value(rng: random.Random, path: Path) -> None:
    """A value of another type at a key that somebody reads."""
    keys = KEYS.get(path.name, ("x",))
    content = json.loads(path.read_text()) if path.suffix == ".json" and path.exists() else {}
    content[rng.choice(keys)] = rng.choice(ODD)
    path.write_text(json.dumps(content))


def _whole(rng: random.Random, path: Path) -> None:
    path.write_text(json.dumps(rng.choice(ODD)))


def _flip(rng: random.Random, path: Path) -> None:
    data = bytearray(path.read_bytes() if path.exists() else b"{}")
    for _ in range(rng.choice((1, 8))):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(data)


def _cut(rng: random.Random, path: Path) -> None:
    data = path.read_bytes() if path.exists() else b"{}"
    path.write_bytes(data[: rng.randrange(len(data))])


def _kind(rng: random.Random, path: Path) -> None:
    path.unlink(missing_ok=True)
    rng.choice((os.mkfifo, Path.mkdir, lambda p: p.symlink_to(p.name)))(path)


def _text(rng: random.Random, path: Path) -> None:
    deep = "[" * 100_000
    texts = (b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}", deep.encode(), b"\x00", ENDLESS.encode())
    path.write_bytes(rng.choice((*texts, b"NaN", b'{"a": ' + b"9" * 5000 + b"}")))


SPOILS: tuple[tuple[str, Callable[[random.Random, Path], object]], ...] = (
    ("a value", _value),
    ("a value", _value),
    ("all of it", _whole),
    ("bytes", _flip),
    ("cut", _cut),
    ("no file", _kind),
    ("text", _text),
)


def use(folder: Path) -> None:
    """Resolves the model, and asks of it what the engines ask before they load it."""
    model = ModelConfig(name="m", path=str(folder / "m"))
    weights = resolve_weights(model, "hf")
    assert weights.folder is not None
    own_context_length(weights.folder)
    is_quantized(weights.folder)
    scales_with_length(weights.folder)
    tokenizer = folder_tokenizer(model, weights.folder)
    text = tokenizer.render([{"role": "user", "content": "2 + 2?"}])
    tokenizer.encode([text])
    turn_end(tokenizer.template, special_tokens(weights.folder))
