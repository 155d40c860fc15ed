"""Raw rows of a task: from a local copy laid out as on the hub, or from the hub.

A local copy is read with pyarrow alone (all 57 MMLU files take what `datasets` needs for ten), and
the network is never touched. Rows come in batches, so that no whole file lies in memory as objects.
"""

import contextlib
import csv
import gzip
import io
import itertools
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO

import pyarrow.parquet as pq

from orca_eval import safe_yaml
from orca_eval.benchmarks.specs import Source
from orca_eval.errors import InputError, OrcaEvalError

RawRow = dict[str, Any]
Batch = tuple[list[RawRow], str]
"""Consecutive rows of a split and where they were read, for messages about them."""

BATCH_ROWS = 500
# A benchmark is small: the largest here has 14,042 rows, of 40 MB.
MOST_ROWS = 2_000_000
MOST_BYTES = 1 << 30
BATCH_BYTES = 1 << 30
MOST_README_BYTES = 1 << 20


class MissingData(InputError):
    """The dataset, or the asked part of it, is not in the local copy."""


def local_rows(root: Path, source: Source) -> Iterator[Batch]:
    """All rows of `source` under `root`, in the order of its files.

    Raises:
        InputError: the folder, the file, the config or the split is missing or unreadable.
    """
    for file in local_files(root, source):
        with reading(file):
            for rows in _batches(file, source):
                yield rows, str(file)


@contextlib.contextmanager
def reading(origin: Path | str) -> Iterator[None]:
    """InputError, in one line, for whatever goes wrong with a data file while it is read.

    pyarrow, csv, json and the decoders have no common base class: the operation decides.
    """
    try:
        yield
    except OrcaEvalError:
        raise
    except Exception as error:
        said = next(iter(str(error).splitlines()), "")[:200] or type(error).__name__
        raise InputError(f"{origin} can't be read ({said}); fetch it again") from error


def local_files(root: Path, source: Source) -> list[Path]:
    """The files that hold the split, by the `configs` of the dataset's README."""
    if source.csv is not None:
        file = root / source.csv
        if not file.is_file():
            raise MissingData(f"{file} is missing; data.root={root} must hold it")
        return [file]
    folder = root / source.dataset
    if not folder.is_dir():
        raise MissingData(
            f"dataset {source.dataset} is not in data.root={root}; put a copy laid out as on the "
            f"hub into {folder}"
        )
    readme = folder / "README.md"
    patterns = _patterns(readme, source)
    files: list[Path] = []
    with reading(readme):
        for pattern in patterns:  # a README from elsewhere names no place but its own
            if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
                raise ValueError(f"the path {pattern[:80]!r} leads out of the dataset")
            files += (file for file in folder.glob(pattern) if file.is_file())
    if not files:
        raise InputError(f"{folder / patterns[0]} is missing; {readme} names it")
    return sorted(files)


def readme_text(readme: Path) -> str:
    """A dataset's README, as far as a person would read. Raises OSError."""
    with readme.open("rb") as file:
        return file.read(MOST_README_BYTES).decode("utf-8-sig", errors="replace")


@lru_cache(maxsize=64)
def _configs(readme: Path) -> dict[Any, Any] | None:
    """A dataset's `data_files` by config, from the front matter of its README; None where that is
    not readable. MMLU's 57 tasks share one of 800 lines."""
    try:
        head = readme_text(readme).replace("\r\n", "\n").split("---\n")[1]
        configs = safe_yaml.load(head)["configs"]
        return {config["config_name"]: config.get("data_files") for config in configs}
    except Exception:  # whatever stands in it, and whatever YAML makes of that
        return None


def _patterns(readme: Path, source: Source) -> list[str]:
    """File patterns of one config's split."""
    if not readme.is_file():
        raise InputError(f"{readme} is missing; its `configs` say which files hold the data")
    configs = _configs(readme)
    if configs is None:
        raise InputError(f"{readme} has no readable `configs` in its head; fetch it again")
    if source.config not in configs:
        raise MissingData(
            f"{readme} has no config {source.config}; it is needed for {source.dataset}"
        )
    entries = configs[source.config] if isinstance(configs[source.config], list) else []
    splits = [entry for entry in entries if isinstance(entry, dict)]
    paths = [entry.get("path") for entry in splits if entry.get("split") == source.split]
    if not paths:
        raise InputError(f"{readme}: config {source.config} has no split {source.split}")
    patterns: list[Any] = paths[-1] if isinstance(paths[-1], list) else paths[-1:]
    if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
        raise InputError(f"{readme}: config {source.config}, {source.split}: a path is no text")
    return patterns


def _batches(file: Path, source: Source) -> Iterator[list[RawRow]]:
    packed = file.suffix == ".gz"
    match kind := Path(file.stem).suffix if packed else file.suffix:
        case ".parquet" if not packed:
            yield from _parquet_rows(file)
        case ".jsonl" | ".ndjson" | ".json":
            with _text(file, packed) as lines:
                rows = _json_rows(lines, kind == ".json")
                while batch := list(itertools.islice(rows, BATCH_ROWS)):
                    yield batch
        case ".csv" | ".tsv":
            with _text(file, packed) as lines:
                separator = "\t" if kind == ".tsv" else source.separator
                yield list(csv.DictReader(lines, delimiter=separator))
        case _:
            raise ValueError(
                f"{file.suffix or 'no suffix'} is not .parquet, .jsonl, .json, .csv or .tsv"
            )


def _text(file: Path, packed: bool) -> TextIO:
    if not packed:
        return file.open(encoding="utf-8-sig", newline="")
    with gzip.open(file) as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"it unpacks to more than {MOST_BYTES / 1e9:,.1f} GB")
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")


def _json_rows(lines: TextIO, may_be_list: bool) -> Iterator[RawRow]:
    """Rows a line each, or one list of them. Files that were joined have byte order marks between
    their lines."""
    for line in lines:
        text = line.strip("\ufeff \t\r\n")
        if may_be_list and text.startswith("["):
            yield from json.loads(text + lines.read(MOST_BYTES))
        elif text:
            yield json.loads(text)
            may_be_list = False


def _parquet_rows(file: Path) -> Iterator[list[RawRow]]:
    """Batches that stay small whatever the file unpacks to: a dictionary may hold one long text
    for a million rows."""
    with pq.ParquetFile(file, page_checksum_verification=True) as table:
        metadata, unpacked = table.metadata, 0
        groups = [metadata.row_group(n) for n in range(min(metadata.num_row_groups, MOST_ROWS))]
        claimed = sum(group.total_byte_size for group in groups)
        if not (0 <= metadata.num_rows <= MOST_ROWS and 0 <= claimed <= MOST_BYTES):
            raise ValueError(f"{metadata.num_rows:,} rows of {claimed / 1e9:,.1f} GB")
        longest = max((group.total_byte_size for group in groups), default=0)
        size = max(1, min(BATCH_ROWS, BATCH_BYTES // max(longest, 1)))
        # Arrow's threads would keep 30 MB of freed memory in arenas of their own.
        for batch in table.iter_batches(size, use_threads=False):
            batch.validate(full=True)
            unpacked += batch.nbytes
            if unpacked > MOST_BYTES:
                raise ValueError(f"it unpacks to more than {MOST_BYTES / 1e9:,.1f} GB")
            yield batch.to_pylist()
