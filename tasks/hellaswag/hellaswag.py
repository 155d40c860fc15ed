"""HellaSwag: which of four endings goes on. Half the rows carry layout marks of a how-to page.

A row, of our own writing:

    {"ind": 1, "source_id": "wikihow~1", "split_type": "indomain", "label": "1",
     "activity_label": "Baking", "ctx": "[header] How to bake [title] Mix the dough [step] Take",
     "endings": ["a walk.", "flour and water.", "a bus.", "a nap."]}
"""

import re

from orca_eval.benchmarks.items import Item, Row, choice, per_row

# The title of a step ends without a full stop; the other marks only cut the text.
STEP_TITLE = re.compile(r"(?<=[\w)\"'])\s*\[title\]\s*")
MARK = re.compile(r"\[(?:header|title|step|substeps)\]")


def clean(text: str) -> str:
    """The text without layout marks; other brackets (`[insert name]`) belong to the text."""
    if "[" not in text:  # half of the rows, and the patterns take a fifth of the loading time
        return text.strip()
    if "[title]" in text:
        text = STEP_TITLE.sub(". ", text)
    return " ".join(map(str.strip, MARK.split(text))).strip()


def doc(row: Row) -> Item:
    source = row["source_id"].partition("~")[0]
    return choice(
        f"Choose the ending that goes on best.\n{row['activity_label']}: {clean(row['ctx'])}",
        [clean(ending) for ending in row["endings"]],
        int(row["label"]),
        stratum=f"{source} {row['split_type']}",
    )


process_docs = per_row(doc)
