"""orca-eval run: one run, or several."""

import itertools
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orca_eval.config import overrides as ov
from orca_eval.errors import InputError
from orca_eval.launch.job import RunResult, run_one
from orca_eval.launch.several import check_all, run_all, taken_apart
from orca_eval.outcome import Outcome

MULTIRUN = ("-m", "--multirun")


def main(overrides: list[str]) -> Outcome:
    """One run, or with -m one for each combination of values."""
    rest = [o for o in overrides if o not in MULTIRUN]
    how, of_runs = taken_apart(rest)
    if len(rest) == len(overrides):
        if len(of_runs) < len(rest):
            key = next(each for each in rest if each not in of_runs).partition("=")[0]
            raise InputError(f"{key} is for several runs: orca-eval run -m, or a leaderboard")
        return Outcome(run_data(run_one(rest)))
    sweeps = sweep(of_runs)
    check_all(sweeps, how)
    results = run_all(sweeps, how)
    if results is None:
        return Outcome({"runs": [], "detached": True})
    if how.launcher:
        from orca_eval.run.table import print_scores

        for result in results:
            if result.folder is not None:
                print_scores(result.folder)
    runs = [result_data(result) for result in results]
    return Outcome({"runs": runs}, max(result.exit_code for result in results))


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


def result_data(result: RunResult) -> dict[str, Any]:
    """One run of several for a program: what `run_data` tells, or why it failed."""
    told = run_data(result.folder) if result.folder else {"error": result.problem}
    return {"overrides": result.overrides, "exit_code": result.exit_code, **told}
