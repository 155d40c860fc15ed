"""A run's folder: where it lies, who holds it, and what is written into it, the manifest last."""

import contextlib
import errno
import fcntl
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from orca_eval import files, safe_text
from orca_eval.errors import InputError, RunError

CONFIG = "config.yaml"
REPORT = "report.html"
HASH_DIGITS = 8
KNOW_NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL)
"""What file systems without `flock` say: there each file is still written whole, or not at all."""


def run_folder(
    results_dir: Path, model: str, suite: str, prompt: str, identity: Mapping[str, Any]
) -> Path:
    """`results_dir/<model>/<suite>-<prompt>-<8 hex>`; names cleaned of what no path may hold.

    The hex digits are over `identity`, of config and data.
    """
    digits = identity_hash(identity)
    names = map(files.safe_name, (suite, prompt))
    return results_dir / files.safe_name(model) / "-".join((*names, digits))


def identity_hash(identity: object) -> str:
    """Eight hex digits over JSON values."""
    text = json.dumps(identity, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Makes the folder and holds it for this process alone, where the file system knows locks.

    Raises:
        InputError: it can't be written.
        RunError: another run holds it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("a")
    except OSError as error:
        raise InputError(_unwritable(folder, error)) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunError(f"another run is at work in {folder}; wait for it to end") from error
        except OSError as error:
            if error.errno not in KNOW_NO_LOCKS:
                raise InputError(_unwritable(folder, error)) from error
        yield


def _unwritable(folder: Path, error: OSError) -> str:
    return f"can't write to {folder}: {error.strerror}; choose another results_dir="


def write_text(path: Path, text: str) -> None:
    """Writes a file whole or not at all.

    Raises:
        RunError: the disk is full, or the folder is not writable any more.
    """
    with whole(path) as temporary:
        temporary.write_text(text, "utf-8")


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """`write_text` of indented JSON."""
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False, default=str) + "\n")


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """The composed config, as the command line and conf/ gave it."""
    text = yaml.dump(dict(config), Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    write_text(folder / CONFIG, text)


class _Dumper(yaml.SafeDumper):
    """Puts quotes around a text that only some readers of YAML take for a number: 83e2010."""


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)[eE][-+]?\d+\Z"),
    list("-+.0123456789"),
)


def write_frame(path: Path, frame: pd.DataFrame) -> None:
    """A parquet or CSV file, by its suffix, whole or not at all; no cell of a CSV is a formula."""
    with whole(path) as temporary:
        if path.suffix == ".parquet":
            table = pa.Table.from_pandas(frame, preserve_index=False)
            pq.write_table(table.replace_schema_metadata(), temporary, write_page_checksum=True)
        else:
            frame.map(_cell).to_csv(temporary, index=False)


def _cell(value: object) -> object:
    return safe_text.csv_cell(value) if isinstance(value, str) else value


def move_all(source: Path, target: Path, last: str) -> None:
    """Moves every file of `source` into `target`, the one named `last` at the end."""
    for path in sorted(source.iterdir(), key=lambda path: (path.name == last, path.name)):
        path.replace(target / path.name)
    source.rmdir()


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """As `files.whole`.

    Raises:
        RunError: the disk is full, or the folder is not writable any more.
    """
    with disk_faults(path), files.whole(path) as temporary:
        yield temporary


@contextlib.contextmanager
def disk_faults(path: Path) -> Iterator[None]:
    """RunError, in one line, for what the file system refuses while `path` is written."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"can't write {path}: {error.strerror or error}; the responses are kept: "
            "make room and repeat the same command"
        ) from error
