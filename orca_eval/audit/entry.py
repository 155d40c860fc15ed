"""One sample of a run as a person judges it: what was asked, replied and read."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pandas as pd

from orca_eval.extract import WEAK_RULES, readings
from orca_eval.results.reasoning import evidence_shift, with_reasoning
from orca_eval.types import CUT_OFF as LENGTH

NO_ANSWER = "no answer in a finished reply"
CUT_OFF = "no answer, cut off at max_tokens"
ONLY_REASONING = "no answer, all text is reasoning"
WEAK = "a weak rule decided"
DISAGREE = "rules disagree"
WEIGHTS = {DISAGREE: 4, NO_ANSWER: 3, ONLY_REASONING: 3, WEAK: 2, CUT_OFF: 1}
Row = Mapping[str, Any]
"""A row of samples.parquet."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One sample on the sheet. `readings` are the rules' answers, strongest first; `response`
    begins with `folded` characters of reasoning; `sample` counts a document's answers from 0."""

    benchmark: str
    task: str
    doc_id: int
    sample: int
    reasons: tuple[str, ...]
    rule: str
    answer: str | None
    gold: str
    right: bool
    question: str
    options: Mapping[str, str]
    response: str
    folded: int
    evidence: tuple[int, int] | None
    readings: tuple[tuple[str, str | None], ...]
    digest: str

    @property
    def weight(self) -> int:
        """How much it deserves a look."""
        return sum(WEIGHTS[reason] for reason in self.reasons)

    @property
    def where(self) -> str:
        """Its name in print."""
        return f"{self.benchmark}/{self.task} {self.doc_id}" + f":{self.sample}" * bool(self.sample)

    def address(self, label: str) -> str:
        """The fragment by which a report opens it among the replies of the run of that label."""
        sample = f":{self.sample}" if self.sample else ""
        task, model = quote(self.task, safe=""), quote(label, safe="")
        return f"#sample={task}:{self.doc_id}{sample}&model={model}"


def entry(row: Row) -> Entry | None:
    """The sample; None where there is nothing to look at: no reply, or none that rules read."""
    response, answer = row["response"], row["answer"] if isinstance(row["answer"], str) else None
    reply, folded = with_reasoning(response, row.get("reasoning"))
    if not row["kind"] or not reply.strip():
        return None
    options = json.loads(row["options"]) if isinstance(row["options"], str) else None
    silent = not response.strip()
    found = readings(reply if silent else response, row["kind"], options)
    start, shift = row["evidence_start"], evidence_shift(response, reply)
    evidence: tuple[int, int] | None = None
    if not pd.isna(start):
        evidence = int(start) + shift, int(row["evidence_end"]) + shift
    return Entry(
        benchmark=row["benchmark"],
        task=row["task"],
        doc_id=row["doc_id"],
        sample=int(row.get("sample_index") or 0),
        reasons=tuple(_reasons(row, answer, found, silent=silent)),
        rule=row["rule"],
        answer=answer,
        gold=row["gold"],
        right=row["score"] == 1,
        question=row["prompt"],
        options=options or {},
        response=reply,
        folded=0 if (evidence and evidence[0] < folded) or folded == len(reply) else folded,
        evidence=evidence,
        readings=found,
        digest=digest(row),
    )


def digest(row: Row) -> str:
    """What was replied and read, in short; with a letter first it is no spreadsheet's number."""
    answer = row["answer"] if isinstance(row["answer"], str) else None
    read = json.dumps([row["response"], answer, float(row["score"])])
    return "s" + hashlib.sha256(read.encode()).hexdigest()[:12]


def _reasons(
    row: Row, answer: str | None, found: tuple[tuple[str, str | None], ...], *, silent: bool
) -> list[str]:
    reasons = []
    if len({value for _, value in found if value is not None}) > 1:
        reasons.append(DISAGREE)
    if answer is None:
        whole = ONLY_REASONING if silent else NO_ANSWER
        reasons.append(CUT_OFF if row["finish_reason"] == LENGTH else whole)
    elif row["rule"] in WEAK_RULES:
        reasons.append(WEAK)
    return reasons
