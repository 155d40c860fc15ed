"""The help texts, a file each: read without importing anything else, so that they are instant."""

from __future__ import annotations

import re
from pathlib import Path

VERBS = (
    "run",
    "leaderboard",
    "report",
    "gate",
    "baseline",
    "rescore",
    "audit",
    "show",
    "tasks",
    "check",
)


def read_help(name: str) -> str:
    """Reads the help of a verb or of the `program`; `{keys}` stands for another file's lines."""
    text = (Path(__file__).parent / f"{name}.txt").read_text("utf-8")
    return re.sub(r"\{(\w+)\}\n", lambda found: read_help(found[1]), text)
