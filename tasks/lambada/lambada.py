"""LAMBADA: the last word of a passage, which the whole of it tells and its last sentence does not.

A row, of our own writing:

    {"text": "Marta tied the boat and Bruno took the oars. “Careful,” he said to “Marta"}
"""

import re

from orca_eval.benchmarks.items import Item, Row, hint, open_answer, per_row

WORD = re.compile(r"\w[\w'’-]*")


def doc(row: Row) -> Item:
    # At the last blank, as lm-eval does; some golds bring a quotation mark or dots along.
    passage, _, last = row["text"].rpartition(" ")
    prompt = (
        f"{passage} ____\n\nWhat is the missing last word? Use exactly one word.\n{hint('word')}"
    )
    return open_answer(prompt, "word", [WORD.findall(last)[-1:]])


process_docs = per_row(doc)
