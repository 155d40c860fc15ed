"""What a shell makes of a text: the words of each command that it starts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

TYPED = {
    "bash": ["bash", "--noprofile", "--norc", "-s"],
    # Interactive, as a terminal has it: there `#` begins no comment.
    "zsh": ["zsh", "-f", "-i", "-s"],
}
AS_SCRIPT = {"bash": ["bash", "-e", "-s"], "zsh": ["zsh", "-f", "-e", "-s"]}
PROGRAMS = ("orca-eval", "python", "pip", "make", "gh")
RECORDER = """#!/bin/sh
{ printf '%s\\0' "${0##*/}" "$@"; printf '\\n\\0'; } >> "$COMMANDS"
"""
END = "\n"  # no word of a command in the docs is a line break alone


def commands(shell: list[str], text: str, folder: Path) -> list[list[str]]:
    """Types `text` into a shell in `folder` and returns each command of PROGRAMS as its words.

    None of them runs. Variables before a command (`A=b orca-eval`) are no words of it.
    """
    programs, record = folder.parent / "programs", folder.parent / "commands"
    programs.mkdir(exist_ok=True)
    for name in PROGRAMS:
        (programs / name).write_text(RECORDER)
        (programs / name).chmod(0o755)
    record.write_text("")
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        shell,
        input=text,
        cwd=folder,
        env=os.environ | {"PATH": path, "COMMANDS": str(record), "TERM": "dumb"},
        capture_output=True,
        text=True,
        check=False,
    )
    found: list[list[str]] = [[]]
    for word in record.read_text("utf-8").split("\0")[:-1]:
        if word == END:
            found.append([])
        else:
            found[-1].append(word)
    return found[:-1]
