"""The help texts, a file each: read without importing anything else, so that they are instant.

A text's first lines are its own; the keys below are written by docs/cli.py.
"""

import re
from pathlib import Path


def read_help(name: str, suffix: str = "txt") -> str:
    """Reads the help of a verb or of the `program`, or another file that stands beside it."""
    return (Path(__file__).parent / f"{name}.{suffix}").read_text("utf-8")


def list_verbs() -> list[str]:
    """Lists the verbs that the program's help names, in its order."""
    return re.findall(r"^  ([a-z]+)  ", read_help("program"), re.MULTILINE)
