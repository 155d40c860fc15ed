"""The user's text stands in the prompt, or the template is refused; no template runs for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca_eval.errors import InputError
from orca_eval.model.template import ChatTemplate
from orca_eval.types import Message

PARTS = (
    "{% for m in messages %}{{ m.role }}: {% for c in m.content %}{% if c.type == 'text' %}"
    "{{ c.text }}{% endif %}{% endfor %}\n{% endfor %}A:"
)
FIRST_PART = "{% for m in messages %}<{{m.role}}>{{ m['content'][0]['text'] }}{% endfor %}"
TRIMMED = "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}{% endfor %}"
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}


def chat(user: str, system: str = "") -> list[Message]:
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "hello",
        "{{ bos_token }}{% for m in messages %}{% if m.role=='human' %}{{m.content}}{% endif %}"
        "{% endfor %}<a>",
        "{% for m in messages %}{{ m.text }}{% endfor %}",
        "{% for m in messages %}{{ m.role }}{% endfor %}",
        "{{ messages[0].content if messages[0].role == 'system' }}",
    ],
)
def test_a_template_that_drops_the_question_is_refused(source: str) -> None:
    with pytest.raises(InputError, match="leaves out the user's text") as error:
        ChatTemplate(source, TOKENS)
    assert "\n" not in str(error.value)
    assert "model.chat_template=" in str(error.value)


@pytest.mark.parametrize("source", [PARTS, FIRST_PART])
def test_a_template_that_wants_parts_gets_parts(source: str) -> None:
    template = ChatTemplate(source, TOKENS)
    text = template.render(chat("What is 2 + 2?", "Be brief."))
    assert "What is 2 + 2?" in text
    assert "Be brief." in text
    assert any("list of parts" in note for note in template.notes)


def test_a_text_that_only_some_documents_lose_is_refused_too() -> None:
    source = "{% for m in messages %}{% if 'secret' not in m.content %}{{ m.content }}{% endif %}"
    template = ChatTemplate(source + "{% endfor %}", TOKENS)
    assert template.render(chat("plain")) == "plain"
    with pytest.raises(InputError, match="leaves out the user's text"):
        template.render(chat("a secret question"))


TEXTS = st.text(min_size=1, max_size=80) | st.sampled_from(
    ["  lead", "trail \n", "{{ messages }}", "{% raw %}", "<s>", "a\r\nb", "\u00a0x", "\\boxed{1}"]
)


@given(TEXTS, TEXTS)
def test_any_text_stands_in_the_prompt(user: str, system: str) -> None:
    for source in (PARTS, TRIMMED, "{% for m in messages %}{{ m.content }}{% endfor %}"):
        text = ChatTemplate(source, TOKENS).render(chat(user, system))
        assert " ".join(user.split()) in " ".join(text.split())


@pytest.mark.parametrize(
    "loop",
    [
        "{% for i in range(10**9) %}x{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 'x' * 10**10 }}",
        "{{ [0] * 10**10 }}",
        "{{ 10 ** (10 ** 8) }}",
        "{{ '%9999999999d' % 1 }}",
        "{{ 'x' | center(10**10) }}",
        "{{ 'x\ny' | indent(10**10) }}",
    ],
)
def test_a_template_without_end_is_one_line(loop: str) -> None:
    source = loop + "{% for m in messages %}{{ m.content }}{% endfor %}"
    with pytest.raises(InputError) as error:
        ChatTemplate(source, TOKENS).render(chat("hello"))
    assert "\n" not in str(error.value)
