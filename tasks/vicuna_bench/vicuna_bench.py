"""Vicuna's questions: an answer is rated beside ChatGPT's of March 2023.

A row, of our own writing, and one of each of the files beside it:

    {"question_id": 1, "category": "generic", "turns": ["How do I rise early?"], "reference": []}
    {"question_id": 1, "model": "gpt35", "text": "Go to bed early."}
    {"version": "2023-04", "category": "general", "system_prompt": "…", "prompt": "…",
     "prompt_template": "{question} {answer_1} {answer_2} {prompt}"}
"""

from collections.abc import Iterable, Sequence

from orca_eval.benchmarks.items import Item, Row
from orca_eval.judges import pairwise

REFERENCE = "gpt35"


def process_docs(rows: Iterable[Row], answers: Sequence[Row], prompts: Sequence[Row]) -> list[Item]:
    references = {row["question_id"]: row["text"] for row in answers if row["model"] == REFERENCE}
    reviewers = pairwise.reviewers(prompts)
    return [_item(row, references[row["question_id"]], reviewers) for row in rows]


def _item(row: Row, reference: str, reviewers: dict[str, Row]) -> Item:
    category = row["category"]
    # Coding and math have reviewers of their own, as FastChat has it.
    reviewer = reviewers.get(category, reviewers[pairwise.GENERAL])
    item = pairwise.item(row["turns"][0], reviewer, reference)
    return {**item, "stratum": category, "slices": {"category": [category]}}


ask, score = pairwise.ask, pairwise.score
