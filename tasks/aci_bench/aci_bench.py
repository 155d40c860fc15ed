"""ACI-Bench: a conversation of doctor and patient, of which the clinical note is to be written.

A row, of our own writing:

    {"dataset": "aci", "encounter_id": "D0", "note": "HISTORY OF PRESENT ILLNESS\\n\\nA cough.",
     "dialogue": "[doctor] what brings you in ?\\n[patient] a cough ."}
"""

from orca_eval.benchmarks.items import Item, Row, per_row
from orca_eval.judges import grounding

SECTIONS = "HISTORY OF PRESENT ILLNESS", "PHYSICAL EXAM", "RESULTS", "ASSESSMENT AND PLAN"
TASK = (
    "Write the clinical note of this visit from the conversation. It has four sections: "
    + ", ".join(f"{number}. {name}" for number, name in enumerate(SECTIONS, start=1))
    + "."
)


def _doc(row: Row) -> Item:
    dialogue = row["dialogue"].strip()
    prompt = f"{TASK}\n\nConversation:\n{dialogue}"
    item = grounding.item(dialogue, TASK, prompt, row["note"].strip(), row["encounter_id"])
    return {**item, "stratum": row["dataset"]}


process_docs = per_row(_doc)
ask, score = grounding.ask, grounding.score
