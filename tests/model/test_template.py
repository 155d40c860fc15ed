from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from orca_eval.errors import InputError
from orca_eval.model.template import NAMED_TEMPLATES, ChatTemplate, template_source
from orca_eval.types import Message

TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
NAMES = sorted(file.stem for file in NAMED_TEMPLATES.glob("*.jinja"))

SYSTEM_FOLDED = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}{% for m in messages %}{{ '<' + m['role'] + '>' + m['content'] | trim }}"
    "{% endfor %}{% if add_generation_prompt %}<model>{% endif %}"
)
SYSTEM_DROPPED = "{% for m in messages if m['role'] == 'user' %}[{{ m['content'] }}]{% endfor %}"
BEGUN = "{% if add_generation_prompt %}<model>{% endif %}"
DEFAULT_WITHOUT_TURN = (
    "{% if messages[0]['role'] != 'system' %}{{ '<system>Be kind.<end>' }}{% endif %}"
    "{% for m in messages %}{{ '<' + m['role'] + '>' + m['content'] + '<end>' }}{% endfor %}"
    + BEGUN
)
DEFAULT_FOR_EMPTY = (
    "{% set text = messages[0]['content'] if messages[0]['role'] == 'system' else '' %}"
    "<system>{{ text or 'Be kind.' }}<end>"
    "{% for m in messages if m['role'] != 'system' %}<user>{{ m['content'] }}<end>{% endfor %}"
    + BEGUN
)
LEFT_OUT_WHEN_EMPTY = (
    "{% for m in messages if m['content'] %}{{ '<' + m['role'] + '>' + m['content'] }}{% endfor %}"
    + BEGUN
)


def chat(user: str, system: str | None = "") -> list[Message]:
    turns: list[Message] = [] if system is None else [{"role": "system", "content": system}]
    return [*turns, {"role": "user", "content": user}]


def named(name: str, **kwargs: Any) -> ChatTemplate:
    return ChatTemplate(template_source(name, None, "m"), TOKENS, kwargs)


@pytest.mark.parametrize(
    ("name", "system", "expected"),
    [
        (
            "orca2",
            "",
            "<s><|im_start|>system\n<|im_end|>\n<|im_start|>user\nHi?<|im_end|>\n"
            "<|im_start|>assistant",
        ),
        (
            "chatml",
            "Be brief.",
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi?<|im_end|>\n"
            "<|im_start|>assistant\n",
        ),
        ("chatml", None, "<|im_start|>user\nHi?<|im_end|>\n<|im_start|>assistant\n"),
        ("llama2", "", "<s>[INST] <<SYS>>\n\n<</SYS>>\n\nHi? [/INST]"),
        ("llama2", "Be brief.", "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi? [/INST]"),
        ("llama2", None, "<s>[INST] Hi? [/INST]"),
        ("vicuna", "", "<s>USER: Hi? ASSISTANT:"),
        ("vicuna", "Be brief.", "<s>Be brief. USER: Hi? ASSISTANT:"),
        ("zephyr", "", "<|system|>\n</s>\n<|user|>\nHi?</s>\n<|assistant|>\n"),
    ],
)
def test_named_templates(name: str, system: str | None, expected: str) -> None:
    assert named(name).render(chat("Hi?", system)) == expected


def test_vicuna_puts_in_its_own_text_only_without_a_system_turn() -> None:
    template = named("vicuna")

    assert template.render(chat("Hi?", None)).startswith("<s>A chat between a curious user")
    assert "its own" in template.notes[0]


@pytest.mark.parametrize("name", NAMES)
def test_several_turns_alternate(name: str) -> None:
    turns: list[Message] = [
        *chat("one"),
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
    ]
    text = named(name).render(turns)

    assert text.index("one") < text.index("two") < text.index("three")


@pytest.mark.parametrize("name", NAMES)
@given(user=st.text(min_size=1).map(str.strip).filter(bool), system=st.text())
def test_texts_come_out_as_they_went_in(name: str, user: str, system: str) -> None:
    text = named(name).render(chat(user, system))

    assert user in text
    assert system in text


@pytest.mark.parametrize(
    ("source", "system", "expected", "note"),
    [
        (SYSTEM_FOLDED, "", "<user>Hi?<model>", "refuses a system turn: none was sent"),
        (SYSTEM_FOLDED, "Be.", "<user>Be.\n\nHi?<model>", "in front of the user's text"),
        (SYSTEM_FOLDED, None, "<user>Hi?<model>", None),
        (SYSTEM_DROPPED, "Be.", "[Be.\n\nHi?]", "drops a system turn"),
        (DEFAULT_WITHOUT_TURN, "", "<system><end><user>Hi?<end><model>", "its own: 'Be kind.'"),
        (DEFAULT_WITHOUT_TURN, "Be.", "<system>Be.<end><user>Hi?<end><model>", None),
        (DEFAULT_FOR_EMPTY, "", "<system>Be kind.<end><user>Hi?<end><model>", "replaced the empty"),
        (DEFAULT_FOR_EMPTY, None, "<system>Be kind.<end><user>Hi?<end><model>", "put in its own"),
        (LEFT_OUT_WHEN_EMPTY, "", "<user>Hi?<model>", "leaves out an empty system message"),
    ],
)
def test_what_becomes_of_the_system_message(
    source: str, system: str | None, expected: str, note: str | None
) -> None:
    template = ChatTemplate(source)

    assert template.render(chat("Hi?", system)) == expected
    assert len(template.notes) == (note is not None)
    assert all((note or "") in line for line in template.notes)
    template.render(chat("Again?", system))
    assert len(template.notes) == (note is not None)


