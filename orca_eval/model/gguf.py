"""The header of a GGUF file: metadata and tensor shapes, without loading a weight.

Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little endian).
"""

import hashlib
import json
import mmap
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from orca_eval.model.settings import reading, refuse_pointer

_STRING, _ARRAY = 8, 9
_CONTROL = 3  # a token's type
SPECIAL = {"bos": "bos", "eos": "eos", "unknown": "unk", "padding": "pad"}
"""The special tokens by the format's names, and as templates call them."""
_SCALARS = {**dict(enumerate("BbHhIif?")), 10: "Q", 11: "q", 12: "d"}
_TEMPLATE = "tokenizer.chat_template"
_BEGIN_WITH_BOS = ("llama3", "llama-v3", "llama-bpe", "tekken")  # of byte-level vocabularies
_NAMES_IDS = re.compile(r"tokenizer\.(?!chat_template)")

# By the number of a tensor's type: elements in a block, and a block's bytes (ggml-common.h).
_BLOCKS = {
    **{0: (1, 4), 1: (1, 2), 30: (1, 2), 28: (1, 8)},  # F32, F16, BF16, F64
    **{24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8)},  # I8 to I64
    **{2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34)},  # Q4_0 to Q8_0
    **{10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210)},  # K-quants
    **{16: (256, 66), 17: (256, 74), 22: (256, 82), 18: (256, 98), 21: (256, 110)},  # IQ2, IQ3
    **{19: (256, 50), 29: (256, 56), 20: (32, 18), 23: (256, 136)},  # IQ1, IQ4
    **{34: (256, 54), 35: (256, 66), 39: (32, 17)},  # TQ1_0, TQ2_0, MXFP4
}

_DEEPEST = 3  # lists in lists; the format's tools write none
_DIMENSIONS = 4
_MOST_ELEMENTS = 1 << 48


def _is_list_of(kind: type, value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is kind for item in value)


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "a text": lambda value: isinstance(value, str),
    "a number above 0": lambda value: type(value) is int and 0 < value < 1 << 32,
    "a token's number": lambda value: type(value) is int and 0 <= value < 1 << 32,
    "a count": lambda value: type(value) is int and 0 <= value < 1 << 16,
    "a list of texts": lambda value: _is_list_of(str, value),
    "a list of numbers": lambda value: _is_list_of(int, value),
}
# What the code takes these for, where they are there.
_WANTED = {
    "general.architecture": "a text",
    "general.alignment": "a number above 0",
    "general.type": "a text",
    "split.count": "a count",
    "tokenizer.chat_template": "a text",
    "tokenizer.ggml.model": "a text",
    "tokenizer.ggml.pre": "a text",
    "tokenizer.ggml.tokens": "a list of texts",
    "tokenizer.ggml.token_type": "a list of numbers",
    **{f"tokenizer.ggml.{kind}_token_id": "a token's number" for kind in SPECIAL},
}


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """`metadata` by key as in the file; `parameters` counts the elements of all tensors."""

    metadata: Mapping[str, Any]
    parameters: int

    @property
    def context_length(self) -> int | None:
        """Tokens the model was trained on, where the file says so."""
        value = self.metadata.get(f"{self.metadata.get('general.architecture', '')}.context_length")
        return value if type(value) is int and value > 0 else None

    @property
    def vocabulary_sha256(self) -> str:
        """Over all that decides token ids: every `tokenizer.` entry but the chat template."""
        entries = {key: value for key, value in self.metadata.items() if _NAMES_IDS.match(key)}
        return hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest()

    @property
    def adds_bos(self) -> bool:
        """Whether its tokenizer begins every text with BOS; llama.cpp's default where the file
        does not say."""
        kind, pre = (self.metadata.get(f"tokenizer.ggml.{key}") for key in ("model", "pre"))
        default = kind == "llama" or (kind == "gpt2" and pre in _BEGIN_WITH_BOS)
        return self.metadata.get("tokenizer.ggml.add_bos_token", default) is True

    @property
    def chat_templates(self) -> dict[str, str]:
        """The file's templates by name, of which the one without is "default"."""
        texts = {key: text for key, text in self.metadata.items() if isinstance(text, str)}
        named = {
            key.removeprefix(f"{_TEMPLATE}."): text
            for key, text in texts.items()
            if key.startswith(f"{_TEMPLATE}.")
        }
        return named | ({"default": texts[_TEMPLATE]} if _TEMPLATE in texts else {})

    @property
    def control_tokens(self) -> list[str]:
        """Texts of the tokens that llama.cpp leaves out of what it writes."""
        tokens = self.metadata.get("tokenizer.ggml.tokens", [])
        kinds = self.metadata.get("tokenizer.ggml.token_type", [])
        return [token for token, kind in zip(tokens, kinds, strict=False) if kind == _CONTROL]

    def token(self, kind: str) -> str | None:
        """Text of the special token `kind`, a name in `SPECIAL`."""
        index = self.metadata.get(f"tokenizer.ggml.{kind}_token_id")
        tokens = self.metadata.get("tokenizer.ggml.tokens", [])
        return tokens[index] if index is not None and 0 <= index < len(tokens) else None


