"""MMLU: a question, four options and the index of the right one.

A row, of our own writing:

    {"question": "What is 7 * 8?", "subject": "arithmetic",
     "choices": ["54", "56", "63", "48"], "answer": 1}
"""

from orca_eval.benchmarks.items import Item, Row, choice, per_row


def doc(row: Row) -> Item:
    return choice(row["question"], row["choices"], row["answer"])


process_docs = per_row(doc)
