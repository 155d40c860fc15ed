"""Writes the tables of docs/extractors.md: `python -m docs.extractors [--check]`."""

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from orca_eval.extract import EXTRACTOR_VERSION, KINDS
from orca_eval.extract.reply.cues import ANSWER_IS, CORRECT_IS
from orca_eval.extract.rule import Example, Kind

PATH = Path(__file__).with_suffix(".md")
LANGUAGES = {"en": "English", "zh": "Chinese", "es": "Spanish", "fr": "French", "de": "German",
             "pt": "Portuguese", "it": "Italian", "ru": "Russian", "ja": "Japanese",
             "ko": "Korean", "ar": "Arabic", "hi": "Hindi", "th": "Thai"}  # fmt: skip
EXAMPLE_OPTIONS = {"A": "Oslo", "B": "Lisbon", "C": "Vienna", "D": "Prague"}


def _cell(text: str) -> str:
    return text.replace("\n", "⏎").replace("|", "\\|")


def _example(example: Example) -> str:
    note = f" ({example.options})" if example.options else ""
    return f"`{_cell(example.reply)}`{note} → {example.answer or 'None'}"


def _rules(kind: Kind[Any]) -> list[str]:
    return [
        f"{i} | {rule.name}{' (weak)' if rule.weak else ''} | {_cell(rule.reason)} | "
        + "<br>".join(map(_example, rule.examples))
        for i, rule in enumerate(kind.rules, start=1)
    ]


def _cues(language: str) -> str:
    cells = (
        "<br>".join(dict.fromkeys(_cell(c.example) for c in cues.all if c.language == language))
        for cues in (ANSWER_IS, CORRECT_IS)
    )
    return " | ".join(cells)


def render() -> str:
    """The page: its own prose, with what follows from the rules written anew."""
    tables = {name: _rules(kind) for name, kind in KINDS.items()}
    tables["Cue phrases"] = [f"{name} | {_cues(code)}" for code, name in LANGUAGES.items()]
    options = ", ".join(f"{label}: {text}" for label, text in EXAMPLE_OPTIONS.items())
    page = PATH.read_text(encoding="utf-8")
    page = _written(page, r"\nExtractor version ", r"\w+", EXTRACTOR_VERSION)
    page = _written(page, r"\nThe examples for choices use the options ", r".+(?= unless)", options)
    for heading, rows in tables.items():
        above = rf"\n## {heading}\b[^|]*\|.*\n[-|]+\n"
        page = _written(page, above, r"(?:\|.*\n)*", "".join(f"| {row} |\n" for row in rows))
    return page


def _written(page: str, above: str, old: str, new: str) -> str:
    """The page with `new` for the one `old` that stands behind `above`."""
    page, places = re.subn(f"({above}){old}", lambda found: found[1] + new, page)
    if places != 1:
        raise ValueError(f"{PATH} has {places} places {above!r}, expected one")
    return page


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 if the page is not current")
    args = parser.parse_args()
    page = render()
    if not args.check:
        PATH.write_text(page, encoding="utf-8")
        return 0
    if PATH.read_text(encoding="utf-8") != page:
        print("docs/extractors.md is not current: run python -m docs.extractors")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
