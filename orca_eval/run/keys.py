"""The response store's key: a hash over everything that decides the text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from orca_eval.types import Message, Sampling


class KeyMaker:
    """Hashes what all requests of a run share once, and each prompt on top of it.

    The rendered prompt stands for its token ids: the tokenizer's identity is part of
    `engine_identity`, and together they decide the ids. So a stored answer is found without
    tokenizing anything. Where the engine takes messages, those are hashed.

    `scope` confines answers to one run folder (an endpoint's weights have no identity).
    """

    def __init__(self, engine_identity: Mapping[str, Any], scope: str | None) -> None:
        text = json.dumps([engine_identity, scope], sort_keys=True, ensure_ascii=False)
        self._shared = hashlib.sha256(text.encode())

    def key(
        self, prompt: str | Sequence[Message], sampling: Sampling, sample_index: int = 0
    ) -> bytes:
        """32 bytes. `sample_index` tells repeated answers to one prompt apart."""
        digest = self._shared.copy()
        if not isinstance(prompt, str):
            # With its length before it, no content can look like the next turn.
            prompt = "".join(f"{m['role']} {len(m['content'])} {m['content']}" for m in prompt)
        fields = f"{_fields(sampling)}\0{sample_index}\0{prompt}"
        digest.update(fields.encode("utf-8", "surrogatepass"))
        return digest.digest()


@lru_cache(maxsize=1024)
def _fields(sampling: Sampling) -> str:
    return json.dumps(asdict(sampling), sort_keys=True)
