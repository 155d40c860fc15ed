"""The help texts, a file each: read without importing anything else, so that they are instant."""

import re
from pathlib import Path


def read_help(name: str) -> str:
    """Reads the help of a verb or of the `program`; `{keys}` stands for another file's lines."""
    text = (Path(__file__).parent / f"{name}.txt").read_text("utf-8")
    return re.sub(r"\{(\w+)\}\n", lambda found: read_help(found[1]), text)


def list_verbs() -> list[str]:
    """Lists the verbs that the program's help names, in its order."""
    return re.findall(r"^  ([a-z]+)  ", read_help("program"), re.MULTILINE)
