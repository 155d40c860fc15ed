from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from orca_eval.errors import InputError
from orca_eval.model.gguf import read_header
from tests.model.files import write_gguf

METADATA = {
    "general.architecture": "llama",
    "llama.context_length": 2048,
    "llama.rope.freq_base": 10000.0,
    "tokenizer.ggml.add_bos_token": True,
    "tokenizer.ggml.tokens": ["<unk>", "<s>", "</s>", "a"],
    "tokenizer.ggml.token_type": [2, 3, 3, 1],
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
    "tokenizer.chat_template": "{{ bos_token }}",
}


def test_reads_metadata_tokens_and_parameters(tmp_path: Path) -> None:
    header = read_header(write_gguf(tmp_path / "m.gguf", METADATA, {"a": (4, 8), "b": (3,)}))

    assert header.metadata == METADATA
    assert header.parameters == 35
    assert header.context_length == 2048
    assert header.token("bos") == "<s>"
    assert header.token("eos") == "</s>"
    assert header.token("padding") is None
    assert header.control_tokens == ["<s>", "</s>"]
    assert read_header(write_gguf(tmp_path / "bare.gguf", {})).control_tokens == []


def test_vocabulary_hash_follows_the_tokenizer_and_nothing_else(tmp_path: Path) -> None:
    def hashed(**changes: object) -> str:
        return read_header(write_gguf(tmp_path / "m.gguf", METADATA | changes)).vocabulary_sha256

    same = hashed()
    assert hashed(**{"tokenizer.chat_template": "another"}) == same
    assert hashed(**{"llama.context_length": 4096}) == same
    assert hashed(**{"tokenizer.ggml.add_bos_token": False}) != same
    assert hashed(**{"tokenizer.ggml.tokens": ["<unk>", "<s>", "</s>", "b"]}) != same


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "can't be read as a GGUF file"),
        (b"PK\x03\x04 something else", "does not begin with GGUF"),
        (b"GGUF\x09\0\0\0" + b"\0" * 16, "version 9"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(content)

    with pytest.raises(InputError, match=said) as caught:
        read_header(file)
    assert "\n" not in str(caught.value)


@given(share=st.floats(0, 0.99))
def test_a_file_cut_off_anywhere_is_refused(
    tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    whole = write_gguf(tmp_path_factory.mktemp("gguf") / "m.gguf", METADATA, {"a": (4, 8)})
    data = whole.read_bytes()[:-128]  # the one tensor's data
    whole.write_bytes(data[: int(len(data) * share)])

    with pytest.raises(InputError, match="can't be read as a GGUF file"):
        read_header(whole)
