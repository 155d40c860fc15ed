"""GGUF files whose headers are damaged, or lie: bytes, lengths, types, and what is no file."""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path
from typing import Any

from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.llama_cpp import LlamaCppEngine
from orca_eval.model.tokenizer import gguf_tokenizer
from orca_eval.model.weights import resolve_weights
from tests.model.files import write_gguf

TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
METADATA: dict[str, Any] = {
    "general.architecture": "llama",
    "general.alignment": 32,
    "llama.context_length": 512,
    "tokenizer.chat_template": TEMPLATE,
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "smollm",
    "tokenizer.ggml.tokens": ["<s>", "</s>", "a", "b"],
    "tokenizer.ggml.token_type": [3, 3, 1, 1],
    "tokenizer.ggml.bos_token_id": 0,
    "tokenizer.ggml.eos_token_id": 1,
}
ODD: list[Any] = ["", "x" * 1000, 0, 2**31 - 1, 1.5, True, [], [1, 2], ["a"], TEMPLATE * 50]
HUGE = (2**63 - 1, 2**64 - 1, 2**32, 10**9, 0)


def make(rng: random.Random, folder: Path) -> str:
    """Writes one damaged `m.gguf`, or something else under that name."""
    path = folder / "m.gguf"
    what = rng.choice(("flip", "cut", "length", "value", "drop", "extra", "kind", "name"))
    metadata = dict(METADATA)
    key = rng.choice(sorted(metadata))
    if what == "value":
        metadata[key] = rng.choice(ODD)
    elif what == "drop":
        del metadata[key]
    write_gguf(path, metadata, {"w": (rng.choice((1, 7, 1000)), 2)})
    data = bytearray(path.read_bytes())
    if what == "flip":
        for _ in range(rng.choice((1, 4, 64))):
            data[rng.randrange(min(len(data), 700))] = rng.randrange(256)
    elif what == "cut":
        del data[rng.randrange(len(data)) :]
    elif what == "length":  # any eight bytes of the header as a count or a length
        at = rng.randrange(4, 600)
        data[at : at + 8] = struct.pack("<Q", rng.choice(HUGE))
    elif what == "extra":
        data[rng.randrange(24, 400) : 24] = rng.randbytes(rng.randrange(1, 64))
    path.write_bytes(data)
    if what == "kind":
        path.unlink()
        rng.choice((os.mkfifo, Path.mkdir))(path)
    elif what == "name":
        path.rename(folder / f"m-0000{rng.randrange(9)}-of-0000{rng.randrange(9)}.gguf")
    return f"{what} {key}"


def use(folder: Path) -> None:
    """Resolves the model, checks it as the engine does, and renders a prompt."""
    (path,) = folder.iterdir()
    model = ModelConfig(name="m", path=str(path))
    weights = resolve_weights(model, "gguf")
    LlamaCppEngine(model, EngineConfig("llama_cpp"), 16).identity()
    assert weights.gguf is not None
    gguf_tokenizer(model, weights.gguf).render([{"role": "user", "content": "2 + 2?"}])
