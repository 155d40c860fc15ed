"""GSM8K: the solution's last line gives the answer behind `####`, at times with commas.

A row, of our own writing:

    {"question": "Three boxes hold 400 nails each. How many nails are there?",
     "answer": "3 * 400 = <<3*400=1200>>1200\\n#### 1,200"}
"""

from orca_eval.benchmarks.items import Item, Row, hint, open_answer, per_row


def doc(row: Row) -> Item:
    gold = row["answer"].rpartition("####")[2].strip().replace(",", "")
    return open_answer(f"{row['question'].strip()}\n{hint('number')}", "number", [[gold]])


process_docs = per_row(doc)