def test_arguments_and_special_tokens_reach_the_template() -> None:
    source = "{{ bos_token }}{% if think %}<think>{% endif %}{{ messages[-1]['content'] }}"

    assert ChatTemplate(source, TOKENS, {"think": True}).render(chat("Hi?")) == "<s><think>Hi?"
    assert ChatTemplate(source).render(chat("Hi?")) == "Hi?"


def test_a_date_in_the_prompt_is_noted() -> None:
    source = "{{ strftime_now('%Y') }}{% for m in messages %}{{ m['content'] }}{% endfor %}"
    template = ChatTemplate(source)
    template.now = datetime(2024, 2, 29)

    assert template.dated
    assert template.render(chat("Hi?")).startswith("2024")
    assert any("2024-02-29" in note for note in template.notes)
    assert not ChatTemplate("{{ messages[0]['content'] }}").dated


def test_blocks_and_filters_of_the_checkpoints_templates() -> None:
    source = (
        "{%- for m in messages %}\n"
        "    {%- if m['role'] == 'system' %}{% continue %}{% endif %}\n"
        "{% generation %}{{ m | tojson }}{% endgeneration %}\n"
        "{%- endfor %}"
    )

    assert json.loads(ChatTemplate(source).render(chat("<é>"))) == {
        "role": "user",
        "content": "<é>",
    }
    assert "<é>" in ChatTemplate(source).render(chat("<é>"))


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ cycler.__init__.__globals__['os'].system('true') }}",
        "{{ raise_exception('only even turns') }}",
        "{{ 1 / 0 }}",
    ],
)
def test_a_template_that_does_what_it_must_not_is_refused_in_one_line(source: str) -> None:
    with pytest.raises(InputError, match="the chat template refuses the messages"):
        ChatTemplate(source).render(chat("Hi?"))


def test_text_of_a_prompt_is_never_a_template() -> None:
    assert "{{ 7 * 7 }}" in named("chatml").render(chat("{{ 7 * 7 }}{% raw %}"))


def test_sources(tmp_path: Path) -> None:
    file = tmp_path / "own.jinja"
    file.write_text("{{ 'file' }}")

    assert template_source(None, "own", "m") == "own"
    assert template_source(str(file), "own", "m") == "{{ 'file' }}"
    with pytest.raises(InputError, match=r"model.chat_template=.*orca2"):
        template_source(None, None, "m")
    with pytest.raises(InputError, match="did you mean orca2"):
        template_source("orca", None, "m")
    with pytest.raises(InputError, match="not valid Jinja"):
        ChatTemplate("{% for m in messages %}")


SHIPPED_STYLES = {
    **{name: (NAMED_TEMPLATES / f"{name}.jinja").read_text() for name in NAMES},
    "default system text": DEFAULT_WITHOUT_TURN,
    "indented blocks": (
        "{%- if tools %}\n  {{- tools | tojson(indent=2) }}\n{%- endif %}\n"
        "{% for message in messages %}\n"
        "    {% if message.role == 'user' %}\n<user>{{ message.content | trim }}\n"
        "    {%- elif message.role == 'system' %}\n<sys>{{ message['content'] }}\n"
        "    {% endif %}\n{% endfor %}\n"
        "{% if add_generation_prompt %}<assistant>{% endif %}"
    ),
    "namespace and loop controls": (
        "{%- set ns = namespace(seen=0) -%}{%- for m in messages -%}{%- if ns.seen > 1 -%}"
        "{%- break -%}{%- endif -%}{%- set ns.seen = ns.seen + 1 -%}{% generation %}"
        "{{ loop.index0 }}:{{ m | tojson }}{% endgeneration %}{%- endfor -%}"
    ),
}


@pytest.mark.vllm
@pytest.mark.parametrize("style", SHIPPED_STYLES)
@pytest.mark.parametrize("system", ["", "Be brief & kind — é."])
def test_rendering_equals_transformers(style: str, system: str) -> None:
    utils = pytest.importorskip("transformers.utils.chat_template_utils")
    messages = chat(' {"a": 1}\n\n<b> Hi?  ', system)
    theirs, _ = utils.render_jinja_template(
        [messages], chat_template=SHIPPED_STYLES[style], add_generation_prompt=True, **TOKENS
    )

    assert ChatTemplate(SHIPPED_STYLES[style], TOKENS).render(messages) == theirs[0]


