"""The user's cache folder: remembered hashes and converted weights. Losing it costs only time."""

import hashlib
import logging
import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from orca_eval.files import whole

logger = logging.getLogger(__name__)

WORTH_A_LINE_BYTES = 1 << 30
_DIGEST = re.compile("[0-9a-f]{64}")


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/orca-eval`, or `~/.cache/orca-eval`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "orca-eval"


def file_hashes(files: Iterable[Path]) -> Mapping[Path, str]:
    """sha256 (hex) of each file's whole content, the same that `sha256sum` prints.

    Files are read in parallel (hashlib gives up the interpreter's lock: 1 to 2 GB/s for each core).
    A digest is remembered by path, inode, size and both times, so that a checkpoint is read once (a
    copy may keep the time of its content, mtime, but not that of its inode, ctime). The hub's cache
    names files by their sha256, but they may have been changed since: they are read as well.
    """
    hashes = {path: _remembered(path) for path in files}
    unread = [path for path, digest in hashes.items() if digest is None]
    size = sum(path.stat().st_size for path in unread)
    if size >= WORTH_A_LINE_BYTES:
        logger.info("hashing %.1f GB of weights, once", size / 1e9)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        read = dict(zip(unread, pool.map(_read_hash, unread), strict=True))
    return {path: digest or read[path] for path, digest in hashes.items()}


def combined_hash(parts: Mapping[str, str]) -> str:
    """sha256 (hex) over `name value` lines in the order of the names."""
    lines = "".join(f"{name} {value}\n" for name, value in sorted(parts.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _remembered(path: Path) -> str | None:
    try:
        digest = _note(path.resolve()).read_text()
    except OSError:
        return None
    return digest if _DIGEST.fullmatch(digest) else None


def _read_hash(path: Path) -> str:
    real = path.resolve()
    note = _note(real)  # taken before: what changes while it is read is read again
    with real.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    with suppress(OSError):  # a read-only home costs a second reading, nothing else
        note.parent.mkdir(parents=True, exist_ok=True)
        with whole(note) as file:
            file.write_text(digest)
    return digest


def _note(real: Path) -> Path:
    status = real.stat()
    marks = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    key = "\0".join(map(str, (real, *marks)))
    return cache_folder() / "sha256" / hashlib.sha256(key.encode()).hexdigest()
