"""A reply that goes on to an item of its own invention: the first answer counts; of a reply that
corrects itself, the last.
"""

from __future__ import annotations

import pytest

from orca_eval.extract import answer

OPTIONS = {"A": "Oslo", "B": "Lisbon", "C": "Vienna", "D": "Prague"}
HEADINGS = (
    *("Passage:", "Context:", "Story:", "Article:", "Text:", "Scenario:", "Query:", "Paragraph:"),
    *("Document:", "Excerpt:", "Dialogue:", "Example 2:", "Case 2:", "Item 3:", "Task 2:"),
    *("Passage 2:", "**Passage**:", "**Context:**", "### Story:", "[Article]:", "Next problem:"),
    *("New case:", "Another example:", "Contexto:", "文章："),
)
CHOICE = "The ship leaves the port of\n(A) Cork\n(B) Bari\n(C) Brest\n\n###Final answer: {A}"
NUMBER = "A tailor cuts 9 ribbons of 2 feet. How long are they?\n\n9 * 2 = 18\n#### 18"
PROBLEMS = (
    "Nadia has 7 kites. She loses 3. How many are left?\n7-3=4",
    "Omar and Lea pick 30 pears and eat 4. How many pears remain?\n30-4=26",
    "A bus covers 90 miles in 3 hours. How fast does it go?\n\n90/3=30",
    "If Piotr swims 2 km a day, how far does he swim in a week?\nPiotr swims 14 km.",
    "2. Inga plants 6 rows of 4 bulbs. How many bulbs?\n24",
    "Compute the perimeter of a square of side 5.\n5*4=20",
    "Mrs. Reed keeps 8 hens. Each lays 3 eggs.\nHow many eggs is that?\n8*3=24",
)
CORRECTIONS = (
    "Wait, I made a mistake. 5 * 10 = 50",
    "Wait, is that right? There are 5 boxes of 10. 5*10=50",
    "Hmm, how many were there? 50.",
    "Let me check. How many boxes? 5. 5*10=50",
    "Actually, did Nadia sell 4? No. So 50.",
    "But does she keep 4? Yes. 46+4=50",
    "Hold on. Did Omar sell any? No, 50.",
    "Sorry, that's wrong. Isn't it 50?",
    "So what is the total? 50",
)
SEPARATORS = ("\n\n---\n\n", "\n\n***\n\n", "\n\n2. ", "\n\n2) ", "\n\n#2\n", "\n\n> ", "\n\n**")
CLOZES = (
    "The ship leaves the port of\n(A) Cork\n(B) Bari\n(C) Brest",
    "Which river is the longest?\nA) Oder\nB) Elbe\nC) Rhine",
    "The Vltava flows into the\n\nA. Elbe\nB. Oder\nC. Rhine",
    "3. Vltava is a\nA. river\nB. hill\nC. town",
)
MARKS = ("#### {}", "\\boxed{{{}}}", "###Final answer: {{{}}}", "<answer>{}</answer>")


@pytest.mark.parametrize("heading", HEADINGS)
def test_another_heading_ends_the_answer(heading: str) -> None:
    for stated in ("###Final answer: {B}", "The answer is B.", "(B)", "B", "\\boxed{B}"):
        for gap in ("\n", "\n\n"):
            assert answer(f"{stated}{gap}{heading} {CHOICE}", "choice", OPTIONS) == "B", stated
    for stated in ("#### 36", "36", "The answer is 36.", "\\boxed{36}"):
        for gap in ("\n", "\n\n"):
            assert answer(f"{stated}{gap}{heading} {NUMBER}", "number") == "36", stated
    spans = (
        f"###Final answer: {{Denver}}\n\n{heading} The Bears won. Who?\n###Final answer: {{Bears}}"
    )
    assert answer(spans, "span") == "Denver"


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("mark", MARKS)
def test_a_problem_without_heading_ends_the_answer(problem: str, mark: str) -> None:
    for gap in ("\n", "\n\n", "\n\n\n"):
        reply = f"3+33=36\n{mark.format(36)}{gap}{problem}\n{mark.format(5)}"
        assert answer(reply, "number") == "36"


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_separator_before_it_changes_nothing(separator: str) -> None:
    for mark in (*MARKS, "The answer is {}.", "Answer: {}"):
        reply = f"3+33=36\n{mark.format(36)}{separator}{PROBLEMS[1]}\n{mark.format(26)}"
        assert answer(reply, "number") == "36", reply


@pytest.mark.parametrize("cloze", CLOZES)
def test_options_of_its_own_make_an_item(cloze: str) -> None:
    for mark in (*MARKS, "The answer is {}.", "Answer: {}"):
        reply = f"{mark.format('B')}\n\n{cloze}\n\n{mark.format('A')}"
        assert answer(reply, "choice", OPTIONS) == "B", reply


@pytest.mark.parametrize("statement", ["The answer is {}.", "Answer: {}", "So the answer is {}."])
def test_behind_a_statement_a_problem_is_known_by_its_names(statement: str) -> None:
    reply = f"{statement.format(36)}\n\n{PROBLEMS[0]}\n{statement.format(4)}"
    assert answer(reply, "number") == "36"
    own = "Intermediate answer: 65.\n\nfollow up: how old is he?\nThe answer is 4."
    assert answer(own, "number") == "4"


def test_a_choice_without_heading_ends_the_answer() -> None:
    assert answer("###Final answer: {B}\n\n" + CHOICE, "choice", OPTIONS) == "B"
    asked = "Which river is longer?\nA. Oder\nB. Elbe\nC. Rhine\n\nThe answer is C."
    assert answer("The answer is B.\n\n" + asked, "choice", OPTIONS) == "B"


@pytest.mark.parametrize("correction", CORRECTIONS)
@pytest.mark.parametrize("mark", MARKS[:3])
def test_a_correction_counts(correction: str, mark: str) -> None:
    reply = f"{mark.format(36)}\n\n{correction}\n{mark.format(50)}"
    assert answer(reply, "number") == "50"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Passage: He has 4 boxes of 10.\n4*10=40\n#### 40", "40"),
        ("Wait, let me reread.\nContext: 4 boxes of 10.\n#### 40", "40"),
        ("#### 36\n\nWait, I misread the story.\n\nStory: 4 boxes of 10.\n#### 40", "40"),
        ("We go on.\n\nCase 1: x = 3, so y = 5.\n\nCase 2: x = 4, so y = 7.\n\n#### 12", "12"),
        ("Example 1: 3+4=7\nExample 2: 5+6=11\n\nTogether\n#### 18", "18"),
        ("First, she has 12 apples.\n\nScenario: she sells 5.\n\n12 - 5 = 7\n#### 7", "7"),
        ("Let me read again.\nText: there are 7 in all.\nSo the answer is 7.", "7"),
    ],
)
def test_headings_of_its_own_work_end_nothing(reply: str, expected: str) -> None:
    assert answer(reply, "number") == expected
