"""A finished run as a verb takes it: for rescore, audit and the run's own command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from orca_eval.aggregate import BenchmarkInfo
from orca_eval.config.schema import Average
from orca_eval.errors import InputError
from orca_eval.paths import expanded
from orca_eval.results.manifest import read_manifest
from orca_eval.results.reading import MANIFEST, SAMPLES, DamagedError
from orca_eval.results.samples import check_samples, read_frame
from orca_eval.results.scores import read_scores
from orca_eval.run.progress import say


def finished_run(path: str) -> tuple[Path, dict[str, Any], pd.DataFrame]:
    """A finished run's folder, manifest and samples.

    Raises:
        InputError: it is no finished run, or a file of it is damaged.
    """
    folder = expanded(path)
    if not folder.is_dir():
        raise InputError(f"run={path}: no such folder")
    if not (folder / MANIFEST).exists():
        raise InputError(
            f"run={path}: no {MANIFEST}; is the run finished? Repeat its command to go on"
        )
    manifest = read_manifest(folder, whole=True)
    return folder, manifest, read_frame(folder / SAMPLES)


def finished_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a run that is finished and whose files can all be read, else None.

    Says which file can't be read: the run is then made again from its stored responses.
    """
    if not (folder / MANIFEST).exists():
        return None
    try:
        manifest = read_manifest(folder, whole=True)
        read_scores(folder)
        check_samples(folder / SAMPLES)
    except DamagedError as error:
        say(f"{error.problem}; the run is made again from its stored responses")
        return None
    return manifest


def infos_of(manifest: dict[str, Any]) -> list[BenchmarkInfo]:
    """What `aggregate` needs to know of each benchmark, from a manifest."""
    return [
        BenchmarkInfo(name, entry["alias"], entry["aggregate"])
        for name, entry in manifest["benchmarks"].items()
    ]


def averages_of(manifest: dict[str, Any]) -> list[Average]:
    """The run's named averages, from a manifest."""
    return [Average(a["name"], tuple(a["benchmarks"])) for a in manifest["averages"]]
