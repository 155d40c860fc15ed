"""What a store of many writers' files costs to open and to read, before and after a merge.

    python -m bench.store_opening [--writers 1 4 16 64] [--rows 2000] [--sshfs]

Each writer stored so many rows of a chain of thought's size. Each figure is of a process of its
own: seconds to open the store, to look up 2,048 keys that it lacks, to read every row; the memory
that opening took; and what a merge took. With `--sshfs` all through a mount that has read nothing
before.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import random
import tempfile
import time
from pathlib import Path

import psutil

from bench.many_writers import mounted
from orca_eval.store import Asked, ResponseStore, disk, merging
from orca_eval.token_ids import packed
from orca_eval.types import Completion

WORDS = ("so", "the", "train", "first", "has", "gone", "60", "miles", "when", "another", "starts")
TOKENS = 250
LOOKUP = 2048
MIB = 1 << 20


def key(writer: int, number: int) -> bytes:
    return hashlib.sha256(f"{writer} {number}".encode()).digest()


def fill(folder: Path, writers: int, rows: int) -> None:
    """The files of so many runs that ended."""
    draw = random.Random(writers)
    for writer in range(writers):
        with ResponseStore(folder) as store:
            for number in range(rows):
                text = " ".join(draw.choices(WORDS, k=TOKENS))
                ids = packed(draw.choices(range(30_000), k=TOKENS))
                given = Completion(text, "stop", 700, TOKENS, token_ids=ids)
                name = key(writer, number)
                store.put(name, given, asked=Asked(name[:16], 1024))


def read(folder: Path, writers: int, rows: int) -> tuple[float, ...]:
    """Seconds to open, to miss and to read all, and the bytes of memory that opening took."""
    disk.shares_memory = lambda _: False
    own = psutil.Process()
    before, start = own.memory_info().rss, time.perf_counter()
    store = ResponseStore(folder)
    opened, memory = time.perf_counter(), own.memory_info().rss - before
    assert not store.get_many([key(-1, number) for number in range(LOOKUP)])
    missed = time.perf_counter()
    keys = [key(writer, number) for writer in range(writers) for number in range(rows)]
    found = sum(len(store.get_many(keys[at : at + LOOKUP])) for at in range(0, len(keys), LOOKUP))
    end = time.perf_counter()
    if found != len(keys) or store.warnings:
        raise SystemExit(f"{found} of {len(keys)} rows were found; {store.warnings}")
    store.close()
    return opened - start, missed - opened, end - missed, memory


def merge(folder: Path) -> float:
    """Seconds to merge all and to remove what was merged."""
    with ResponseStore(folder) as store:
        start = time.perf_counter()
        merging.merge(folder, store._place._files())
        took = time.perf_counter() - start
    for path in folder.glob("writer-*"):
        path.unlink()
    return took


def main() -> None:
    """Prints a line for each number of writers, and one for what was merged of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--writers", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--sshfs", action="store_true")
    args = parser.parse_args()
    disk.shares_memory = lambda _: False
    merging.MERGED_FILES = merging.MERGED_BYTES = 1 << 62  # only where this bench merges
    print("| files | rows | MiB | open, s | 2,048 keys it lacks, s | every row, s | memory, MiB |")
    print("|---|---|---|---|---|---|---|")
    for writers in args.writers:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / ".store"
            fill(folder, writers, args.rows)
            show(name, writers, args.rows, f"{writers}", sshfs=args.sshfs)
            with mounted(Path(name), int(args.sshfs)) as (host,):
                took = merge(host / ".store")
            show(name, writers, args.rows, f"{writers} merged in {took:.1f} s", sshfs=args.sshfs)


def show(name: str, writers: int, rows: int, label: str, *, sshfs: bool) -> None:
    """Prints a line of what a process of its own found."""
    size = sum(path.stat().st_size for path in (Path(name) / ".store").iterdir())
    new = multiprocessing.get_context("spawn")
    with mounted(Path(name), int(sshfs)) as (host,), new.Pool(1) as pool:
        *seconds, memory = pool.apply(read, (host / ".store", writers, rows))
    times = " | ".join(f"{each:.2f}" for each in seconds)
    print(f"| {label} | {writers * rows:,} | {size / MIB:.1f} | {times} | {memory / MIB:.0f} |")


if __name__ == "__main__":
    main()
