"""What an extractor takes and gives. Offsets are code points of the original response."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar


class Extraction(NamedTuple):
    """The answer a reply commits to, the rule that found it, and where it stands.

    `answer` is None when the reply commits to nothing; `rule` then names the reason. `evidence` is
    the half-open range of the response that decided, None when nothing in particular did.
    """

    answer: str | None
    rule: str
    evidence: tuple[int, int] | None


class Claim(NamedTuple):
    """One commitment found in a reply, or (answer None) one found and void for `reason`.

    `start` and `end` are offsets into the cleaned text.
    """

    answer: str | None
    start: int
    end: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A reply for the documentation and the tests: what the rule makes of it."""

    reply: str
    answer: str | None
    options: str = ""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """One way to commit to an answer. `find` returns its last such claim in the text, or None.

    A weak rule reads what the reply leaves unsaid: it is silent on refusals and cut-off replies,
    and its samples come first on the audit sheet.
    """

    name: str
    reason: str
    find: Callable[[T], Claim | None]
    examples: tuple[Example, ...]
    weak: bool = False


VOID_REASONS = {
    "empty": "nothing stands outside the thinking block",
    "unclosed_thinking": "a thinking block was never closed",
    "no_commitment": "no rule fired",
    "refusal": "the reply declines, or says that it can't be known",
    "none_of_the_options": "it holds that none of the options is right",
    "not_an_option": "it names a label that does not exist",
    "several_options": "it names several options as the answer",
    "letter_text_conflict": "label and option text contradict each other",
    "several_numbers": "it offers several numbers, or an amount in two units",
    "expression": "the announced value is an expression in a variable",
    "withdrawn": "the answer is taken back and none takes its place",
}
"""The names that stand for a rule where an extraction has no answer."""
