"""Several runs from one command: how they are handed out, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from orca_eval.config import overrides as ov
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.validate import Flag, read, whole
from orca_eval.errors import InputError
from orca_eval.launch import launcher
from orca_eval.launch.job import RunResult
from orca_eval.launch.launched import launched
from orca_eval.launch.local import run_here
from orca_eval.launch.record import NOT_OF_A_RUN
from orca_eval.run.progress import complain


@dataclass(frozen=True, slots=True)
class _Keys:
    parallel: Annotated[int, whole(1)] | None = None
    detach: Flag = False


@dataclass(frozen=True, slots=True)
class How:
    """How runs are handed out. `launcher`: Hydra's overrides for its own, () for this machine."""

    launcher: tuple[str, ...] = ()
    parallel: int | None = None
    detach: bool = False


def taken_apart(overrides: Sequence[str]) -> tuple[How, list[str]]:
    """How runs are to be handed out, and the overrides of the runs.

    Raises:
        InputError: a value is wrong, or two do not go together.
    """
    typed = tuple(each for each in overrides if launcher.is_launchers(each))
    own = [each for each in overrides if ov.key_of(each) in NOT_OF_A_RUN]
    keys = _Keys()
    if own:
        composed = compose_verb("run", own)
        given = {key: composed[key] for key in NOT_OF_A_RUN}
        keys = read(_Keys, given, lambda mistake: mistake.line(str))
    if keys.detach and not typed:
        raise InputError(
            "detach: runs on this machine end with the command; give hydra/launcher=NAME too"
        )
    if keys.parallel is not None and typed:
        raise InputError(
            f"parallel={keys.parallel} is for this machine; how many a launcher runs at once is "
            "among its own keys, hydra.launcher.KEY="
        )
    how = How(typed, keys.parallel, keys.detach)
    return how, [each for each in overrides if each not in (*typed, *own)]


def check_all(runs: Sequence[Sequence[str]], how: How = How()) -> None:
    """Raises InputError for all mistakes in the runs' configs and the launcher's."""
    problems: list[str] = []
    if how.launcher:
        try:
            launcher.check(how.launcher)
        except InputError as error:
            problems += str(error).splitlines()
    for overrides in runs:
        try:
            run_config(compose_verb("run", overrides))
        except InputError as error:
            problems += str(error).splitlines()
    if problems:
        raise InputError("\n".join(dict.fromkeys(problems)))


def run_all(runs: Sequence[Sequence[str]], how: How = How()) -> list[RunResult] | None:
    """Runs all, goes on past a failure, and says at the end what failed; None where a launcher has
    them and they are left alone."""
    if how.launcher:
        results = launched(runs, how.launcher, detach=how.detach)
    else:
        results = run_here(runs, how.parallel)
    for result in results or ():
        if result.folder is None:
            complain(result.failure)
    return results
