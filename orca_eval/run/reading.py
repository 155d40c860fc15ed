"""Reading a run folder back: for rescore, audit and the finished run's table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from orca_eval.aggregate import BenchmarkInfo
from orca_eval.config.schema import Average
from orca_eval.errors import InputError
from orca_eval.paths import expanded
from orca_eval.run import folder as run_dir


def finished_run(path: str) -> tuple[Path, dict[str, Any], pd.DataFrame]:
    """A finished run's folder, manifest and samples.

    Raises:
        InputError: it is no finished run, or a file of it is damaged.
    """
    folder = expanded(path)
    if not folder.is_dir():
        raise InputError(f"run={path}: no such folder")
    manifest = run_dir.read_manifest(folder)
    if manifest is None:
        raise InputError(
            f"run={path}: no {run_dir.MANIFEST} that can be read; is the run finished? "
            "Repeat its command to go on"
        )
    try:
        samples = pd.read_parquet(folder / run_dir.SAMPLES)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise InputError(
            f"{folder / run_dir.SAMPLES} is missing or damaged ({type(error).__name__}); "
            "repeat the run with fresh=false: stored responses are reused"
        ) from error
    return folder, manifest, samples


def infos_of(manifest: dict[str, Any]) -> list[BenchmarkInfo]:
    """What `aggregate` needs to know of each benchmark, from a manifest."""
    return [
        BenchmarkInfo(name, entry["alias"], entry["aggregate"])
        for name, entry in manifest["benchmarks"].items()
    ]


def averages_of(manifest: dict[str, Any]) -> list[Average]:
    """The run's named averages, from a manifest."""
    return [Average(a["name"], tuple(a["benchmarks"])) for a in manifest["averages"]]
