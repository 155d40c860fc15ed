"""QMSum: a question about a meeting, with the part of its transcript that answers it.

Only specific questions have such a part; those about a whole meeting are no items.

A row, of our own writing:

    {"kind": "specific", "meeting_id": "M0", "domain": "Product", "query": "What about the lid?",
     "answer": "It is to be green.", "relevant_text": "Designer: A green lid .\\nBoss: Fine ."}
"""

from collections.abc import Iterator

from orca_eval.benchmarks.items import Item, Row, per_rows
from orca_eval.judges import grounding

TASK = "Answer the query from the excerpt alone."


def _docs(row: Row) -> Iterator[Item]:
    if row["kind"] != "specific":
        return
    excerpt, query = row["relevant_text"].strip(), row["query"].strip()
    prompt = f"Meeting excerpt:\n{excerpt}\n\nQuery: {query}\n{TASK}"
    task = f"Query: {query}\n{TASK}"
    item = grounding.item(excerpt, task, prompt, row["answer"].strip(), row["meeting_id"])
    yield {**item, "stratum": row["domain"], "slices": {"domain": [row["domain"]]}}


process_docs = per_rows(_docs)
ask, score = grounding.ask, grounding.score
