"""Answers that hold a verdict themselves: it sets no grade, and is counted."""

import re

from orca_eval.types import JUDGED

CLAIMED = f"{JUDGED} (claimed)"
"""The rule of a score whose answer holds a verdict of its own making."""
_VERDICT = re.compile(
    r"\[\[\s*(?:\d{1,2}(?:\.\d+)?|grounded|hallucinated|true|false|informative|uninformative|"
    r"toxic|neutral)\s*\]\]",
    re.IGNORECASE,
)


def rule_of(*answers: str) -> str:
    """The rule of a score that a judge gave to these answers."""
    return CLAIMED if any(map(_VERDICT.search, answers)) else JUDGED
