"""What the file system under the store can do, and the lines that say what went wrong there."""

import sqlite3
from pathlib import Path

import psutil

NETWORK_FILE_SYSTEMS = (
    *("nfs", "cifs", "smb", "lustre", "gpfs", "beegfs", "ceph", "9p", "fuse.sshfs"),
)


def is_network(folder: Path) -> bool:
    """True where SQLite's WAL (shared memory) can't be trusted."""
    place = folder.resolve()
    mounts = (m for m in psutil.disk_partitions(all=True) if place.is_relative_to(m.mountpoint))
    kinds = [mount.fstype for mount in sorted(mounts, key=lambda mount: len(mount.mountpoint))]
    return bool(kinds) and kinds[-1].startswith(NETWORK_FILE_SYSTEMS)


def is_busy(error: sqlite3.Error) -> bool:
    return "locked" in str(error) or "busy" in str(error)


def is_full(error: sqlite3.Error) -> bool:
    return "full" in str(error) or "disk I/O" in str(error)


def busy_line(path: Path) -> str:
    return f"{path} is locked by another run; wait for it, or use another results_dir="


def write_line(path: Path, error: sqlite3.Error) -> str:
    """The line for a batch that could not be written."""
    if is_busy(error):
        return busy_line(path)
    if is_full(error):
        return (
            f"can't write {path}: the disk is full; what was stored before is kept: "
            "free some space and repeat the same command"
        )
    return f"can't write {path}: {error}; repeat the same command to go on"
