"""orca-eval leaderboard."""

import contextlib
import glob
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orca_eval import command
from orca_eval.config.compose import compose_verb
from orca_eval.config.nearest import hint
from orca_eval.config.overrides import CUSTOM, groups, own_folder, yours
from orca_eval.config.texts import is_place, quoted
from orca_eval.errors import InputError
from orca_eval.launch.several import check_all, run_all, taken_apart
from orca_eval.model.locate import is_no_hub_id
from orca_eval.outcome import Outcome
from orca_eval.paths import expanded
from orca_eval.verbs.run import result_data

OWN_KEYS = ("models", "prompts", "baseline", "out", "report.samples")
WILDCARDS = "*?["
SERVED = ("openai", "replay")
INCOMPLETE = 1


def main(overrides: list[str]) -> Outcome:
    """Runs every model with every prompt, then writes the report; 1 where a run failed."""
    how, overrides = taken_apart(overrides)
    composed = compose_verb("leaderboard", overrides)
    shared = [o for o in overrides if o.lstrip("+").split("=", 1)[0] not in OWN_KEYS]
    runs = [
        [*model, f"prompt={prompt}", *shared]
        for model in models_of(composed)
        for prompt in names_of(composed["prompts"], "prompts")
    ]
    check_all(runs, how)
    with command.stdout_apart(away=True) if command.is_quiet() else contextlib.nullcontext():
        results = run_all(runs, how)  # each prints its own table
    if results is None:
        return Outcome({"runs": [], "detached": True})
    data: dict[str, Any] = {"runs": [result_data(result) for result in results]}
    folders = [result.folder for result in results if result.folder is not None]
    if folders:
        from orca_eval.report.run_report import main_report

        out = expanded(composed["out"]) if composed["out"] else None
        failed = [result.failure for result in results if result.problem]
        samples = composed["report"]["samples"]
        report = main_report(folders, out, composed["baseline"], samples=samples, notes=failed)
        data |= report.data
    return Outcome(data, 0 if len(folders) == len(runs) else INCOMPLETE)


def names_of(value: Any, key: str) -> list[str]:
    """A list of names, or a single one. Raises InputError for anything else."""
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) and name for name in names):
        raise InputError(f"{key}={value}: a list of names is wanted, {key}=a,b")
    return names


def models_of(composed: Mapping[str, Any]) -> list[list[str]]:
    """Each entry as overrides of `run`: a name in conf/model, a path, or a glob's paths.

    Where the engine loads no model, or is not ours, a path need not exist here.
    """
    models, problems = [], []
    known = set(groups(own_folder(composed["conf"]["path"]))["model"]) - {CUSTOM}
    engine = composed["engine"]["name"]
    served = engine in SERVED or ":" in engine
    for entry in names_of(composed["models"], "models"):
        if entry in known:
            models.append([f"model={entry}"])
            continue
        paths = _paths(entry)
        if not paths and not is_place(entry):
            near = f"{hint(entry, sorted(known))}; {yours('model')}"
            problems.append(f"models: '{entry}' is no model and no path; {near}")
        elif not paths and any(sign in entry for sign in WILDCARDS):
            problems.append(f"models: nothing matches '{entry}'")
        elif not (paths or served or entry.startswith("package:")) and is_no_hub_id(entry):
            problems.append(f"models: '{entry}' does not exist; give a path or a hub id")
        models += [[f"model.path={quoted(path)}"] for path in paths or [entry]]
    if problems:
        raise InputError("\n".join(problems))
    return models


def _paths(entry: str) -> Sequence[str]:
    """Existing paths that the entry matches, oldest first: by the step in the name where every
    name ends in one (a copy's times say nothing), else by time."""
    found = glob.glob(str(expanded(entry)))  # noqa: PTH207  # absolute patterns too
    ages: dict[str, float] = {
        path: int(step[1]) for path in found if (step := re.search(r"(\d+)/?$", path))
    }
    if len(ages) < len(found):
        ages = {path: Path(path).stat().st_mtime for path in found}
    return sorted(found, key=lambda path: (ages[path], path))
