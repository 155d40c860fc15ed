"""The user's cache folder: remembered hashes and converted weights. Losing it costs only time."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/orca-eval`, or `~/.cache/orca-eval`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "orca-eval"


def file_hashes(files: Iterable[Path]) -> Mapping[Path, str]:
    """sha256 (hex) of each file's whole content, the same that `sha256sum` prints.

    Files are read in parallel (hashlib gives up the interpreter's lock: 1 to 2 GB/s for each core).
    A digest is remembered by path, inode, size and both times, so that a checkpoint is read once (a
    copy may keep the time of its content, mtime, but not that of its inode, ctime). A file in
    the hub's cache that is stored by its sha256 (`blobs/<64 hex>`) is not read at all.
    """
    paths = list(files)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return dict(zip(paths, pool.map(_file_hash, paths), strict=True))


def combined_hash(parts: Mapping[str, str]) -> str:
    """sha256 (hex) over `name value` lines in the order of the names."""
    lines = "".join(f"{name} {value}\n" for name, value in sorted(parts.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _file_hash(path: Path) -> str:
    real = path.resolve()
    if real.parent.name == "blobs" and len(real.name) == 64:
        return real.name
    status = real.stat()
    marks = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    key = "\0".join(map(str, (real, *marks)))
    note = cache_folder() / "sha256" / hashlib.sha256(key.encode()).hexdigest()
    try:
        remembered = note.read_text()
    except OSError:
        remembered = ""
    if len(remembered) == 64:
        return remembered
    with real.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    _remember(note, digest)
    return digest


def _remember(note: Path, digest: str) -> None:
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=note.parent, delete=False) as file:
            file.write(digest)
        Path(file.name).replace(note)
    except OSError:
        return  # A read-only home costs a second reading, nothing else.
