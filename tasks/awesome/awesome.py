"""Awesome prompts: roles to act in, with a first request. A reference's answers are to be named.

A row, of our own writing:

    {"act": "Innkeeper", "prompt": "Act as an innkeeper. My first request is a room."}
"""

from collections.abc import Iterable, Sequence

from orca_eval.benchmarks.items import Item, Row
from orca_eval.judges import pairwise


def process_docs(rows: Iterable[Row], prompts: Sequence[Row]) -> list[Item]:
    reviewer = pairwise.reviewers(prompts)[pairwise.GENERAL]
    return [pairwise.item(row["prompt"], reviewer) for row in rows]


ask, score = pairwise.ask, pairwise.score
