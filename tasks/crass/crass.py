"""CRASS: a premise, a what-if question, and the right answer in a column of its own.

Options are ordered by a hash of PCTID and their text, so that the right one stands anywhere, and
stock lm-eval sees the same order as orca-eval.

A row, of our own writing:

    {"PCTID": "1", "Premise": "A cup falls onto a stone floor.",
     "QCC": "What would have happened if it had fallen onto a cushion?",
     "CorrectAnswer": "It would be whole.", "Answer1": "It would be broken.",
     "Answer2": "It would be full.", "PossibleAnswer3": ""}
"""

from hashlib import sha256

from orca_eval.benchmarks.items import Item, Row, choice, per_row

OPTIONS = ("CorrectAnswer", "Answer1", "Answer2", "PossibleAnswer3")


def doc(row: Row) -> Item:
    # Readers of CSV give an empty cell as "" or as None.
    texts = [text for text in ((row[name] or "").strip() for name in OPTIONS) if text]
    right = (row["CorrectAnswer"] or "").strip()
    order = sorted(texts, key=lambda text: sha256(f"{row['PCTID']} {text}".encode()).digest())
    gold = order.index(right) if right else -1
    return choice(f"{row['Premise'].strip()} {row['QCC'].strip()}", order, gold)


process_docs = per_row(doc)
