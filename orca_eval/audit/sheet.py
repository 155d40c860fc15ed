"""The sheet that people look at, as a page or as Markdown; replies are text in both."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orca_eval import safe_text
from orca_eval.audit.entry import WEIGHTS, Entry
from orca_eval.audit.form import VERDICTS

REPLY_CHARS = 4000  # of a reply or a question on the sheet, around what matters
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is on it. `links` lead to a report's sample, empty where there is none. `lines` are
    those of the form that the page saves as `file`, under `head`; without them no verdicts are
    taken."""

    title: str
    entries: Sequence[Entry]
    links: Sequence[str]
    head: str = ""
    lines: Sequence[str] = ()
    file: str = ""


def html_sheet(sheet: Sheet) -> str:
    """A page that opens from disk; replies are escaped, the evidence is marked."""
    # On first use: jinja2 is for this one format. `finalize` escapes all that the template puts in.
    from jinja2 import Environment
    from markupsafe import Markup

    def escaped(value: object) -> str:
        return value if isinstance(value, Markup) else safe_text.html(str(value))

    script = (_HERE / "sheet.js").read_text("utf-8")
    page = Environment(finalize=escaped).from_string((_HERE / "sheet.html").read_text("utf-8"))
    return (
        page.render(
            title=sheet.title,
            counts=_counts(sheet),
            entries=[_shown(sheet, number) for number in range(len(sheet.entries))],
            head=sheet.head,
            file=sheet.file,
            verdicts=list(VERDICTS.items()),
            script=Markup(script),
            policy=Markup(_policy(script if sheet.head else "")),
        )
        + "\n"
    )


def markdown_sheet(sheet: Sheet) -> str:
    """The same as Markdown, the evidence between ⟦ and ⟧."""
    parts = [f"# {safe_text.markdown_prose(sheet.title)}", _counts(sheet)]
    for number, entry in enumerate(sheet.entries, start=1):
        reasoning, before, evidence, after = _excerpt(entry)
        reply = f"{before}⟦{evidence}⟧{after}" if evidence else before + after
        facts = "\n".join(f"- {name}: {safe_text.markdown(value)}" for name, value in _facts(entry))
        parts += [f"## {number}. {safe_text.markdown_prose(entry.where)}"]
        parts += ["Question:", safe_text.markdown_block(_tail(entry.question)), facts]
        parts += ["Reasoning:", safe_text.markdown_block(reasoning), "Answer:"] * bool(reasoning)
        parts.append(safe_text.markdown_block(reply))
    return "\n\n".join(parts) + "\n"


def _shown(sheet: Sheet, number: int) -> Mapping[str, Any]:
    entry = sheet.entries[number]
    reasoning, before, evidence, after = _excerpt(entry)
    return {
        "where": entry.where,
        "question": _tail(entry.question),
        "facts": list(_facts(entry)),
        "link": sheet.links[number],
        "line": sheet.lines[number] if sheet.lines else "",
        "reasoning": reasoning,
        "before": before,
        "evidence": evidence,
        "after": after,
    }


def _policy(script: str) -> str:
    """Nothing but the sheet's own script, by its hash."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    if not script:
        return policy
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"{policy}; script-src 'sha256-{digest}'"


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    verdict = "right" if entry.right else "wrong"
    for label, text in entry.options.items():
        yield f"option {label}", text
    if entry.reasons:
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


def _counts(sheet: Sheet) -> str:
    found = sheet.entries
    counts = {name: sum(name in entry.reasons for entry in found) for name in WEIGHTS}
    said = ", ".join(f"{n} {name}" for name, n in counts.items() if n)
    return f"{len(found)} samples" + (f": {said}" if said else "")
