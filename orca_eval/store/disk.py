"""What the file system under the store can do, and the lines that say what went wrong there."""

import contextlib
import errno
import fcntl
import mmap
import os
import secrets
import sqlite3
from pathlib import Path

import psutil

NETWORK_FILE_SYSTEMS = (
    *("nfs", "cifs", "smb", "lustre", "gpfs", "beegfs", "ceph", "9p", "afs", "virtiofs", "panfs"),
    *("wekafs", "orangefs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.juicefs"),
)
PROBE = b"orca"
KNOW_NO_SYNC = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


def shares_memory(folder: Path) -> bool:
    """Whether SQLite's WAL can be trusted: one machine's disk, with locks and shared memory."""
    return not is_network(folder) and holds_locks(folder)


def is_network(folder: Path) -> bool:
    """Whether the folder's mount is one that several machines may have."""
    place = folder.resolve()
    mounts = (m for m in psutil.disk_partitions(all=True) if place.is_relative_to(m.mountpoint))
    kinds = [mount.fstype for mount in sorted(mounts, key=lambda mount: len(mount.mountpoint))]
    return bool(kinds) and kinds[-1].startswith(NETWORK_FILE_SYSTEMS)


def holds_locks(folder: Path) -> bool:
    """Whether a lock keeps others out there, and what one maps the other reads.

    Raises:
        OSError: the folder can't be written.
    """
    path = folder / f".{secrets.token_hex(8)}.probe"
    own = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        return _keeps_out(own, path) and _maps(own)
    finally:
        os.close(own)
        path.unlink(missing_ok=True)


def _keeps_out(own: int, path: Path) -> bool:
    with contextlib.suppress(OSError):
        fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(own, fcntl.LOCK_EX | fcntl.LOCK_NB)  # SQLite's own kind
        with path.open("r+b") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


def _maps(own: int) -> bool:
    try:
        os.ftruncate(own, mmap.PAGESIZE)
        with mmap.mmap(own, mmap.PAGESIZE) as shared:
            shared[: len(PROBE)] = PROBE
            return os.pread(own, len(PROBE), 0) == PROBE
    except (OSError, ValueError):
        return False


def sync(file: int) -> None:
    """Until the file's bytes are on the disk, or with the server.

    Raises:
        OSError: they can't be written.
    """
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in KNOW_NO_SYNC:
            raise


def is_busy(error: sqlite3.Error) -> bool:
    return "locked" in str(error) or "busy" in str(error)


def is_full(error: sqlite3.Error | OSError) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return "full" in str(error) or "disk I/O" in str(error)


def busy_line(path: Path) -> str:
    return f"{path} is locked by another run; wait for it, or use another results_dir="


def unwritable_line(folder: Path, error: OSError) -> str:
    return (
        f"can't write the response store in {folder}: {error.strerror}; choose another results_dir="
    )


def write_line(path: Path, error: sqlite3.Error | OSError) -> str:
    """The line for a batch that could not be written."""
    if isinstance(error, sqlite3.Error) and is_busy(error):
        return busy_line(path)
    if is_full(error):
        return (
            f"can't write {path}: the disk is full; what was stored before is kept: "
            "free some space and repeat the same command"
        )
    return f"can't write {path}: {error}; repeat the same command to go on"
