"""One run of several: its result, wherever it ran."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orca_eval import interrupts
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.schema import OWN_STRATEGY
from orca_eval.errors import OrcaEvalError
from orca_eval.run.progress import say
from orca_eval.trackers.hook import check_tracker, track

FAILED = 1


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
    return run_composed(compose_verb("run", overrides))


def run_composed(composed: Mapping[str, Any]) -> Path:
    """`run_one` of what is composed already."""
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


def result_of(overrides: Sequence[str], run: Callable[[], Path]) -> RunResult:
    """The result of a run that must not take others with it, however it ends."""
    folder, code, problem = None, 0, ""
    try:
        folder = run()
    except OrcaEvalError as error:
        code, problem = error.exit_code, str(error).replace("\n", "; ")
    except KeyboardInterrupt:
        code, problem = interrupts.INTERRUPTED, "interrupted; the same command goes on"
    except Exception as error:  # a defect in one model's run
        code, problem = FAILED, f"{type(error).__name__}: {error}"
    return RunResult(tuple(overrides), folder, code, problem)
