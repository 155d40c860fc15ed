"""Writes docs/extractors.md from the rules: `python -m orca_eval.extract.docs [--check]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from orca_eval.extract import EXTRACTOR_VERSION, KINDS
from orca_eval.extract.reply.cues import ANSWER_IS, CORRECT_IS
from orca_eval.extract.rule import VOID_REASONS, Example, Kind

PATH = Path(__file__).parents[2] / "docs" / "extractors.md"
LANGUAGES = {"en": "English", "zh": "Chinese", "es": "Spanish", "fr": "French", "de": "German"}
EXAMPLE_OPTIONS = {"A": "Oslo", "B": "Lisbon", "C": "Vienna", "D": "Prague"}

_OPTIONS = ", ".join(f"{label}: {text}" for label, text in EXAMPLE_OPTIONS.items())

HEAD = f"""# The extractors

<!-- Written by `python -m orca_eval.extract.docs`; edit the rules, not this page. -->

Extractor version {EXTRACTOR_VERSION}. `extract_answer(response, kind, options)` returns the answer,
the name of the rule that fired and where in the response it stands. The answer is None when a
careful reader would not know.

## Before the rules
1. Text up to the last closed thinking block is dropped, whether or not the block was opened in the
   reply; a block that stays open is no answer. A heading such as "[Analysis]" opens no block.
2. The reply ends where it runs on into an invented next turn ("Question:", "Human:", "[INST]", a
   template's tokens), once what stands before holds a commitment. A reply may also number the
   questions it works through. So where a single final-answer mark stands behind a "Question:", it
   beats anything before it except a plain statement of the answer.
3. Markdown, LaTeX, braces, full-width letters and typographic quotes are made plain without moving
   any offset. Of a very long reply only the head and the tail are read, so time stays bounded.
4. A value marked as final, or a whole reply, that is one option word for word is that option,
   whatever it says: a question, "-1", "Both A and B", "That is not possible." Case and closing
   marks count only where they tell options apart.
5. After a self-correction ("wait", "actually", "scratch that") the rules read what follows first.

Rules are tried from the strongest commitment to the weakest; within a rule the last commitment
counts. Questions, suppositions ("if it were Oslo, the answer would be A"), other people's views and
denials commit to nothing. Weak rules are silent on refusals and cut-off replies, and their samples
come first on the audit sheet.

The examples for choices use the options {_OPTIONS} unless others are given.
"""

SPANS = """
"Iran and Iraq" may be one span or two, and "15 yards" a span or a count, so the answer keeps the
reply's own words. `orca_eval.scoring` reads it both ways and takes the better: as written, and as a
count without its unit; where a gold has several spans, also taken apart at commas and "and". A list
(`Iran; Iraq`) of a gold that is one joined span ("Iran and Iraq") is right in `exact_match_parts`
alone.
"""


def _cell(text: str) -> str:
    return text.replace("\n", "⏎").replace("|", "\\|")


def _example(example: Example) -> str:
    note = f" ({example.options})" if example.options else ""
    return f"`{_cell(example.reply)}`{note} → {example.answer or 'None'}"


def _rules(kind: Kind[Any]) -> str:
    title = f"{kind.name} (DROP)" if kind.name == "span" else kind.name
    rows = [f"\n## {title}\n", "| # | rule | reason | examples |", "|---|---|---|---|"]
    for i, rule in enumerate(kind.rules, start=1):
        name = f"{rule.name} (weak)" if rule.weak else rule.name
        examples = "<br>".join(map(_example, rule.examples))
        rows.append(f"| {i} | {name} | {_cell(rule.reason)} | {examples} |")
    return "\n".join(rows) + "\n" + (SPANS if kind.name == "span" else "")


def _cues() -> str:
    rows = [
        "\n## Cue phrases\n",
        "One example of each; the phrases are data in `orca_eval/extract/reply/cues.py`.\n",
        "| language | the answer is | I choose, the correct option is |",
        "|---|---|---|",
    ]
    for code, name in LANGUAGES.items():
        cells = (
            "<br>".join(dict.fromkeys(_cell(c.example) for c in cues.all if c.language == code))
            for cues in (ANSWER_IS, CORRECT_IS)
        )
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def render() -> str:
    reasons = "\n".join(f"| {name} | {text} |" for name, text in VOID_REASONS.items())
    return (
        HEAD
        + "".join(map(_rules, KINDS.values()))
        + _cues()
        + "\n## When there is no answer\n\n| rule shown | meaning |\n|---|---|\n"
        + reasons
        + "\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 if the page is not current")
    args = parser.parse_args()
    page = render()
    if not args.check:
        PATH.parent.mkdir(exist_ok=True)
        PATH.write_text(page, encoding="utf-8")
        return 0
    if not PATH.exists() or PATH.read_text(encoding="utf-8") != page:
        print("docs/extractors.md is not current: run python -m orca_eval.extract.docs")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
