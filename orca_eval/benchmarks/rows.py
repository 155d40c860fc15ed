"""Raw rows of a task: from a local copy laid out as on the hub, or from the hub.

A local copy is read with pyarrow alone (all 57 MMLU files take what `datasets` needs for ten), and
the network is never touched. Rows come in batches, so that no whole file lies in memory as objects.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from orca_eval.benchmarks.specs import Source
from orca_eval.errors import InputError

RawRow = dict[str, Any]
BATCH_ROWS = 500


class MissingConfig(InputError):
    """The dataset is there, and the asked part of it is not."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive rows of a split and where they were read, for messages about them."""

    rows: list[RawRow]
    origin: str


def local_rows(root: Path, source: Source) -> Iterator[Batch]:
    """All rows of `source` under `root`, in the order of its files.

    Raises:
        InputError: the folder, the file, the config or the split is missing or unreadable.
    """
    for file in local_files(root, source):
        try:
            for rows in _batches(file, source):
                yield Batch(rows, str(file))
        except (OSError, ValueError, csv.Error, pa.ArrowException) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(f"{file} can't be read ({reason}); fetch it again") from error


def local_files(root: Path, source: Source) -> list[Path]:
    """The files that hold the split, by the `configs` of the dataset's README."""
    if source.csv is not None:
        file = root / source.csv
        if not file.is_file():
            raise InputError(f"{file} is missing; data.root={root} must hold it")
        return [file]
    folder = root / source.dataset
    if not folder.is_dir():
        raise InputError(
            f"dataset {source.dataset} is not in data.root={root}; put a copy laid out as on the "
            f"hub into {folder}"
        )
    readme = folder / "README.md"
    patterns = _patterns(readme, source)
    files = sorted(file for pattern in patterns for file in folder.glob(pattern))
    if not files:
        raise InputError(f"{folder / patterns[0]} is missing; {readme} names it")
    return files


@lru_cache(maxsize=64)
def _configs(readme: Path) -> list[dict[str, Any]]:
    """The `configs` of a dataset's README. MMLU's 57 tasks share one of 800 lines."""
    head = readme.read_text(encoding="utf-8").split("---\n")
    configs: list[dict[str, Any]] = (yaml.load(head[1], yaml.CSafeLoader) or {})["configs"]
    return configs


def _patterns(readme: Path, source: Source) -> list[str]:
    """File patterns of one config's split, as the front matter of a dataset's README gives them."""
    if not readme.is_file():
        raise InputError(f"{readme} is missing; its `configs` say which files hold the data")
    try:
        named = {config["config_name"]: config["data_files"] for config in _configs(readme)}
        if source.config not in named:
            raise MissingConfig(
                f"{readme} has no config {source.config}; it is needed for {source.dataset}"
            )
        splits = {entry["split"]: entry["path"] for entry in named[source.config]}
    except (IndexError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise InputError(f"{readme} has no readable `configs` in its head") from error
    if source.split not in splits:
        raise InputError(f"{readme}: config {source.config} has no split {source.split}")
    paths = splits[source.split]
    return [paths] if isinstance(paths, str) else list(paths)


def _batches(file: Path, source: Source) -> Iterator[list[RawRow]]:
    match file.suffix:
        case ".parquet":
            with pq.ParquetFile(file) as table:
                # Arrow's threads would keep 30 MB of freed memory in arenas of their own.
                for batch in table.iter_batches(BATCH_ROWS, use_threads=False):
                    yield batch.to_pylist()
        case ".jsonl":
            with file.open(encoding="utf-8") as lines:
                yield [json.loads(line) for line in lines if line.strip()]
        case ".csv":
            with file.open(encoding="utf-8-sig", newline="") as lines:
                yield list(csv.DictReader(lines, delimiter=source.separator))
        case other:
            raise ValueError(f"{other or 'no suffix'} is not .parquet, .jsonl or .csv")
