"""Damages a response store at random and counts what the store does about it.

    python bench/store_corruption.py [--trials 1000] [--rows 300] [--seed 0] [--writers 8]

Kinds of damage: flipped bytes in the database or in its WAL, truncation of either, a missing WAL.
With `--writers` the store is that of a network file system, of so many runs: some of their files
are merged, some closed, the others those of killed runs; one file of a kind, drawn at random, is
flipped, cut or taken away. After each, every key is asked for, and every request by a longer run.
A wrong answer served is a failure; whatever is lost is put again, and the store must then hold
everything, with `--writers` also once it is opened again, by when what was damaged is merged.

Printed: how often something was lost, and how often damage that lost something was named in a
warning. (A missing WAL looks like an older store, and a missing file like a run that never was:
nothing can be named.) Exit code 1 where anything else was not named, an answer was wrong or a store
was not whole again.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from orca_eval.store import Asked, ResponseStore, disk, merging
from orca_eval.token_ids import packed
from orca_eval.types import Completion

KINDS = {
    "flip database": "responses.sqlite",
    "flip WAL": "responses.sqlite-wal",
    "cut database": "responses.sqlite",
    "cut WAL": "responses.sqlite-wal",
    "no WAL": "responses.sqlite-wal",
}
WRITERS_KINDS = {
    "flip rows": "writer-*",
    "flip merged": "merged-*",
    "cut rows": "writer-*",
    "cut merged": "merged-*",
    "no rows": "writer-*",
}
"""The file that each is done to."""
YESTERDAY = 86_400


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def completion(number: int) -> Completion:
    text = f"answer {number} " + "reasoning " * (number % 97)
    ids = packed([number, *range(number % 97)])
    return Completion(text, "stop", number, 7, token_ids=ids)


def asked(number: int) -> Asked:
    return Asked(number.to_bytes(16, "big"), 7)


def longer(number: int) -> Asked:
    """The same request with more tokens."""
    return Asked(number.to_bytes(16, "big"), 8)


def sound_store(folder: Path, rows: int) -> None:
    """A store as `kill -9` leaves it: part in the database, part in the WAL."""
    live = folder / "live"
    with ResponseStore(live) as store:
        for number in range(rows):
            store.put(key(number), completion(number), asked=asked(number))
            if number == rows // 2:
                store.flush()
                store._place._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.flush()
        shutil.copytree(live, folder / "sound")


def sound_files(folder: Path, rows: int, writers: int) -> None:
    """A store that so many runs wrote over a network: a third of them is merged, of the others
    every second was killed; all of it was yesterday."""
    live, sound = folder / "live", folder / "sound"
    merged = writers // 3
    for writer in range(writers):
        with ResponseStore(live) as store:
            for number in range(writer, rows, writers):
                store.put(key(number), completion(number), asked=asked(number))
            store.flush()
            if writer >= merged and writer % 2:
                shutil.copytree(live, sound, dirs_exist_ok=True)  # as `kill -9` leaves it
        if writer == merged - 1:
            with ResponseStore(live) as store:
                merging.merge(live, store._place._files())
            for path in live.glob("writer-*"):
                path.unlink()
    for path in live.iterdir():
        if not (sound / path.name).exists():
            shutil.copy(path, sound)
    for path in sound.iterdir():
        before = path.stat().st_mtime - YESTERDAY
        os.utime(path, (before, before))


def damage(folder: Path, kind: str, pattern: str, rng: random.Random) -> None:
    path = rng.choice(sorted(folder.glob(pattern)))
    if kind.startswith("no "):
        path.unlink()
        return
    data, status = bytearray(path.read_bytes()), path.stat()
    if kind.startswith("cut"):
        del data[rng.randrange(len(data)) :]
    else:
        for _ in range(rng.choice((1, 2, 8, 64))):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    os.utime(path, (status.st_atime, status.st_mtime))  # a disk that fails notes no time


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--writers", type=int, default=0)
    args = parser.parse_args()
    if args.writers:
        disk.shares_memory = lambda _: False
    kinds = WRITERS_KINDS if args.writers else KINDS
    rng = random.Random(args.seed)
    keys = [key(number) for number in range(args.rows)]
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in kinds}
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        if args.writers:
            sound_files(base, args.rows, args.writers)
        else:
            sound_store(base, args.rows)
        for trial in range(args.trials):
            kind = list(kinds)[trial % len(kinds)]
            folder = base / "trial"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(base / "sound", folder)  # with its times
            (folder / "responses.sqlite-shm").unlink(missing_ok=True)
            damage(folder, kind, kinds[kind], rng)
            count = counts[kind]
            count["trials"] += 1
            with ResponseStore(folder) as store:
                found = store.get_many(keys)
                count["wrong"] += any(
                    value != completion(int.from_bytes(k, "big")) for k, value in found.items()
                )
                served = store.shorter(map(longer, range(args.rows)))
                count["wrong"] += any(
                    stored.completion != completion(int.from_bytes(request, "big"))
                    for request, stored in served.items()
                )
                lost = [k for k in keys if k not in found]
                for k in lost:
                    number = int.from_bytes(k, "big")
                    store.put(k, completion(number), asked=asked(number))
                store.flush()
                count["lost something"] += bool(lost)
                count["lost and named"] += bool(lost and store.warnings)
                whole = len(store.get_many(keys)) == len(keys)
            if args.writers:
                with ResponseStore(folder) as store:
                    whole &= store.get_many(keys) == {
                        key(n): completion(n) for n in range(args.rows)
                    }
            count["whole again"] += whole
    for kind, count in counts.items():
        print(f"{kind:14}", dict(count))
    wrong = sum(count["wrong"] for count in counts.values())
    print(f"wrong answers served: {wrong}")
    silent = any(
        count["lost and named"] < count["lost something"]
        for kind, count in counts.items()
        if not kind.startswith("no ")
    )
    broken = any(count["whole again"] < count["trials"] for count in counts.values())
    sys.exit(1 if wrong or silent or broken else 0)


if __name__ == "__main__":
    main()
