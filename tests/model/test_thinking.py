"""Which templates are a thinker's: the forms that are in use, in a few lines each."""

from __future__ import annotations

from typing import Any

import pytest

from orca_eval.model.template import ChatTemplate
from orca_eval.model.thinking import marks, opens_block, switch, thinks

TURNS = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
ASKS = "{% if add_generation_prompt %}<|im_start|>assistant\n"
PLAIN = TURNS + ASKS + "{% endif %}"
QWEN3 = (
    TURNS
    + ASKS
    + "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n"
    "{% endif %}{% endif %}"
)
ALWAYS = TURNS + ASKS + "<think>\n{% endif %}"
"""DeepSeek-R1's and Qwen3-Thinking's: the template opens the block."""
PAST_ANSWERS = (
    "{% for m in messages %}{% if '</think>' in m.content %}{{ m.content.split('</think>')[-1] }}"
    "{% else %}{{ m.content }}{% endif %}{% endfor %}"
)
OFF_BY_DEFAULT = TURNS + ASKS + "{% if thinking %}<think>{% else %}</think>{% endif %}{% endif %}"
"""DeepSeek-V3.1's."""
TOLD = "{% if thinking %}Think first.\n{% endif %}" + PLAIN
"""Granite's: a system text, no mark."""
MAGISTRAL = "[SYSTEM_PROMPT]Draft as [THINK]…[/THINK].[/SYSTEM_PROMPT]" + TURNS
HARMONY = TURNS + "{# <|channel|>analysis, then <|channel|>final #}<|start|>assistant"
THINK = ("<think>", "</think>")
MARKED: dict[str, tuple[str, str] | None] = {
    PLAIN: None,
    QWEN3: THINK,
    ALWAYS: THINK,
    PAST_ANSWERS: THINK,
    OFF_BY_DEFAULT: THINK,
    TOLD: None,
    MAGISTRAL: ("[THINK]", "[/THINK]"),
    HARMONY: ("<|channel|>analysis", "<|channel|>final"),
}


@pytest.mark.parametrize(
    ("source", "kwargs", "expected"),
    [
        (PLAIN, {}, False),
        (PLAIN, {"enable_thinking": True}, False),
        (QWEN3, {}, True),
        (QWEN3, {"enable_thinking": True}, True),
        (QWEN3, {"enable_thinking": False}, False),
        (ALWAYS, {}, True),
        (PAST_ANSWERS, {}, True),
        (OFF_BY_DEFAULT, {}, False),
        (OFF_BY_DEFAULT, {"thinking": True}, True),
        (TOLD, {}, False),
        (TOLD, {"thinking": True}, True),
        (MAGISTRAL, {}, True),
        (HARMONY, {}, True),
    ],
)
def test_a_template_tells_whether_its_model_thinks(
    source: str, kwargs: dict[str, Any], expected: bool
) -> None:
    assert thinks(ChatTemplate(source, {}, kwargs)) == expected


@pytest.mark.parametrize("source", MARKED)
def test_its_marks_and_its_switch(source: str) -> None:
    template = ChatTemplate(source)
    assert marks(template) == MARKED[source]
    switches = {QWEN3: "enable_thinking", OFF_BY_DEFAULT: "thinking", TOLD: "thinking"}
    assert switch(template) == switches.get(source)
    assert opens_block(template) == (source == ALWAYS)
    assert template.notes == ()