def read_header(path: Path) -> GgufHeader:
    """Reads the header of `path`; InputError where it is not one, or the file is cut off."""
    with reading(path, "a GGUF file"):
        if not path.is_file():
            raise ValueError("it is no regular file")
        refuse_pointer(path)
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _parse(data)


class _Cursor:
    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.at = 0

    def scalar(self, code: str) -> Any:
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def string(self) -> str:
        size = self.scalar("Q")
        start, self.at = self.at, self.at + size
        if self.at > len(self.data):
            raise ValueError("cut off inside a text")
        # Tokens of byte-level vocabularies are not always whole UTF-8.
        return self.data[start : self.at].decode("utf-8", "surrogateescape")

    def value(self, kind: int, depth: int = 0) -> Any:
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            return self.scalar(_SCALARS[kind])
        item, count = self.scalar("I"), self.scalar("Q")
        if count > len(self.data) - self.at or depth > _DEEPEST:
            raise ValueError(f"a list of {count} items")  # each takes a byte at least
        if item in (_STRING, _ARRAY):
            return [self.value(item, depth + 1) for _ in range(count)]
        code = f"<{count}{_SCALARS[item]}"
        values = struct.unpack_from(code, self.data, self.at)
        self.at += struct.calcsize(code)
        return list(values)


def _at_most(most: int, number: int) -> int:
    if number > most:
        raise ValueError(f"{number} where at most {most} may be")
    return number


def _parse(data: mmap.mmap) -> GgufHeader:
    cursor = _Cursor(data)
    if data[:4] != b"GGUF":
        raise ValueError("it does not begin with GGUF")
    cursor.at = 4
    version = cursor.scalar("I")
    if version not in (2, 3):
        raise ValueError(f"version {version}; 2 and 3 are known")
    tensors, entries = cursor.scalar("Q"), cursor.scalar("Q")
    metadata = {cursor.string(): cursor.value(cursor.scalar("I")) for _ in range(entries)}
    parameters = end = 0
    for _ in range(tensors):
        cursor.string()
        shape = [cursor.scalar("Q") for _ in range(_at_most(_DIMENSIONS, cursor.scalar("I")))]
        elements = _at_most(_MOST_ELEMENTS, prod(shape))
        block, size = _BLOCKS.get(cursor.scalar("I"), (elements or 1, 1))  # a byte, where unknown
        end = max(end, cursor.scalar("Q") + -(-elements // block) * size)
        parameters += elements
    for key, wanted in _WANTED.items():
        if key in metadata and not _FITS[wanted](metadata[key]):
            raise ValueError(f"{key} is not {wanted}")
    alignment = metadata.get("general.alignment", 32)
    start = -(-cursor.at // alignment) * alignment
    if tensors and start + end > len(data):
        missing = start + end - len(data)
        raise ValueError(f"cut off: {missing:,} bytes of its tensors are missing")
    return GgufHeader(metadata, parameters)
