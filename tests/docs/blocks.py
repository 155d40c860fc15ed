"""The commands and files that the pages of the docs print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from orca_eval.paths import PACKAGE

CHECKOUT = PACKAGE.parent
PAGES = [
    *(CHECKOUT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted(CHECKOUT.glob("docs/*.md")),
]
SHELL = ("sh", "bash", "zsh", "console")
FENCED = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
OURS = r"orca-eval \w+ [^`]*=|pip install |make \w|python (?:-m )?(?:bench|docs|examples)\b"
INLINE = re.compile(rf"(?<!`)`((?:{OURS})[^`]*)`(?!`)")
LEFT_OUT = re.compile(r"…|=RUN\b")
"""In an inline command: what comes there is the reader's."""


class Block(NamedTuple):
    """A fenced block, or a command inside a sentence.

    `file`: the name of the file that it is; empty for what is typed.
    """

    page: str
    line: int
    language: str
    text: str
    file: str = ""

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def read_blocks() -> Iterator[Block]:
    for path in PAGES:
        text = path.read_text("utf-8")
        page = str(path.relative_to(CHECKOUT))
        for found in FENCED.finditer(text):
            language, _, rest = found["info"].partition(" ")
            line = text.count("\n", 0, found.start()) + 2
            yield Block(page, line, language, found["text"], rest.removeprefix("file="))
        for found in INLINE.finditer(FENCED.sub(_blank, text)):
            command = " ".join(found[1].split())
            if not LEFT_OUT.search(command):
                line = text.count("\n", 0, found.start()) + 1
                yield Block(page, line, "sh", f"{command}\n")


def _blank(found: re.Match[str]) -> str:
    """A block's lines without their text, so that what follows keeps its place."""
    return re.sub(r"[^\n]", " ", found[0])


def workflow_steps(block: Block) -> list[str]:
    """The scripts of a GitHub workflow, whose own expressions are a word."""
    jobs = yaml.safe_load(block.text)["jobs"].values()
    scripts = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    return [re.sub(r"\$\{\{.*?\}\}", "word", script) for script in scripts]
