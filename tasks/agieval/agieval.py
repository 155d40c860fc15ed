"""AGIEval: the benchmark's own query is the whole prompt, without a hint of ours.

Options carry their labels: `(A)text`, in a few LogiQA rows `A text` or `A? text`, and there the
printed order is now and then A, C, B, D. The published gold is a letter, turned into an index by
its place in the alphabet, so it names the option printed with that letter, not the one at that
place in the list.

A row, of our own writing:

    {"query": "Ann sits left of Bo.\\nQ: Who sits right? Answer Choices: (A)Ann (B)Bo\\nA: ",
     "choices": ["(A)Ann", "(B)Bo"], "gold": [1]}
"""

import re
from string import ascii_uppercase

from orca_eval.benchmarks.items import Item, Row, labelled_choice, passage_id, per_row

LABEL = re.compile(r"\(([A-E])\)\s*|([A-E])(?:\?\s*|\s+)")
QUESTION = "Q: "


def split_options(choices: list[str]) -> dict[str, str]:
    """Option texts by the label printed beside them, in printed order.

    A label without parentheses counts only where it is the letter due at that place ("A few" may
    open a sentence); an option without any label gets that letter.
    """
    options: dict[str, str] = {}
    for due, text in zip(ascii_uppercase, choices, strict=False):
        match = LABEL.match(text)
        if match and (match[1] or match[2] == due):
            options[match[1] or match[2]] = text[match.end() :].strip()
        else:
            options[due] = text.strip()
    return options


def doc(row: Row) -> Item:
    # Questions of LSAT-RC, LSAT-AR and SAT-English share what stands before the question;
    # elsewhere it is the item's own text, and a cluster of one changes no interval.
    passage = row["query"].rpartition(QUESTION)[0]
    return labelled_choice(
        row["query"].strip(),
        split_options(row["choices"]),
        ascii_uppercase[row["gold"][0]],
        cluster=passage_id(passage),
    )


process_docs = per_row(doc)
