"""Damages a response store at random and counts what the store does about it.

    python bench/store_corruption.py [--trials 1000] [--rows 300] [--seed 0]

Kinds of damage: flipped bytes in the database or in its WAL, truncation of either, a missing WAL.
After each, every key is asked for, and every request by a longer run. A wrong answer served is a
failure; whatever is lost is put again, and the store must then hold everything. Printed: how often
something was lost, and how often damage that lost something was named in a warning. (A missing WAL
looks like an older store: nothing can be named.)
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from orca_eval.store import Asked, ResponseStore
from orca_eval.token_ids import packed
from orca_eval.types import Completion

KINDS = ("flip database", "flip WAL", "cut database", "cut WAL", "no WAL")
DATABASE, WAL = "responses.sqlite", "responses.sqlite-wal"


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
                store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.flush()
        shutil.copytree(live, folder / "sound")


def damage(folder: Path, kind: str, rng: random.Random) -> None:
    path = folder / (WAL if "WAL" in kind else DATABASE)
    if kind == "no WAL":
        path.unlink()
        return
    data = bytearray(path.read_bytes())
    if kind.startswith("cut"):
        path.write_bytes(data[: rng.randrange(len(data))])
        return
    for _ in range(rng.choice((1, 2, 8, 64))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    keys = [key(number) for number in range(args.rows)]
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        sound_store(base, args.rows)
        for trial in range(args.trials):
            kind = KINDS[trial % len(KINDS)]
            folder = base / "trial"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(base / "sound", folder)
            (folder / "responses.sqlite-shm").unlink(missing_ok=True)
            damage(folder, kind, rng)
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
                count["whole again"] += len(store.get_many(keys)) == len(keys)
    for kind, count in counts.items():
        print(f"{kind:14}", dict(count))
    print(f"wrong answers served: {sum(count['wrong'] for count in counts.values())}")


if __name__ == "__main__":
    main()
