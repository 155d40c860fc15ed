"""What the user sees while a run is under way: a bar on a terminal, lines in a log file."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from orca_eval.command import is_quiet
from orca_eval.safe_text import github_line, github_log

LOG_SECONDS = 15.0
watched: ContextVar[Callable[[str], None] | None] = ContextVar("watched", default=None)
"""Who else is told how far a run is, where it is one of several."""
BESIDE = 12  # columns of the spinner, the least bar and what parts them


def say(text: str) -> None:
    """A note for the user, unless the command is quiet: one line on standard error, at once.
    Nothing in it acts on terminal or log."""
    if not is_quiet():
        complain(text)


def complain(text: str) -> None:
    """The same of what went wrong, however quiet the command is."""
    print(github_line(text), file=sys.stderr, flush=True)


@dataclass(slots=True)
class Generated:
    """How many of a benchmark's answers were generated in this run, of how many that it asked, and
    in how many tokens: of an answer to several documents each has its part."""

    answers: int = 0
    of: int = 0
    tokens: float = 0.0


@dataclass(slots=True)
class Counts:
    """How far a run is. Samples, but for the tokens: of the answers generated in this run.

    `continued` are those that go on from a shorter run's cut reply. `benchmarks`: the model's
    answers alone, by what they are for.
    """

    total: int = 0
    reused: int = 0
    continued: int = 0
    generated: int = 0
    answered: int = 0
    scored: int = 0
    tokens: int = 0
    prompt_tokens: int = 0
    judge_tokens: int = 0
    started: float = field(default_factory=time.monotonic)
    benchmarks: defaultdict[str, Generated] = field(default_factory=lambda: defaultdict(Generated))

    def told(self, benchmarks: Iterable[str], tokens: int | None) -> None:
        """Counts an answer for the benchmark of each document that waited for it; one without
        `tokens` was stored."""
        waiting = list(benchmarks)
        for name in waiting:
            found = self.benchmarks[name]
            found.of += 1
            if tokens is not None:
                found.answers += 1
                found.tokens += tokens / len(waiting)

    @property
    def finished(self) -> int:
        return self.reused + self.generated


class ProgressView:
    """Shows `Counts`; redraws at most a few times a second, or logs a line every 15 s."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._live = sys.stderr.isatty()
        self._last_log = time.monotonic()
        self._status = ""
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[figures]}"),
            console=Console(stderr=True),
            disable=not self._live or is_quiet(),
            transient=True,
        )
        self._task: TaskID = self._bar.add_task("", total=None, figures="")

    def __enter__(self) -> ProgressView:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
        if not self._live and self._counts.total:
            say(self.line())

    def status(self, text: str) -> None:
        """What is being done now ("loading the engine"); a line of its own in a log."""
        self._status = text
        if not self._live:
            say(text)
        self.update()

    def update(self) -> None:
        """Redraws, or logs where it is time."""
        counts, others = self._counts, watched.get()
        if others is not None:
            others(self.line() if counts.total else self._status)
        if self._live:
            self._bar.update(
                self._task,
                description=github_log(self._status),
                total=counts.total or None,
                completed=counts.finished,
                figures=self.line(self._room()) if counts.total else "",
            )
        elif time.monotonic() - self._last_log >= LOG_SECONDS and counts.total:
            self._last_log = time.monotonic()
            say(self.line())

    def _room(self) -> int:
        """Columns for the figures, beside the status and a bar that can be seen."""
        return self._bar.console.width - len(self._status) - BESIDE

    def line(self, room: int | None = None) -> str:
        """ "120/800 · 40 stored · 310 tok/s · answers found 96 % · 2:10 left"; in little `room`
        the ends of it."""
        counts = self._counts
        parts = [f"{counts.finished}/{counts.total}"]
        if counts.reused:
            parts.append(f"{counts.reused} stored")
        seconds = max(time.monotonic() - counts.started, 1e-9)
        if counts.generated:
            parts.append(f"{counts.tokens / seconds:.0f} tok/s")
        if counts.scored:
            parts.append(f"answers found {100 * counts.answered / counts.scored:.0f} %")
        if counts.generated and counts.finished < counts.total:
            left = (counts.total - counts.finished) * seconds / counts.generated
            parts.append(f"{_clock(left)} left")
        while room is not None and len(parts) > 1 and len(" · ".join(parts)) > room:
            del parts[1]
        return " · ".join(parts)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
