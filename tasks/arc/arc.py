"""ARC: rows carry three to five options, labelled with letters or digits of their own.

Letters by position replace the labels: a digit as label can't be told from a digit in an answer.

A row, of our own writing:

    {"id": "X_1", "question": "Which of these melts first?",
     "choices": {"text": ["iron", "ice", "glass"], "label": ["1", "2", "3"]}, "answerKey": "2"}
"""

from orca_eval.benchmarks.items import Item, Row, choice, per_row


def doc(row: Row) -> Item:
    labels = row["choices"]["label"]
    gold = labels.index(row["answerKey"]) if row["answerKey"] in labels else -1
    return choice(row["question"], row["choices"]["text"], gold)


process_docs = per_row(doc)
