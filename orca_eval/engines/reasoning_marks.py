"""Special tokens that an engine must leave in the text, or reasoning would pass for the answer."""

from __future__ import annotations

from collections.abc import Iterable

from orca_eval.extract.text import THINKING_TAGS


def reasoning_marks(special: Iterable[str]) -> list[str]:
    """Those of the special tokens that the extractor's thinking tags are made of.

    A tag may be one token (`[THINK]`) or begin with one (`<|channel|>` in `<|channel|>analysis`).
    """
    return [t for t in special if t and any(t.lower() in tag for tag in THINKING_TAGS)]
