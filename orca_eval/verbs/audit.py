"""orca-eval audit: the samples of a run that most deserve a human look, on a sheet.

An extractor errs where a reply is silent, where only a weak rule spoke, or where rules disagree;
such samples come first, taken in turn from every benchmark.
"""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from orca_eval import safe_text
from orca_eval.config.compose import compose_verb
from orca_eval.errors import InputError
from orca_eval.extract import WEAK_RULES, readings
from orca_eval.outcome import Outcome
from orca_eval.paths import expanded
from orca_eval.results.folder import write_text
from orca_eval.results.reasoning import evidence_shift, with_reasoning
from orca_eval.results.run import finished_run

SUFFIXES = (".html", ".md")
NO_ANSWER = "no answer in a finished reply"
CUT_OFF = "no answer, cut off at max_tokens"
ONLY_REASONING = "no answer, all text is reasoning"
WEAK = "a weak rule decided"
DISAGREE = "rules disagree"
WEIGHTS = {DISAGREE: 4, NO_ANSWER: 3, ONLY_REASONING: 3, WEAK: 2, CUT_OFF: 1}
REPLY_CHARS = 4000  # of a reply on the sheet, around the evidence


def main(overrides: list[str]) -> Outcome:
    """Writes the sheet and prints its path."""
    composed = compose_verb("audit", overrides)
    most = composed["n"]
    if not isinstance(most, int) or most < 1:
        raise InputError(f"n={most}: a whole number of at least 1 is wanted")
    out = composed["out"]
    return audit_run(composed["run"], most, expanded(out) if out else None)


def audit_run(run: str, most: int, out: Path | None = None) -> Outcome:
    """The same for a run's folder; `out` is audit.html in it unless it is named."""
    folder, manifest, samples = finished_run(run)
    out = out or folder / "audit.html"
    if out.suffix not in SUFFIXES:
        raise InputError(f"out={out}: a sheet is .html or .md")
    found = entries(samples, most)
    title = f"Audit of {manifest.model.name}, {manifest.suite}"
    sheet = html_sheet if out.suffix == ".html" else markdown_sheet
    write_text(out, sheet(title, found))
    print(f"{len(found)} of {len(samples)} samples: {out}")
    return Outcome({"file": out, "samples": len(samples), "entries": found})


@dataclass(frozen=True, slots=True)
class Entry:
    """One sample on the sheet. `readings` are the rules' answers, strongest first; `response`
    begins with `folded` characters of reasoning."""

    benchmark: str
    task: str
    doc_id: int
    reasons: tuple[str, ...]
    rule: str
    answer: str | None
    gold: str
    right: bool
    response: str
    folded: int
    evidence: tuple[int, int] | None
    readings: tuple[tuple[str, str | None], ...]

    @property
    def weight(self) -> int:
        return sum(WEIGHTS[reason] for reason in self.reasons)


def entries(samples: pd.DataFrame, most: int) -> list[Entry]:
    """At most `most` samples, the most doubtful of each benchmark in turn."""
    by_benchmark: dict[str, list[Entry]] = {}
    for row in samples.to_dict("records"):
        entry = _entry({str(key): value for key, value in row.items()})
        if entry is not None:
            by_benchmark.setdefault(entry.benchmark, []).append(entry)
    ranked = [sorted(found, key=lambda e: -e.weight) for found in by_benchmark.values()]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*ranked))
    return [entry for entry in turns if entry is not None][:most]


