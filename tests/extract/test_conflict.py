"""A letter beside another option's text is no answer, and both are told."""

from __future__ import annotations

import pytest

from orca_eval.extract import extract_answer
from tests.extract.test_cases import CASES

CITIES = {"A": "Oslo", "B": "Lisbon", "C": "Vienna", "D": "Prague"}
NUMBERED = {"1": "granite", "2": "marble", "3": "chalk"}


@pytest.mark.parametrize(
    ("reply", "options", "conflict"),
    [
        ("B. Vienna", CITIES, ("B", "C")),
        ("The answer is (D) Oslo.", CITIES, ("D", "A")),
        ("The answer is Prague (A).", CITIES, ("A", "D")),
        ("###Final answer: {C) Lisbon}", CITIES, ("C", "B")),
        ("\\boxed{A. Vienna}", CITIES, ("A", "C")),
        ("I choose option B: Oslo", CITIES, ("B", "A")),
        ("**D. Lisbon**", CITIES, ("D", "B")),
        ("The answer is 3. marble", NUMBERED, ("3", "2")),
    ],
)
def test_both_labels_are_told(
    reply: str, options: dict[str, str], conflict: tuple[str, str]
) -> None:
    found = extract_answer(reply, "choice", options)
    assert found[:2] == (None, "letter_text_conflict")
    assert found.conflict == conflict


def test_only_a_conflict_has_labels() -> None:
    for kind, _, case in CASES:
        found = extract_answer(case["reply"], kind, case.get("options"))
        conflicting = found.rule == "letter_text_conflict"
        assert (found.conflict is not None) == conflicting, case["reply"]
        if found.conflict:
            letter, text = found.conflict
            assert letter != text
            assert {letter, text} <= case["options"].keys()
