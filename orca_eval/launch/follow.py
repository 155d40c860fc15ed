"""The runs that a launcher has, in one view, until the last of them has ended."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orca_eval import interrupts
from orca_eval.launch.job import FAILED, RunResult
from orca_eval.launch.queue import Queue, job_ids
from orca_eval.launch.record import BEAT, Job, is_beating, read_record
from orca_eval.launch.view import Phase, View

OVER = ("finished", "failed", "lost")
LOOK_SECONDS = 0.5
LOST_SECONDS = 4.0
"""So long may a result be on its way to this machine, when nobody is at work any more."""


@dataclass(slots=True)
class Watch:
    """Looks at runs, whoever launched them."""

    queue: Queue = field(default_factory=Queue)

    def phase(self, job: Job) -> Phase:
        """How far a run is. It is lost where it was handed out, and nobody has it any more."""
        launch = job.launch()
        if (result := job.result()) is not None:
            return "failed" if result.folder is None else "finished"
        if not launch:
            return "new"
        folder = self.launch_folder(job)
        beat, queued = job.beat(), self.queue.of(folder)
        if queued is not None:
            alive = launch["index"] in queued
        else:
            alive = is_beating(beat) or is_beating(read_record(folder / BEAT))
        return "lost" if not alive else "running" if beat else "waiting"

    def launch_folder(self, job: Job) -> Path:
        """What the launch that has it writes."""
        return job.folder.parent / str(job.launch().get("launch", ""))


def follow(jobs: Sequence[Job], watch: Watch) -> list[RunResult]:
    """Shows how far the runs are until all are over; how each ended.

    Raises:
        KeyboardInterrupt: the command was interrupted; the runs go on.
    """
    lost: dict[Path, float] = {}
    with View(jobs) as view, interrupts.stopped_by(_stop, lambda: going_on(jobs, watch)):
        while True:
            phases = [watch.phase(job) for job in jobs]
            view.show(phases)
            for job, phase in zip(jobs, phases, strict=True):
                if phase == "lost":
                    lost.setdefault(job.folder, time.monotonic())
                else:
                    lost.pop(job.folder, None)
            late = (time.monotonic() - since < LOST_SECONDS for since in lost.values())
            if all(phase in OVER for phase in phases) and not any(late):
                return [job.result() or _lost(job, watch) for job in jobs]
            time.sleep(LOOK_SECONDS)


def going_on(jobs: Sequence[Job], watch: Watch) -> str:
    """What goes on without the command, and how to end it."""
    left = [job for job in jobs if watch.phase(job) not in OVER]
    folders = dict.fromkeys(watch.launch_folder(job) for job in left)
    ways = dict.fromkeys(way for folder in folders if (way := _way_to_end(folder)))
    ends = f" ({'; '.join(ways)} ends them)" if ways else ""
    return f"{len(left)} of {len(jobs)} runs go on{ends}; the same command attaches again"


def _way_to_end(folder: Path) -> str:
    if arrays := sorted({name.partition("_")[0] for name in job_ids(folder)}):
        return f"scancel {' '.join(arrays)}"
    beat = read_record(folder / BEAT)
    return f"kill {beat['pid']} on {beat['host']}" if "pid" in beat else ""


def _stop() -> None:
    raise KeyboardInterrupt


def _lost(job: Job, watch: Watch) -> RunResult:
    problem = (
        "its job ended without a result (killed, or out of memory or time?); what it said is in "
        f"{watch.launch_folder(job)}; the same command goes on"
    )
    return RunResult(job.overrides, None, FAILED, problem)
