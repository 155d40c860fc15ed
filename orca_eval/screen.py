"""The console for tables: as wide as the terminal, and wide enough for a table in a log file."""

import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from orca_eval.safe_text import github_log

LOG_WIDTH = 120
INDENT = 2


def screen(log_width: int = LOG_WIDTH) -> Console:
    """A console on standard output, which prints text as it is."""
    width = None if sys.stdout.isatty() else log_width
    return Console(width=width, highlight=False, markup=False, emoji=False)


def plain(text: str, style: str = "") -> Text:
    """One line from anywhere: a model, a server, a run folder. Nothing in it acts on the screen."""
    return Text(github_log(text), style=style)


def paragraph(console: Console, text: str, style: str = "") -> None:
    """Prints a note, broken between words, its further lines indented deeper than its first."""
    deeper = 2 * INDENT
    lines = plain(text, style).wrap(console, max(1, console.width - deeper))
    for number, line in enumerate(lines):
        line.rstrip()
        console.print(Text(" " * (deeper if number else INDENT)) + line)


def print_path(console: Console, path: Path) -> None:
    """Prints where the results are, in one piece: the last line of what a verb prints."""
    console.print()
    console.print(Text(" " * INDENT) + plain(str(path)), soft_wrap=True)