def _entry(row: Mapping[str, Any]) -> Entry | None:
    """The sample with the reasons to look at it, None where there are none."""
    response, answer = row["response"], row["answer"] if isinstance(row["answer"], str) else None
    reply, folded = with_reasoning(response, row.get("reasoning"))
    if not row["kind"] or not reply.strip():
        return None
    options = json.loads(row["options"]) if isinstance(row["options"], str) else None
    silent = not response.strip()
    found = readings(reply if silent else response, row["kind"], options)
    reasons = []
    if len({value for _, value in found if value is not None}) > 1:
        reasons.append(DISAGREE)
    if answer is None:
        whole = ONLY_REASONING if silent else NO_ANSWER
        reasons.append(CUT_OFF if row["finish_reason"] == "length" else whole)
    elif row["rule"] in WEAK_RULES:
        reasons.append(WEAK)
    if not reasons:
        return None
    start, shift = row["evidence_start"], evidence_shift(response, reply)
    evidence = None if pd.isna(start) else (int(start) + shift, int(row["evidence_end"]) + shift)
    return Entry(
        benchmark=row["benchmark"],
        task=row["task"],
        doc_id=row["doc_id"],
        reasons=tuple(reasons),
        rule=row["rule"],
        answer=answer,
        gold=row["gold"],
        right=row["score"] == 1,
        response=reply,
        folded=0 if (evidence and evidence[0] < folded) or folded == len(reply) else folded,
        evidence=evidence,
        readings=found,
    )


def html_sheet(title: str, found: Sequence[Entry]) -> str:
    """A page that opens from disk; replies are escaped, the evidence is marked."""
    # On first use: jinja2 is for this one format. `finalize` escapes all that the template puts in.
    from jinja2 import Environment

    template = (Path(__file__).parent / "audit.html").read_text("utf-8")
    page = Environment(finalize=lambda value: safe_text.html(str(value))).from_string(template)
    shown = [(_where(entry), _facts(entry), _excerpt(entry)) for entry in found]
    return page.render(title=title, counts=_counts(found), entries=shown) + "\n"


def markdown_sheet(title: str, found: Sequence[Entry]) -> str:
    """The same as Markdown, the evidence between ⟦ and ⟧."""
    parts = [f"# {safe_text.markdown_prose(title)}", _counts(found)]
    for number, entry in enumerate(found, start=1):
        reasoning, before, evidence, after = _excerpt(entry)
        reply = f"{before}⟦{evidence}⟧{after}" if evidence else before + after
        facts = "\n".join(f"- {name}: {safe_text.markdown(value)}" for name, value in _facts(entry))
        where = safe_text.markdown_prose(_where(entry))
        parts += [f"## {number}. {where}", facts]
        parts += ["Reasoning:", safe_text.markdown_block(reasoning), "Answer:"] * bool(reasoning)
        parts.append(safe_text.markdown_block(reply))
    return "\n\n".join(parts) + "\n"


def _where(entry: Entry) -> str:
    return f"{entry.benchmark}/{entry.task} {entry.doc_id}"


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    verdict = "right" if entry.right else "wrong"
    yield "why", "; ".join(entry.reasons)
    yield "answer", f"{'–' if entry.answer is None else entry.answer} ({verdict})"
    yield "gold", entry.gold
    yield "rule", entry.rule
    yield "rules say", ", ".join(f"{rule}: {value or '–'}" for rule, value in entry.readings) or "–"


def _excerpt(entry: Entry) -> tuple[str, str, str, str]:
    """The reasoning, and the reply before, in and after the evidence, cut to what one reads."""
    start, end = entry.evidence or (len(entry.response), len(entry.response))
    reasoning, before = entry.response[: entry.folded], entry.response[entry.folded : start]
    return _tail(reasoning), _tail(before), entry.response[start:end], _head(entry.response[end:])


def _tail(text: str) -> str:
    return "… " + text[-REPLY_CHARS:] if len(text) > REPLY_CHARS else text


def _head(text: str) -> str:
    return text[:REPLY_CHARS] + " …" if len(text) > REPLY_CHARS else text


def _counts(found: Sequence[Entry]) -> str:
    counts = {name: sum(name in entry.reasons for entry in found) for name in WEIGHTS}
    return f"{len(found)} samples: " + ", ".join(f"{n} {name}" for name, n in counts.items() if n)
