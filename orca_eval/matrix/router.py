"""The router to keep: a strategy file that asks each task as its best strategy does."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from orca_eval.config.schema import OWN_STRATEGY
from orca_eval.files import safe_name
from orca_eval.matrix.ways import Matrix
from orca_eval.matrix.worth import Worth, leading

NAME = "by_task"
HEAD = (
    "# Made by orca-eval strategies: each task is asked as the strategy did that was best there.\n"
    "# To use it: conf.path={folder} strategy={name}\n"
)


def router(matrix: Matrix) -> dict[str, Any]:
    """The strategy of one prompt's ways, as a file in conf/strategy has it."""
    worth = Worth(matrix, leading(matrix)[0])
    names = [run.strategy for run in matrix.runs]
    chosen = {
        "/".join(key): names[way]
        for name in matrix.kinds
        for key, way in Worth(matrix, name).chosen.items()
    }
    otherwise = names[worth.single]
    used = {otherwise, *chosen.values()}
    first = matrix.runs[0]
    strategies = {
        run.strategy: run.manifest.get("strategy", "calls", default=[])
        for run in matrix.runs
        if run.strategy in used
    }
    return {
        "defaults": [OWN_STRATEGY.name],
        "name": NAME,
        "by_task": chosen,
        "otherwise": otherwise,
        "strategies": strategies,
        "chosen": _chosen(worth) | {"suite": first.manifest.suite, "prompt": first.prompt},
    }


def _chosen(worth: Worth) -> dict[str, str | int]:
    """From what it was chosen, and what it is to score."""
    told: dict[str, str | int] = {
        "model": worth.matrix.model,
        "documents": sum(len(part.scores) for part in worth.matrix.parts.values()),
        "of": ", ".join(run.strategy for run in worth.matrix.runs),
    }
    limit = worth.matrix.runs[0].limit
    if limit is not None:
        told["limit"] = limit
    if worth.choosing is not None:
        found, anew = worth.choosing.ceiling("per_task"), worth.choosing.forecast("per_task")
        told["predicted"] = (
            f"{100 * found.estimate:.2f} ({100 * found.low:.1f} to {100 * found.high:.1f}) in "
            f"{worth.group}; {100 * anew.low:.1f} to {100 * anew.high:.1f} on as many other "
            "documents"
        )
    return told


def write_routers(matrix: Matrix, out: Path) -> list[Path]:
    """A file for each prompt that was asked with several strategies, of those that choose nothing
    themselves; each lies in a folder for conf.path=."""
    written = []
    prompts = dict.fromkeys(run.prompt for run in matrix.runs)
    for prompt in prompts:
        ways = [
            number
            for number, run in enumerate(matrix.runs)
            if run.prompt == prompt and not run.manifest.get("strategy", "by_task")
        ]
        if len(ways) > 1:
            folder = out / safe_name(f"{matrix.model}-{prompt}")
            written.append(write_router(router(matrix.only(ways)), folder))
    return written


def write_router(content: Mapping[str, Any], folder: Path) -> Path:
    """The file, in a folder laid out as conf/."""
    path = folder / "strategy" / f"{NAME}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = json.loads(json.dumps(content))  # no anchors for what stands twice
    body = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
    path.write_text(HEAD.format(folder=folder, name=NAME) + body, encoding="utf-8")
    return path
