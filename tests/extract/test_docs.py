"""The page about the rules is current, and its examples are true."""

from __future__ import annotations

from typing import Any

import pytest

from docs import extractors as docs
from orca_eval.extract import KINDS, WEAK_RULES, extract_answer
from orca_eval.extract.reply.cues import ANSWER_IS, CORRECT_IS, Cue
from orca_eval.extract.rule import Example, Rule

EXAMPLES = [
    (kind.name, rule, example)
    for kind in KINDS.values()
    for rule in kind.rules
    for example in rule.examples
]


def test_page_is_current() -> None:
    assert docs.PATH.read_text(encoding="utf-8") == docs.render()


@pytest.mark.parametrize(("kind", "rule", "example"), EXAMPLES)
def test_example(kind: str, rule: Rule[Any], example: Example) -> None:
    options = docs.EXAMPLE_OPTIONS
    if example.options:
        options = dict(pair.split(": ") for pair in example.options.split(", "))
    found = extract_answer(example.reply, kind, options)
    assert (found.answer, found.rule) == (example.answer, rule.name)


@pytest.mark.parametrize("kind", KINDS)
def test_every_rule_has_an_example_and_weak_ones_come_last(kind: str) -> None:
    rules = KINDS[kind].rules
    assert all(rule.examples and rule.reason for rule in rules)
    assert [rule.weak for rule in rules] == sorted(rule.weak for rule in rules)
    assert {rule.name for rule in rules if rule.weak} <= WEAK_RULES
    assert not {rule.name for rule in rules if not rule.weak} & WEAK_RULES


@pytest.mark.parametrize("cue", [*ANSWER_IS.all, *CORRECT_IS.all], ids=lambda cue: cue.example)
def test_cue_matches_its_own_example(cue: Cue) -> None:
    low = cue.example.replace("\\n", "\n").lower()
    places = [at for at in range(len(low)) if low.startswith(cue.anchor, at)]
    assert any(cue.pattern.match(low, at) for at in places)
    assert not cue.words or any(word in low for word in cue.words)