PARTS = "[{'type': 'text', 'text': …}]"
EACH_PART = (
    "{% for m in messages %}{{ m.role }}: {% for c in m.content %}{% if c.type == 'text' %}"
    "{{ c.text }}{% endif %}{% endfor %}\n{% endfor %}A:"
)
FIRST_PART = "{% for m in messages %}<{{ m.role }}>{{ m['content'][0]['text'] }}{% endfor %}"
PARTS_OF_USER = (
    "{% for m in messages %}{% if m.role == 'user' %}{{ m.content[0].text + '|' }}{% else %}"
    "{{ m.content | trim }}|{% endif %}{% endfor %}"
)
UNLESS_TEXT = "{% for m in messages %}{{ m.content if m.content is not string }}{% endfor %}"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (EACH_PART, "system: Be.user: Hi?A:"),
        (FIRST_PART, "<system>Be.<user>Hi?"),
        (PARTS_OF_USER, "Be.|Hi?|"),
    ],
)
def test_a_template_that_wants_parts_gets_parts(source: str, expected: str) -> None:
    template = ChatTemplate(source)

    assert template.render(chat("Hi?", "Be.")) == expected
    assert any(PARTS in note for note in template.notes)


def test_text_is_given_as_text_where_the_template_takes_both() -> None:
    source = "{% for m in messages %}{{ m.content if m.content is string else 'no' }}{% endfor %}"
    template = ChatTemplate(source)

    assert template.render(chat("Hi?")) == "Hi?"
    assert not any(PARTS in note for note in template.notes)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "a fixed text",
        "{% for m in messages if m.role == 'human' %}{{ m.content }}{% endfor %}<a>",
        "{% for m in messages if m.role == 'system' %}{{ m.content }}{% endfor %}<a>",
        "{{ messages[-1].content[:5] }}",
        "{{ messages[-1].content | upper }}",
        "{% for m in messages if m.content | length < 9 %}{{ m.content }}{% endfor %}<a>",
        "{{ messages[-1].text }}",
        UNLESS_TEXT,
    ],
)
@pytest.mark.parametrize("user", ["What is 2+2, and why?", "a", "<a>"])
def test_a_template_that_leaves_out_the_question_is_refused(source: str, user: str) -> None:
    template = ChatTemplate(source)
    if "length <" in source and len(user) < 9:
        user *= 9  # a short one is written

    with pytest.raises(InputError, match=r"leaves out the user's text.*model\.chat_template=") as e:
        template.render(chat(user))
    assert "\n" not in str(e.value)


def test_a_template_that_leaves_out_a_given_system_message_is_refused() -> None:
    source = "{% for m in messages %}{{ m.content[:20] }}{% endfor %}"

    assert ChatTemplate(source).render(chat("Hi?", "Be brief.")) == "Be brief.Hi?"
    with pytest.raises(InputError, match="leaves out the system's text"):
        ChatTemplate(source).render(chat("Hi?", "Be brief, and say why you are."))


CHANGED_LITTLE = {
    "trimmed": "{% for m in messages %}<{{ m.content | trim }}>{% endfor %}",
    "as JSON": "{% for m in messages %}{{ m | tojson }}{% endfor %}",
    "as JSON of ASCII": "{% for m in messages %}{{ m | tojson(ensure_ascii=True) }}{% endfor %}",
    "as HTML": "{% for m in messages %}<p>{{ m.content | e }}</p>{% endfor %}",
    "as Python": "{{ messages }}",
    "in one line": "{% for m in messages %}{{ m.content.split() | join(' ') }}|{% endfor %}",
    "indented": "{% for m in messages %}{{ m.content | indent(4) }}|{% endfor %}",
    "in parts": EACH_PART,
}
AWKWARD = st.text() | st.sampled_from(
    [
        "",
        " ",
        "\n\n a",
        "  {{ x }}{% raw %}",
        "{# no #}",
        "\\n",
        '"',
        "'",
        "<b>&amp;",
        "\x1c",
        "é\u2028",
    ]
)


@pytest.mark.parametrize("style", CHANGED_LITTLE)
@given(user=AWKWARD, system=AWKWARD)
def test_blanks_and_escapes_are_no_loss(style: str, user: str, system: str) -> None:
    ChatTemplate(CHANGED_LITTLE[style]).render(chat(user, system))


def test_a_switch_that_a_template_obeys_is_no_loss() -> None:
    source = "{% for m in messages %}{{ m.content.replace('/no_think', '') | trim }}|{% endfor %}"

    assert ChatTemplate(source).render(chat("Hi?", "/no_think Be.")) == "Be.|Hi?|"
