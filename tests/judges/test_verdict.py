"""How verdicts are read: hostile ones of our own, and GPT-4's on Vicuna's questions."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, strategies as st

from orca_eval.judges.verdict import grade, label, pair_scores, said
from tests.benchmarks.raw_rows import needs_data, parquet

CASES = yaml.safe_load((Path(__file__).parent / "cases/verdicts.yaml").read_text("utf-8"))


def test_there_are_sixty_hostile_verdicts_and_more() -> None:
    assert sum(map(len, CASES.values())) >= 60


@pytest.mark.parametrize("case", CASES["grade"], ids=lambda case: case["verdict"])
def test_a_grade_is_what_a_careful_reader_sees(case: dict[str, Any]) -> None:
    assert grade(case["verdict"]) == case["want"]


@pytest.mark.parametrize("case", CASES["label"], ids=lambda case: case["verdict"])
def test_a_label_is_what_a_careful_reader_sees(case: dict[str, Any]) -> None:
    assert label(case["verdict"], case["labels"]) == case["want"]


@pytest.mark.parametrize("case", CASES["pair"], ids=lambda case: case["verdict"])
def test_two_scores_are_what_a_careful_reader_sees(case: dict[str, Any]) -> None:
    want = case["want"] and tuple(case["want"])
    assert pair_scores(case["verdict"]) == want


@given(st.text(st.sampled_from("[]()0189./ \n\"'*<>think Assistant12:,"), max_size=60))
@example("[[8]]")
def test_whatever_is_said_a_reading_is_on_the_scale(text: str) -> None:
    found = grade(text)
    assert found is None or 1 <= found <= 10
    scores = pair_scores(text)
    assert scores is None or all(0 <= score <= 10 for score in scores)
    assert label(text, ["A", "B"]) in ("A", "B", None)
    assert len(said(text)) <= len(text)


@given(st.text(max_size=40), st.integers(1, 10))
def test_what_was_thought_moves_no_grade(thought: str, rating: int) -> None:
    thought = thought.replace("<", "").replace("|", "")
    assert grade(f"<think>{thought}</think>Rating: [[{rating}]]") == rating


# What the text of two reviews says and the authors stored otherwise: they wrote 10 and 2.
STORED_OTHERWISE = {("bard", "vicuna-13b", 70): (10, 4), ("llama-13b", "vicuna-13b", 70): (10, 4)}


@needs_data
def test_the_reviews_of_vicuna_give_their_stored_scores() -> None:
    rows = parquet("lmsys/vicuna-bench", "reviews", "train")
    assert len(rows) == 960
    wrong = {
        (row["model_1"], row["model_2"], row["question_id"]): found
        for row in rows
        if (found := pair_scores(row["review"])) != (row["score_1"], row["score_2"])
    }
    assert wrong == STORED_OTHERWISE
