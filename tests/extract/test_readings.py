"""What each rule makes of a reply by itself, for the audit sheet."""

from __future__ import annotations

import pytest

from orca_eval.errors import InputError
from orca_eval.extract import readings

OPTIONS = {"A": "Oslo", "B": "Lisbon", "C": "Vienna", "D": "Prague"}


@pytest.mark.parametrize(
    ("reply", "kind", "expected"),
    [
        (
            "Option C is right.\nThe answer is B.",
            "choice",
            (("answer_is", "B"), ("affirmed", "C"), ("standalone", "C"), ("introduced", "B")),
        ),
        (
            "The answer is 5.\n#### 6",
            "number",
            (("final_marker", "6"), ("answer_is", "5"), ("concluded", "6")),
        ),
        ("The answer is B or C.", "choice", (("answer_is", None),)),
        ("###Final answer: Iran", "span", (("final_marker", "Iran"), ("answer_is", "Iran"))),
        ("apple banana", "text", (("whole_reply", "apple banana"),)),
        ("Fado comes from Lisbon.", "choice", (("only_named", "B"),)),
        ("<think>B", "choice", ()),
        ("", "number", ()),
    ],
)
def test_every_rule_that_finds_a_claim(
    reply: str, kind: str, expected: tuple[tuple[str, str | None], ...]
) -> None:
    assert readings(reply, kind, OPTIONS) == expected


def test_what_is_read_ends_where_the_reply_runs_on() -> None:
    found = readings("The answer is B.\n\nQuestion: And now?\nThe answer is C.", "choice", OPTIONS)
    assert {answer for _, answer in found} == {"B"}


def test_wrong_use_is_an_error() -> None:
    with pytest.raises(InputError, match="options"):
        readings("B", "choice")
