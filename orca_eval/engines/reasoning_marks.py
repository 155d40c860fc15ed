"""Special tokens that an engine must leave in the text, or reasoning would pass for the answer."""

from __future__ import annotations

from collections.abc import Iterable

from orca_eval.extract.reply.parts import THINKING_TAGS

_OPENERS, _CLOSERS = tuple("<[◁"), tuple(">]▷")


def reasoning_marks(special: Iterable[str]) -> list[str]:
    """Those of the special tokens that the extractor's thinking tags are made of.

    A tag may be one token (`[THINK]`) or begin with one (`<|channel|>` in `<|channel|>analysis`);
    what only stands within one (`<|sep|>`) counts beside such a beginning.
    """
    units = {t: t.lower() for t in special if t[:1] in _OPENERS and t[-1:] in _CLOSERS}
    found = [t for t, low in units.items() if any(low in tag for tag in THINKING_TAGS)]
    begins = any(tag.startswith(units[t]) for t in found for tag in THINKING_TAGS)
    return found if begins else []
