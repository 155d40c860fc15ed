"""orca-eval run: one run, or several, one process each, so that memory is given back."""

import contextlib
import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from orca_eval import command, interrupts
from orca_eval.config import overrides as ov
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.schema import OWN_STRATEGY
from orca_eval.errors import InputError, OrcaEvalError
from orca_eval.outcome import Outcome
from orca_eval.run.progress import complain, say
from orca_eval.trackers.hook import check_tracker, track

MULTIRUN = ("-m", "--multirun")
FAILED = 1


def main(overrides: list[str]) -> Outcome:
    """One run, or with -m one process for each combination of values."""
    rest = [o for o in overrides if o not in MULTIRUN]
    if len(rest) == len(overrides):
        return Outcome(run_data(run_one(rest)))
    sweeps = sweep(rest)
    check_all(sweeps)
    results = run_all(sweeps)
    runs = [result_data(result) for result in results]
    return Outcome({"runs": runs}, max(result.exit_code for result in results))


@dataclass(frozen=True, slots=True)
class RunResult:
    """How one run of several ended. `folder` is None where it failed, and `problem` says why."""

    overrides: tuple[str, ...]
    folder: Path | None
    exit_code: int
    problem: str = ""

    @property
    def failure(self) -> str:
        """What is said of a run that failed."""
        return f"failed: {' '.join(self.overrides)}: {self.problem}"


def run_one(overrides: Sequence[str]) -> Path:
    """Composes, validates, runs and prints the table; the run's folder.

    Raises:
        OrcaEvalError: as `evaluate.run`.
    """
    composed = compose_verb("run", overrides)
    config = run_config(composed)
    own = config.strategy.name == OWN_STRATEGY.name
    strategy = "" if own else f"strategy {config.strategy.name} · "
    say(
        f"orca-eval: {config.model.name} · {config.suite.name} · prompt {config.prompt.name} · "
        f"{strategy}"
        f"engine {config.engine.name}"
    )
    from orca_eval.run.evaluate import run  # takes a second; the line above should not
    from orca_eval.run.table import print_scores

    if config.tracker is not None:
        check_tracker(config.tracker)
    folder = run(config, composed)
    print_scores(folder)
    if config.tracker is not None:
        track(folder, config.tracker)
    return folder


def run_data(folder: Path) -> dict[str, Any]:
    """A finished run for a program: the rows of scores.csv, and what the manifest says of them."""
    from orca_eval.results.cost import costs  # pandas takes long to import
    from orca_eval.results.manifest import read_manifest
    from orca_eval.results.scores import cells_of, read_scores

    manifest, rows = read_manifest(folder, whole=True), read_scores(folder)
    price = manifest.price
    return {
        "folder": folder,
        "model": manifest.model.name,
        "suite": manifest.suite,
        "prompt": manifest.prompt.name,
        "strategy": manifest.strategy.name,
        "engine": manifest.engine.name,
        "quickstart": manifest.quickstart,
        "limit": manifest.limit,
        "scores": [cells_of(row) for row in rows],
        "cost": [
            {"benchmark": name, **asdict(cost), "money": cost.money(price)}
            for name, cost in costs(folder, manifest, rows).items()
        ],
        "price": asdict(price),
        "samples": manifest.samples,
        "speed": manifest.speed,
        "notes": manifest.notes,
    }


def sweep(overrides: Sequence[str]) -> list[list[str]]:
    """Hydra's sweep syntax (`model=a,b prompt=x,y`) as one list of overrides per combination.

    Raises:
        InputError: an override does not parse.
    """
    ov.refuse_secrets(overrides)
    named = ov.parse([text for text in overrides if ov.key_of(text) == "conf.path"])
    groups = ov.groups(ov.own_folder(named[0].value if named else None))
    choices = [ov.sweep(text, groups) for text in overrides if "=" in text]
    ov.parse([text for text in overrides if "=" not in text])
    return [list(combination) for combination in itertools.product(*choices)]


def check_all(runs: Sequence[Sequence[str]]) -> None:
    """Raises InputError for every mistake in the runs' configs, before any work."""
    problems: list[str] = []
    for overrides in runs:
        try:
            run_config(compose_verb("run", overrides))
        except InputError as error:
            problems += str(error).splitlines()
    if problems:
        raise InputError("\n".join(dict.fromkeys(problems)))


def run_all(runs: Sequence[Sequence[str]]) -> list[RunResult]:
    """Runs one after the other, goes on past a failure, and says at the end what failed."""
    results = []
    for number, overrides in enumerate(runs, start=1):
        say(f"run {number} of {len(runs)}: {' '.join(overrides)}")
        results.append(_run_in_process(overrides))
    for result in results:
        if result.folder is None:
            complain(result.failure)
    return results


def result_data(result: RunResult) -> dict[str, Any]:
    """One run of several for a program: what `run_data` tells, or why it failed."""
    told = run_data(result.folder) if result.folder else {"error": result.problem}
    return {"overrides": result.overrides, "exit_code": result.exit_code, **told}


def _run_in_process(overrides: Sequence[str]) -> RunResult:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run_here, args=(tuple(overrides), command.is_quiet(), sender))
    process.start()
    sender.close()
    try:
        result: RunResult = receiver.recv()
    except EOFError:
        problem = "its process was killed (out of memory?); the same command goes on"
        result = RunResult(tuple(overrides), None, FAILED, problem)
    except KeyboardInterrupt:
        process.terminate()  # which ends it as Ctrl-C would
        process.join()
        raise
    process.join()
    return result


def _run_here(overrides: tuple[str, ...], quiet: bool, results: Connection) -> None:
    os.setsid()  # Ctrl-C is for our parent, which passes it on
    command.begin(quiet=quiet)
    with interrupts.heard(say, lambda: None):
        _send_result(overrides, results)


def _send_result(overrides: tuple[str, ...], results: Connection) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    folder, code, problem = None, 0, ""
    try:
        folder = run_one(overrides)
    except OrcaEvalError as error:
        code, problem = error.exit_code, str(error).replace("\n", "; ")
    except KeyboardInterrupt:
        code, problem = interrupts.INTERRUPTED, "interrupted; the same command goes on"
    except Exception as error:  # a defect in one model's run must not take the others with it
        code, problem = FAILED, f"{type(error).__name__}: {error}"
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        results.send(RunResult(overrides, folder, code, problem))


def _end_with_parent() -> None:
    """A run whose parent was killed would hold its folder and the GPU against the next command."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
