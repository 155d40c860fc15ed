"""WizardLM's test set: instructions by skill. A reference's answers are to be named.

A row, of our own writing:

    {"idx": 1, "Skill": "Math", "Difficulty": 1, "Instruction": "What is 2 + 2?"}
"""

from collections.abc import Iterable, Sequence

from orca_eval.benchmarks.items import Item, Row
from orca_eval.judges import pairwise


def process_docs(rows: Iterable[Row], prompts: Sequence[Row]) -> list[Item]:
    reviewer = pairwise.reviewers(prompts)[pairwise.GENERAL]
    return [_item(row, reviewer) for row in rows]


def _item(row: Row, reviewer: Row) -> Item:
    skill = row["Skill"]
    item = pairwise.item(row["Instruction"], reviewer)
    return {**item, "stratum": skill, "slices": {"skill": [skill]}}


ask, score = pairwise.ask, pairwise.score
