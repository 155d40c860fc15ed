"""Hydra's launcher plugins as they are: which there are, what they are told, how one is called."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hydra import initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf

from orca_eval import command, interrupts
from orca_eval.config import overrides as ov, secrets
from orca_eval.config.compose import plain
from orca_eval.config.nearest import hint
from orca_eval.config.texts import quoted
from orca_eval.errors import InputError
from orca_eval.installed import add_extra
from orca_eval.launch.job import result_of, run_composed
from orca_eval.launch.record import BEAT, beating, of_this_process, write_result
from orca_eval.paths import CONF
from orca_eval.run.progress import complain, say, watched

CHOICE, KEYS = "hydra/launcher", "hydra.launcher."
SLURM = "submitit_slurm"
EXTRAS = {SLURM: "slurm", "submitit_local": "slurm", "ray": "ray", "ray_aws": "ray"}
"""Launchers that are no part of Hydra, and ours that brings them."""
PACKAGES = {"joblib": "hydra-joblib-launcher", "rq": "hydra-rq-launcher"}
OURS = ("hydra/job_logging=none", "hydra/hydra_logging=none", "hydra.output_subdir=null")
"""Runs say themselves what they do, and write their config into their own folders."""


def is_launchers(override: str) -> bool:
    """Whether an override is Hydra's launcher's, and none of the runs'."""
    return override.split("=", 1)[0].lstrip("+~").startswith((CHOICE, KEYS))


def name_of(typed: Sequence[str]) -> str:
    """The launcher that the overrides choose."""
    chosen = [each.partition("=")[2] for each in typed if each.lstrip("+").startswith(CHOICE)]
    if not chosen:
        raise InputError(f"{typed[0]}: of which launcher? give {CHOICE}=NAME too")
    return chosen[-1].strip().strip("'\"")


def there() -> list[str]:
    """The launchers that are installed."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        names: list[str] = GlobalHydra.instance().config_loader().get_group_options(CHOICE)
    return names


def check(typed: Sequence[str]) -> None:
    """Raises InputError, in a line, for a launcher that is not there and for a wrong key of it."""
    name = name_of(typed)
    for each in typed:
        if problem := secrets.problem_of(each):
            raise InputError(problem)
    known = there()
    if name not in known:
        if name in EXTRAS:
            raise InputError(f"{CHOICE}={name} is not installed; {add_extra(EXTRAS[name])}")
        if name in PACKAGES:
            raise InputError(f"{CHOICE}={name} is not installed; pip install {PACKAGES[name]}")
        near = hint(name, sorted({*known, *EXTRAS, *PACKAGES}))
        raise InputError(f"{CHOICE}={secrets.masked(name)}: no such launcher; {near}")
    try:
        config, _ = _composed([f"{CHOICE}={name}"], Path("x"))
        valid = ov.flat({"hydra": {"launcher": OmegaConf.to_container(config.hydra.launcher)}})
        problems = [problem for each in typed if (problem := _unknown(each, valid))]
        if not problems:
            _composed(typed, Path("x"))
    except Exception as error:  # those of Hydra and OmegaConf have no common base
        lines = str(error.__cause__ or error).splitlines()
        said = secrets.masked(" ".join(line.strip() for line in lines[:2]))
        raise InputError(f"{CHOICE}={name}: {said}") from error
    if problems:
        raise InputError("\n".join(problems))


def _unknown(override: str, valid: Mapping[str, Any]) -> str:
    """What is wrong with a launcher's key that is not there; below a mapping any may stand."""
    key = ov.key_of(override)
    above = key.rpartition(".")[0]
    while above and above not in valid:
        above = above.rpartition(".")[0]
    if not key.startswith(KEYS) or key in valid or above != KEYS[:-1]:
        return ""
    known = [name for name in valid if name.startswith(KEYS) and "._" not in name]
    return f"unknown key '{secrets.masked(key)}'; {hint(key, known, 3)}"


def launch(
    typed: Sequence[str], runs: Sequence[Sequence[str]], folder: Path, records: Sequence[Path]
) -> None:
    """Hands runs, as overrides for Hydra, to the launcher, and returns when it does.

    `folder`: for what the launcher writes. `records`: where each run tells how far it is. Raises
    what the launcher raises.
    """
    config, loader = _composed(typed, folder)
    HydraConfig.instance().set_config(config)
    launcher = Plugins.instance().instantiate_launcher(
        hydra_context=HydraContext(config_loader=loader, callbacks=Callbacks()),
        task_function=partial(run_job, folder=str(Path.cwd()), records=tuple(map(str, records))),
        config=config,
    )
    launcher.launch([list(run) for run in runs], initial_job_idx=0)


def run_job(config: DictConfig, *, folder: str, records: Sequence[str]) -> None:
    """What a launcher's job does: the run that Hydra has composed, from the command's own folder.

    It raises nothing, since a launcher may end all jobs for one that does.
    """
    os.chdir(folder)
    command.begin()
    record = Path(records[HydraConfig.get().job.num])
    with (
        beating(record / BEAT, **of_this_process()) as tell,
        interrupts.heard(say, lambda: None),
    ):
        token = watched.set(tell)
        result = result_of((), lambda: run_composed(plain(config)))
        watched.reset(token)
    if result.problem:
        complain(result.problem)
    write_result(record, result)


def _forced(override: str) -> str:
    """A launcher's mapping takes keys that it does not list; `++` lets them in."""
    return f"++{override.lstrip('+')}" if ov.key_of(override).startswith(KEYS) else override


def _composed(typed: Sequence[str], folder: Path) -> tuple[DictConfig, ConfigLoader]:
    """Hydra's own config with the launcher's, and what composes the jobs' configs."""
    GlobalHydra.instance().clear()
    places = [f"hydra.sweep.dir={quoted(str(folder))}", "hydra.sweep.subdir=${hydra.job.num}"]
    with initialize_config_dir(str(CONF), job_name="orca-eval", version_base="1.3"):
        hydra = GlobalHydra.instance().hydra
        assert hydra is not None  # it was just initialized
        config = hydra.compose_config(
            "run", [*OURS, *places, *map(_forced, typed)], RunMode.MULTIRUN, from_shell=False
        )
        return config, hydra.config_loader
