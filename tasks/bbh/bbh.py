"""BBH: one text holds question and options; the target is a label, a word, a number or a text.

Which of these an item is, its text and target tell: rows come without the file's name.

A row, of our own writing:

    {"input": "Which is red?\\nOptions:\\n(A) a ripe tomato\\n(B) a ripe lime", "target": "(A)"}
"""

import re

from orca_eval.benchmarks.items import Item, Row, hint, labelled_choice, open_answer, per_row

LETTERED = re.compile(r"^\(([A-Z])\) ?(.*)$", re.MULTILINE)
LISTED = re.compile(r"^- (.*)$", re.MULTILINE)
NUMBER = re.compile(r"-?\d+")
# Files that print no options: the words come from the target.
WORD_PAIRS = (("True", "False"), ("Yes", "No"), ("yes", "no"))


def doc(row: Row) -> Item:
    text, target = row["input"].strip(), row["target"].strip()
    printed = text.partition("\nOptions:\n")[2]
    lettered = {label: option.strip() for label, option in LETTERED.findall(printed)}
    if lettered:
        prompt = f"{text}\n{hint('answer choice')}"
        return labelled_choice(prompt, lettered, target.strip("()"))
    words = tuple(word.strip() for word in LISTED.findall(printed)) or next(
        (pair for pair in WORD_PAIRS if target in pair), ()
    )
    if words:
        prompt = f"{text}\n{hint(' or '.join(words))}"
        return labelled_choice(prompt, {word: word for word in words}, target)
    if NUMBER.fullmatch(target):
        return open_answer(f"{text}\n{hint('number')}", "number", [[target]])
    return open_answer(f"{text}\n{hint('answer')}", "text", [[target]])


process_docs = per_row(doc)
