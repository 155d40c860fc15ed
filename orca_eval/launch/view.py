"""Several runs on one screen."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.live import Live
from rich.table import Table

from orca_eval import command
from orca_eval.launch.record import Job
from orca_eval.run.progress import LOG_SECONDS, say
from orca_eval.safe_text import terminal

Phase = Literal["new", "waiting", "running", "finished", "failed", "lost"]


class View:
    """A line a run: live on a terminal, in a log where something is new."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        shared = set.intersection(*(set(job.overrides) for job in jobs))
        self._labels = [
            " ".join(each for each in job.overrides if each not in shared) or job.label
            for job in jobs
        ]
        self._jobs = jobs
        self._before: dict[Path, Phase] = {}
        self._logged = time.monotonic()
        is_live = sys.stderr.isatty() and not command.is_quiet()
        console = Console(stderr=True)
        self._live = Live(console=console, transient=True, auto_refresh=False) if is_live else None

    def __enter__(self) -> View:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, phases: Sequence[Phase]) -> None:
        """Draws the runs, or logs what is new."""
        if self._live:
            table = Table.grid(padding=(0, 2))
            for label, job, phase in zip(self._labels, self._jobs, phases, strict=True):
                table.add_row(terminal(label), phase, terminal(_line(job, phase)))
            self._live.update(table, refresh=True)
            return
        for label, job, phase in zip(self._labels, self._jobs, phases, strict=True):
            if self._before.get(job.folder) != phase:
                self._before[job.folder] = phase
                say(f"{label}: {phase}")
        if time.monotonic() - self._logged >= LOG_SECONDS:
            self._logged = time.monotonic()
            say(" · ".join(f"{number} {phase}" for phase, number in Counter(phases).items()))
            for label, job, phase in zip(self._labels, self._jobs, phases, strict=True):
                if line := _line(job, phase):
                    say(f"{label}: {line}")


def _line(job: Job, phase: Phase) -> str:
    return str(job.beat().get("line", "")) if phase == "running" else ""
