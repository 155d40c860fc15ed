"""The console for tables: as wide as the terminal, and wide enough for a table in a log file."""

import sys

from rich.console import Console
from rich.text import Text

from orca_eval.safe_text import github_log

LOG_WIDTH = 120


def screen(log_width: int = LOG_WIDTH) -> Console:
    """A console on standard output, which prints text as it is."""
    width = None if sys.stdout.isatty() else log_width
    return Console(width=width, highlight=False, markup=False, emoji=False)


def plain(text: str, style: str = "") -> Text:
    """One line from anywhere: a model, a server, a run folder. Nothing in it acts on the screen."""
    return Text(github_log(text), style=style)
