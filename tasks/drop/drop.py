"""DROP: questions on a passage; an answer is a number, a date or spans, in accepted variants.

A row, of our own writing:

    {"section_id": "s", "query_id": "q", "passage": "Ada scored 3 goals, Bea 5.",
     "question": "How many goals were scored?",
     "answer": {"number": "8", "date": {"day": "", "month": "", "year": ""}, "spans": []},
     "validated_answers": {"number": [""], "date": [{"day": "", "month": "", "year": ""}],
      "spans": [["8"]]}}
"""

from collections.abc import Mapping
from typing import Any

from orca_eval.benchmarks.items import Item, Row, hint, open_answer, passage_id, per_row

SEVERAL = 'If the answer has several parts, separate them with "; ".'


def spans(answer: Mapping[str, Any]) -> list[str]:
    """One annotator's answer as spans; empty where the annotator left every field blank."""
    if answer["number"]:
        return [str(answer["number"])]
    if answer["spans"]:
        return [span for span in answer["spans"] if span.strip()]
    date = " ".join(answer["date"][part] for part in ("day", "month", "year")).strip()
    return [date] if date else []


def variants(row: Row) -> list[list[str]]:
    """The distinct non-empty answers: the row's own, then those of the validating annotators."""
    validated = row["validated_answers"]
    answers = [row["answer"]] + [
        {"number": number, "date": date, "spans": found}
        for number, date, found in zip(
            validated["number"], validated["date"], validated["spans"], strict=True
        )
    ]
    distinct = dict.fromkeys(tuple(spans(answer)) for answer in answers)
    return [list(variant) for variant in distinct if variant]


def doc(row: Row) -> Item:
    prompt = "\n".join(
        [
            row["passage"].strip(),
            "",
            f"Question: {row['question'].strip()}",
            SEVERAL,
            hint("answer"),
        ]
    )
    return open_answer(prompt, "span", variants(row), cluster=passage_id(row["passage"]))


process_docs = per_row(doc)
