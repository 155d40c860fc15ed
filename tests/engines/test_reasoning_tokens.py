"""Reasoning of an engine in process: its tokens are counted, and a thought that was cut off is no
answer where the prompt began it."""

from __future__ import annotations

import pytest

from orca_eval.types import Completion, FinishReason
from tests.model.test_thinking import ALWAYS, PLAIN, QWEN3
from tests.run.test_fit import Checkpoint, config

MARK = [*map(ord, "</think>")]


@pytest.mark.parametrize(
    ("source", "text", "finish", "reasoning", "tokens"),
    [
        (PLAIN, "B", "stop", None, None),
        (PLAIN, "<think>C?</think>B", "stop", None, 17),  # a token per character
        (PLAIN, "<think>C?", "length", None, 30),
        (PLAIN, "so C", "length", None, None),
        (QWEN3, "so C", "length", None, None),  # its thinking begins with its mark
        (ALWAYS, "so C", "length", "so C", 30),
        (ALWAYS, "so C", "stop", None, None),  # it has finished, without closing anything
        (ALWAYS, "so C</think>B", "length", None, 12),
    ],
)
def test_what_of_an_answer_is_reasoning(
    source: str, text: str, finish: FinishReason, reasoning: str | None, tokens: int | None
) -> None:
    given = Completion(text, finish, 5, 30)
    told = Checkpoint(source, None, config())._told(given)
    kept = given if reasoning is None else given._replace(text="", reasoning=reasoning)
    assert told == kept._replace(reasoning_tokens=tokens)


def test_the_engines_own_tokens_are_counted_where_they_are_known() -> None:
    engine = Checkpoint(QWEN3, None, config())
    ids = [1, 2, *MARK, 3, *MARK, 4, 5]
    told = engine._told(Completion("�</think>�</think>B", "stop", 5, 30), ids)
    assert told.reasoning_tokens == len(ids) - 2
