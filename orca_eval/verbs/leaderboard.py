"""orca-eval leaderboard."""

import glob
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.nearest import hint
from orca_eval.config.overrides import groups, key_of, own_folder, yours
from orca_eval.config.texts import quoted
from orca_eval.errors import InputError
from orca_eval.paths import expanded
from orca_eval.verbs.run import run_all

OWN_KEYS = ("models", "prompts", "baseline", "out", "report.samples")
INSTEAD = {"model": "models", "model.path": "models", "prompt": "prompts"}
WILDCARDS = "*?["
SERVED = ("openai", "replay")
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(?<!\.gguf)", re.ASCII)
INCOMPLETE = 1


def main(overrides: list[str]) -> int:
    """Runs every model with every prompt, then writes the report; 1 where a run failed."""
    _refuse_single(overrides)
    composed = compose_verb("leaderboard", overrides)
    shared = [o for o in overrides if o.lstrip("+").split("=", 1)[0] not in OWN_KEYS]
    runs = [
        [*model, f"prompt={prompt}", *shared]
        for model in _models(composed)
        for prompt in _names(composed["prompts"], "prompts")
    ]
    for run in runs:  # every mistake before any work
        run_config(compose_verb("run", run))
    results = run_all(runs)
    folders = [result.folder for result in results if result.folder is not None]
    if folders:
        from orca_eval.report.run_report import main_report

        out = expanded(composed["out"]) if composed["out"] else None
        failed = [result.failure for result in results if result.problem]
        samples = composed["report"]["samples"]
        main_report(folders, out, composed["baseline"], samples=samples, notes=failed)
    return 0 if len(folders) == len(runs) else INCOMPLETE


def _refuse_single(overrides: Sequence[str]) -> None:
    """`run`'s own keys for model and prompt would take the place of every entry of the lists."""
    single = [
        f"{key}= is a run's; a leaderboard takes {INSTEAD[key]}=[a,b]"
        for key in dict.fromkeys(map(key_of, overrides))
        if key in INSTEAD
    ]
    if single:
        raise InputError("\n".join(single))


def _names(value: Any, key: str) -> list[str]:
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) and name for name in names):
        raise InputError(f"{key}={value}: a list of names is wanted, {key}=[a,b]")
    return names


def _models(composed: Mapping[str, Any]) -> list[list[str]]:
    """Each entry as overrides of `run`: a name in conf/model, a path, or a glob's paths.

    Where the engine loads no model, or is not ours, a path need not exist here.
    """
    models, problems = [], []
    known = groups(own_folder(composed["conf"]["path"]))["model"]
    engine = composed["engine"]["name"]
    served = engine in SERVED or ":" in engine
    for entry in _names(composed["models"], "models"):
        if entry in known:
            models.append([f"model={entry}"])
            continue
        paths = _paths(entry)
        looks_like_path = "/" in entry or entry.endswith(".gguf")
        if not paths and not looks_like_path:
            near = f"{hint(entry, known)}; {yours('model')}"
            problems.append(f"models: '{entry}' is no model and no path; {near}")
        elif not paths and any(sign in entry for sign in WILDCARDS):
            problems.append(f"models: nothing matches '{entry}'")
        elif not paths and not served and not HUB_ID.fullmatch(entry):
            problems.append(f"models: '{entry}' does not exist")
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
