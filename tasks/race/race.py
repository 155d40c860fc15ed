"""RACE: an article, a question (often with a blank, `_`) and four options.

A row, of our own writing:

    {"article": "Tom missed the bus and walked.", "question": "Tom came on _.",
     "options": ["foot", "a bus", "a bike", "a train"], "answer": "A"}
"""

from orca_eval.benchmarks.items import Item, Row, choice, passage_id, per_row


def doc(row: Row) -> Item:
    question = f"{row['article'].strip()}\n\nQuestion: {row['question'].strip()}"
    return choice(
        question, row["options"], "ABCD".find(row["answer"]), cluster=passage_id(row["article"])
    )


process_docs = per_row(doc)
