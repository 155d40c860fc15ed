"""A file system of several machines: sshfs where it can be mounted, else its stand-in."""

from __future__ import annotations

from pathlib import Path

import pytest

from orca_eval.store import ResponseStore, merging
from orca_eval.types import Completion

YESTERDAY = 86_400


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def keys(count: int) -> list[bytes]:
    return [key(number) for number in range(count)]


def completion(number: int) -> Completion:
    return Completion(f"answer {number} ünï\n" * 20, "stop", number, 2 * number)


def numbered(*numbers: int) -> dict[bytes, Completion]:
    return {key(number): completion(number) for number in numbers}


def put(store: ResponseStore, *numbers: int) -> None:
    for number in numbers:
        store.put(key(number), completion(number))
    store.flush()


def written(folder: Path, *numbers: int) -> Path:
    """The file of a run that stored these and ended."""
    before = set(folder.glob("writer-*"))
    with ResponseStore(folder) as store:
        put(store, *numbers)
    (path,) = set(folder.glob("writer-*")) - before
    return path


def unclosed(path: Path) -> None:
    """As a run leaves its file that is killed."""
    path.write_bytes(path.read_bytes().rsplit(b"\n", 2)[0] + b"\n")


def no_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the local disk for one whose shared memory can't be trusted."""
    monkeypatch.setattr("orca_eval.store.disk.shares_memory", lambda _: False)
    monkeypatch.setattr("orca_eval.store.writer_files.LOOK_SECONDS", 0.0)
    monkeypatch.setattr("orca_eval.store.writer_files.LOOK_SHARE", 0)


def merge(folder: Path) -> Path:
    """Merges all that lies there, as a run does at its end."""
    with ResponseStore(folder) as store:
        return merging.merge(folder, store._place._files())
