"""MS MARCO: a question to a search engine, and three passages to answer it from.

A row, of our own writing:

    {"source_id": "0", "question": "how long to boil an egg", "passages": "passage 1:Six minutes.",
     "prompt": "Answer from the passage:\\nhow long to boil an egg\\npassage 1:Six minutes."}
"""

from orca_eval.benchmarks.items import Item, Row, per_row
from orca_eval.judges import grounding


def _doc(row: Row) -> Item:
    passages, question = row["passages"].strip(), row["question"].strip()
    task = f"Answer the question from the passages alone: {question}"
    return grounding.item(passages, task, row["prompt"].strip(), None, row["source_id"])


process_docs = per_row(_doc)
ask, score = grounding.ask, grounding.score
