"""What a template leaves undone is said: arguments that it never reads, an answer's turn that it
does not begin, a BOS that it does not write; and templates are found wherever they lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orca_eval.config.schema import ModelConfig
from orca_eval.errors import InputError
from orca_eval.model.gguf import read_header
from orca_eval.model.hf_folder import folder_templates
from orca_eval.model.template import NAMED_TEMPLATES, ChatTemplate, template_source
from orca_eval.model.tokenizer import folder_tokenizer, gguf_tokenizer
from orca_eval.types import Message
from tests.model.files import write_gguf

TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
CHAT: list[Message] = [{"role": "system", "content": ""}, {"role": "user", "content": "Hi?"}]
TURNS = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
BEGUN = "{% if add_generation_prompt %}<assistant>{% endif %}"


def notes(source: str, **kwargs: Any) -> list[str]:
    """What is said about a template, less what became of the system message."""
    template = ChatTemplate(source, TOKENS, kwargs)
    template.render(CHAT)
    return [note for note in template.notes if "system" not in note]


@pytest.mark.parametrize(
    ("source", "argument", "says"),
    [
        ("{% if enable_thinking %}T{% endif %}", "enable_thinkng", "it reads enable_thinking"),
        ("{% if enable_thinking is defined %}T{% endif %}", "thinking", "reads enable_thinking"),
        ("{{ reasoning_effort | default('low') }}", "reasoning_efort", "it reads reasoning_effort"),
        ("{{ date_string }}{{ thinking }}", "foo", "it reads date_string, thinking"),
        ("{% set date = 'today' %}{{ date }}", "date", "changed nothing"),
        ("{% macro turn(tone) %}{{ tone }}{% endmacro %}{{ turn('x') }}", "tone", "nothing"),
        ("", "enable_thinking", "changed nothing"),
        ("{{ bos_token }}", "bos", "changed nothing"),
    ],
)
def test_an_argument_that_is_never_read_is_named(source: str, argument: str, says: str) -> None:
    (note,) = notes(source + TURNS + BEGUN, **{argument: False})
    assert f"never reads model.chat_template_kwargs.{argument}" in note
    assert says in note


@pytest.mark.parametrize(
    "source",
    [
        "{% if k is defined and not k %}N{% endif %}",
        "{% if k is not defined %}{% set k = 1 %}{% endif %}{{ k }}",
        "{% set k = k or 'x' %}{{ k }}",
        "{% set ns = namespace(on=k | default(false)) %}{{ ns.on }}",
        "{% macro f() %}{{ k }}{% endmacro %}{{ f() }}",
        "{% for m in messages %}{% if false %}{{ k }}{% endif %}{% endfor %}",
        "{% generation %}{{ k }}{% endgeneration %}",
    ],
)
def test_an_argument_that_is_read_somewhere_is_none(source: str) -> None:
    assert notes(source + TURNS + BEGUN, k=True) == []


def test_every_argument_is_looked_at() -> None:
    said = notes("{{ b }}" + TURNS + BEGUN, a=1, b=2, c=3)
    assert [note.split(":")[0].split(".")[-1] for note in said] == ["a", "c"]


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        (TURNS, "<assistant>"),
        (
            "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
            "{% endfor %}",
            "<|im_start|>assistant",
        ),
        (
            "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}"
            "<|end_header_id|>\n\n{{ m.content }}<|eot_id|>{% endfor %}",
            "<|start_header_id|>assistant<|end_header_id|>",
        ),
        (
            "{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content + eos_token + '\n' }}"
            "{% endfor %}",
            "<|assistant|>",
        ),
        (
            "{% for m in messages %}<start_of_turn>{{ 'model' if m.role == 'assistant' else"
            " 'user' }}\n{{ m.content }}<end_of_turn>\n{% endfor %}",
            "<start_of_turn>model",
        ),
        (
            "{% for m in messages %}{% if m.role == 'assistant' %}### Response:\n{% else %}"
            "### Instruction:\n{% endif %}{{ m.content }}\n\n{% endfor %}",
            "### Response:",
        ),
        (TURNS.replace("m.content", "m.content[0].text"), "<assistant>"),
        (TURNS + "{{ eos_token }}", "it ends with '</s>'"),
        ("{% if messages[0].role != 'system' %}{{ raise_exception('') }}{% endif %}" + TURNS, "<a"),
    ],
)
def test_an_answers_turn_that_is_not_begun_is_named(source: str, missing: str) -> None:
    said = [note for note in notes(source) if "generation prompt" in note]
    assert len(said) == 1
    assert "add_generation_prompt changes nothing" in said[0]
    assert missing in said[0]


@pytest.mark.parametrize(
    "source",
    [
        TURNS + BEGUN,
        # The format's own end of a question begins the answer.
        "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]"
        "{% else %} {{ m.content }} </s>{% endif %}{% endfor %}",
        "{% for m in messages %}{% if m.role == 'user' %}<|user|>\n{{ m.content }}<|end|>\n"
        "<|assistant|>\n{% else %}{{ m.content }}<|end|>\n{% endif %}{% endfor %}",
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:",
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}A:",
        "{% for m in messages %}{{ m.content }}\n{% endfor %}",
        # Single turns alone.
        "Q: {{ messages[-1].content }}\nA:",
        "{% for m in messages %}{% if m.role == 'assistant' %}{{ raise_exception('') }}{% endif %}"
        "Q: {{ m.content }}{% endfor %}",
        # What follows an opening, in an answer that is given, is the format's.
        "{% for m in messages %}<|start|>{{ m.role }}{% if m.role == 'assistant' %}<|channel|>final"
        "{% endif %}<|message|>{{ m.content }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|start|>assistant{% endif %}",
        TURNS + "{% if add_generation_prompt %}<assistant><think>\n{% endif %}",
    ],
)
def test_a_turn_that_is_begun_is_not(source: str) -> None:
    assert [note for note in notes(source) if "generation prompt" in note] == []


def test_add_generation_prompt_given_as_false_is_noted() -> None:
    (note,) = notes(TURNS + BEGUN, add_generation_prompt=False)
    assert "it ends before '<assistant>'" in note


@pytest.mark.parametrize("name", [file.stem for file in NAMED_TEMPLATES.glob("*.jinja")])
def test_our_own_templates_need_no_caution(name: str) -> None:
    assert notes(template_source(name, None, "m")) == []


VOCABULARY = {
    "general.architecture": "llama",
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": ["<unk>", "<s>", "</s>", "a"],
    "tokenizer.ggml.token_type": [2, 3, 3, 1],
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
}
BPE = {"tokenizer.ggml.model": "gpt2"}


def gguf_notes(folder: Path, template: str, **metadata: Any) -> tuple[str, ...]:
    entries = {key.replace("__", "."): value for key, value in metadata.items()}
    own = VOCABULARY | {"tokenizer.chat_template": template} | entries
    file = write_gguf(folder / "m.gguf", own)
    tokenizer = gguf_tokenizer(ModelConfig(name="m", path=str(file)), file)
    for _ in range(2):
        tokenizer.render(CHAT)
    return tuple(note for note in tokenizer.notes if "BOS" in note)


ADD = "tokenizer.ggml.add_bos_token"


@pytest.mark.parametrize(
    ("metadata", "wanted"),
    [
        ({ADD: True}, True),
        ({ADD: False}, False),
        ({}, True),  # llama.cpp's default for SentencePiece
        (BPE, False),
        (BPE | {ADD: True}, True),
        (BPE | {"tokenizer.ggml.pre": "llama-bpe"}, True),
        (BPE | {"tokenizer.ggml.pre": "llama-bpe", ADD: False}, False),
        (BPE | {"tokenizer.ggml.pre": "qwen2"}, False),
    ],
)
def test_a_bos_that_the_tokenizer_wants_and_the_template_leaves_out_is_noted(
    tmp_path: Path, metadata: dict[str, Any], wanted: bool
) -> None:
    found = gguf_notes(tmp_path, TURNS + BEGUN, **metadata)
    assert len(found) == wanted
    assert all("does not begin with BOS ('<s>')" in note for note in found)
    for source in ("{{ bos_token }}", "<s>", "{{- bos_token -}}\n"):
        assert gguf_notes(tmp_path, source + TURNS + BEGUN, **metadata) == ()


def write_tokenizer(folder: Path, processor: Any, **config: Any) -> Path:
    vocabulary = {"<unk>": 0, "<s>": 1, "a": 2}
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [{"id": 1, "content": "<s>", "special": True, **special}],
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": processor,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>"},
    }
    folder.mkdir()
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    settings = {"bos_token": "<s>", "chat_template": TURNS + BEGUN, **config}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


PROCESSOR = {
    "type": "TemplateProcessing",
    "single": [
        {"SpecialToken": {"id": "<s>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
    ],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
}


@pytest.mark.parametrize(
    ("processor", "config", "wanted"),
    [
        (PROCESSOR, {}, True),
        (None, {"add_bos_token": True}, True),
        (PROCESSOR, {"add_bos_token": False}, False),
        (PROCESSOR, {"bos_token": None}, False),
        (None, {"bos_token": None, "add_bos_token": True}, False),
        (None, {}, False),
        (PROCESSOR, {"chat_template": "{{ bos_token }}" + TURNS + BEGUN}, False),
    ],
)
def test_a_folders_tokenizer_says_whether_it_wants_bos(
    tmp_path: Path, processor: Any, config: dict[str, Any], wanted: bool
) -> None:
    pytest.importorskip("tokenizers")
    folder = write_tokenizer(tmp_path / "m", processor, **config)
    tokenizer = folder_tokenizer(ModelConfig(name="m", path=str(folder)), folder)
    tokenizer.render(CHAT)
    assert any("does not begin with BOS" in note for note in tokenizer.notes) == wanted


SEVERAL = [{"name": "rag", "template": "R"}, {"name": "default", "template": "D"}]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, {}),
        ({"tokenizer_config.json": "D"}, {"default": "D"}),
        ({"chat_template.json": "D"}, {"default": "D"}),
        ({"processor_config.json": "D"}, {"default": "D"}),
        ({"tokenizer_config.json": None, "chat_template.json": "D"}, {"default": "D"}),
        ({"tokenizer_config.json": SEVERAL}, {"rag": "R", "default": "D"}),
        ({"tokenizer_config.json": SEVERAL[:1]}, {"rag": "R"}),
        ({"tokenizer_config.json": []}, {}),
        ({"chat_template.json": SEVERAL}, {"rag": "R", "default": "D"}),
        ({"chat_template.json": {"default": "D", "rag": "R"}}, {"rag": "R", "default": "D"}),
        ({"tokenizer_config.json": "D", "chat_template.json": "other"}, {"default": "D"}),
        (
            {"tokenizer_config.json": "D", "chat_templates/rag.jinja": "R"},
            {"default": "D", "rag": "R"},
        ),
        (
            {"chat_template.jinja": "D", "additional_chat_templates/tool_use.jinja": "T"},
            {"default": "D", "tool_use": "T"},
        ),
        ({"chat_template.jinja": "D", "tokenizer_config.json": "other"}, {"default": "D"}),
        (
            {"chat_templates/rag.jinja": "R", "chat_template.jinja": "D"},
            {"default": "D", "rag": "R"},
        ),
    ],
)
def test_templates_are_found_where_they_lie(
    tmp_path: Path, files: dict[str, Any], found: dict[str, str]
) -> None:
    for name, content in files.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        text = json.dumps({"chat_template": content})
        file.write_text(content if file.suffix == ".jinja" else text)
    assert folder_templates(tmp_path)[0] == found


@pytest.mark.parametrize(
    "content",
    ["[]", '{"chat_template": 5}', '{"chat_template": [{"name": "x"}]}', '{"chat_template": [5]}'],
)
@pytest.mark.parametrize("name", ["chat_template.json", "tokenizer_config.json"])
def test_what_is_no_template_is_one_line(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=f"{name} can't be read as JSON"):
        folder_templates(tmp_path)


def test_a_template_is_chosen_by_its_name() -> None:
    own = {"default": "D", "rag": "R", "chatml": "own"}

    assert template_source(None, "D", "m", own) == "D"
    assert template_source("rag", "D", "m", own) == "R"
    assert template_source("default", "D", "m", own) == "D"
    assert template_source("chatml", "D", "m", own) == template_source("chatml", None, "m")
    with pytest.raises(InputError, match="did you mean tool_use"):
        template_source("tool_us", "D", "m", {"tool_use": "T"})
    with pytest.raises(InputError, match=r"no default among its chat templates \(rag, tool\)") as e:
        template_source(None, None, "m", {"rag": "R", "tool": "T"})
    assert "model.chat_template= (rag, tool, chatml" in str(e.value)


def test_a_byte_order_mark_is_no_part_of_a_template(tmp_path: Path) -> None:
    file = tmp_path / "own.jinja"
    file.write_text(TURNS, encoding="utf-8-sig")
    assert template_source(str(file), None, "m") == TURNS
    file.rename(tmp_path / "chat_template.jinja")
    assert folder_templates(tmp_path)[0] == {"default": TURNS}


def test_a_gguf_files_named_templates_are_read(tmp_path: Path) -> None:
    metadata = VOCABULARY | {
        "tokenizer.chat_template": TURNS,
        "tokenizer.chat_template.rag": "rag " + TURNS,
        "tokenizer.chat_templates": ["rag"],
    }
    file = write_gguf(tmp_path / "m.gguf", metadata)
    assert read_header(file).chat_templates == {"default": TURNS, "rag": "rag " + TURNS}
    model = ModelConfig(name="m", path=str(file), chat_template="rag")
    assert gguf_tokenizer(model, file).render(CHAT[1:]) == "rag <user>Hi?"
    same = read_header(write_gguf(tmp_path / "n.gguf", VOCABULARY)).vocabulary_sha256
    assert read_header(file).vocabulary_sha256 == same
