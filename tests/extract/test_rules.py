"""Rules decide by their flags and their order, never by their number or place in the table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orca_eval.extract import KINDS, extract_answer
from orca_eval.extract.rule import Rule
from tests.extract.test_cases import CASES

PLACES = [(name, place) for name, kind in KINDS.items() for place in range(len(kind.rules) + 1)]
FLAGS = ("stated", "final", "weak")


def find_nothing(*_: object) -> None:
    return None


def never(*, flagged: bool) -> Rule[Any]:
    return Rule(
        "never",
        "",
        find_nothing,
        (),
        verbatim=find_nothing,
        at_correction=find_nothing,
        **dict.fromkeys(FLAGS, flagged),
    )


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_a_rule_that_never_fires_changes_no_answer(
    name: str, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = KINDS[name].rules
    more = (*rules[:place], never(flagged=False), never(flagged=True), *rules[place:])
    monkeypatch.setitem(KINDS, name, replace(KINDS[name], rules=more))
    for case in (case for kind, _, case in CASES if kind == name):
        found = extract_answer(case["reply"], name, case.get("options"))
        assert (found.answer, found.rule) == (case["expected"], case["rule"]), case["reply"]
