"""Several runs on this machine, a process each, so that memory is given back."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from orca_eval import command, interrupts
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.launch import gpus
from orca_eval.launch.job import FAILED, RunResult, result_of, run_one
from orca_eval.launch.record import BEAT, Job, beating
from orca_eval.launch.view import Phase, View
from orca_eval.run.progress import say, watched

LOOK_SECONDS = 0.5
OUT, ERR = "out", "err"


@dataclass(eq=False, slots=True)
class _Child:
    """A run's process, and where its result comes from; `gpus`: its own, None for all."""

    job: Job
    gpus: str | None
    process: BaseProcess
    receiver: Connection

    def result(self) -> RunResult:
        """Waits for how the run ended."""
        try:
            result: RunResult = self.receiver.recv()
        except EOFError:
            problem = "its process was killed (out of memory?); the same command goes on"
            result = RunResult(self.job.overrides, None, FAILED, problem)
        self.process.join()
        return result

    def end(self) -> None:
        """Ends the run as Ctrl-C would."""
        self.process.terminate()
        self.process.join()


def run_here(runs: Sequence[Sequence[str]], parallel: int | None) -> list[RunResult]:
    """Runs so many side by side, goes on past a failure.

    Raises:
        InputError: the GPUs are too few for so many.
        KeyboardInterrupt: interrupted; so were the runs.
    """
    configs = [run_config(compose_verb("run", overrides)) for overrides in runs]
    places = gpus.places(configs, parallel)
    if len(runs) == 1 and parallel is None and (replicas := gpus.replicas_of_one(configs[0])):
        runs, places = [[*runs[0], f"engine.{gpus.REPLICAS}={replicas}"]], [None]
    if len(places) > 1:
        return _side_by_side(runs, places)
    results = []
    for number, overrides in enumerate(runs, start=1):
        say(f"run {number} of {len(runs)}: {' '.join(overrides)}")
        child = _started(Job(tuple(overrides), {}, Path()), places[0], None)
        try:
            results.append(child.result())
        except KeyboardInterrupt:
            child.end()
            raise
    return results


def _side_by_side(runs: Sequence[Sequence[str]], places: Sequence[str | None]) -> list[RunResult]:
    """Runs as many at once as there are places; what each prints is shown when all have ended."""
    with tempfile.TemporaryDirectory() as temporary:
        jobs = [
            Job(tuple(overrides), {}, Path(temporary, str(number)))
            for number, overrides in enumerate(runs)
        ]
        results = _all_run(jobs, places)
        for number, job in enumerate(jobs, start=1):
            say(f"run {number} of {len(jobs)}: {job.label}")
            for name, stream in ((ERR, sys.stderr), (OUT, sys.stdout)):
                stream.write((job.folder / name).read_text("utf-8", "replace"))
                stream.flush()
    return [results[job.folder] for job in jobs]


def _all_run(jobs: Sequence[Job], places: Sequence[str | None]) -> dict[Path, RunResult]:
    waiting, free, at_work = deque(jobs), deque(places), list[_Child]()
    results: dict[Path, RunResult] = {}
    try:
        with View(jobs) as view:
            while waiting or at_work:
                while waiting and free:
                    job = waiting.popleft()
                    job.folder.mkdir()
                    at_work.append(_started(job, free.popleft(), job.folder))
                busy = {child.job.folder for child in at_work}
                view.show([_phase(job, busy, results) for job in jobs])
                ready = wait([child.receiver for child in at_work], LOOK_SECONDS)
                for child in [child for child in at_work if child.receiver in ready]:
                    at_work.remove(child)
                    results[child.job.folder] = child.result()
                    free.append(child.gpus)
            view.show([_phase(job, set(), results) for job in jobs])
    except KeyboardInterrupt:
        for child in at_work:
            child.process.terminate()
        for child in at_work:
            child.end()
        raise
    return results


def _phase(job: Job, busy: set[Path], results: dict[Path, RunResult]) -> Phase:
    if (result := results.get(job.folder)) is not None:
        return "failed" if result.folder is None else "finished"
    return "running" if job.folder in busy else "waiting"


def _started(job: Job, devices: str | None, apart: Path | None) -> _Child:
    """Starts a run; with `apart`, what it prints and how far it is goes into that folder."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    given = (job.overrides, command.is_quiet(), devices, apart, sender)
    process = context.Process(target=_run_in_process, args=given)
    process.start()
    sender.close()
    return _Child(job, devices, process, receiver)


def _run_in_process(
    overrides: tuple[str, ...],
    quiet: bool,
    devices: str | None,
    apart: Path | None,
    results: Connection,
) -> None:
    os.setsid()  # Ctrl-C is for our parent, which passes it on
    if devices is not None:
        os.environ[gpus.VARIABLE] = devices
    if apart is not None:
        for name, number in ((OUT, 1), (ERR, 2)):
            with (apart / name).open("wb") as file:
                os.dup2(file.fileno(), number)
    command.begin(quiet=quiet)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.ExitStack() as stack:
        stack.enter_context(interrupts.heard(say, lambda: None))
        if apart is not None:
            watched.set(stack.enter_context(beating(apart / BEAT)))
        result = result_of(overrides, lambda: run_one(overrides))
        with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
            results.send(result)


def _end_with_parent() -> None:
    """A run whose parent was killed would hold its folder and the GPU against the next command."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
