"""Hands thousands of damaged files to the code and counts what becomes of them.

    python -m bench.fuzz [KIND=COUNT ...] [--seed 0]

Without kinds, all of them at their full counts. Every input is used in a process that is watched:
a traceback, an input that takes over 20 s or over 4 GB, and a process that dies are faults. Exit
code 1 where there was one; `python -m bench.fuzz KIND=1 --seed S` tries one again.
"""

from __future__ import annotations

import argparse
import json
import selectors
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from typing import IO

from bench.fuzz import SECONDS

FULL = {"gguf": 500, "model_folder": 500, "parquet": 2000, "csv": 500, "readme": 300}
GRACE_SECONDS = 40.0  # a worker's first input pays for its imports


@dataclass(slots=True)
class Tally:
    """What the inputs of one kind led to."""

    ended: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def add(self, answer: dict[str, object]) -> None:
        """Counts one worker's answer."""
        seconds, ended = float(str(answer["seconds"])), str(answer["ended"])
        self.ended[ended] += 1
        self.slowest = max(self.slowest, seconds)
        if ended == "traceback" or seconds > SECONDS:
            self.faults.append(
                f"seed {answer['seed']} ({answer['what']}): {ended}, {seconds:.1f} s\n"
                f"{answer['detail']}"
            )


class Worker:
    """One watched process that uses inputs of one kind."""

    def __init__(self, kind: str) -> None:
        self.errors: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the process)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.fuzz.worker", kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            bufsize=1,
        )

    def use(self, seed: int, seconds: float) -> dict[str, object] | str:
        """The answer for a seed, or why there is none."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the worker has no pipes")
        self.process.stdin.write(f"{seed}\n")
        with selectors.DefaultSelector() as ready:
            ready.register(self.process.stdout, selectors.EVENT_READ)
            if not ready.select(seconds):
                return f"no end within {seconds:g} s"
        line = self.process.stdout.readline()
        if line:
            answer: dict[str, object] = json.loads(line)
            return answer
        self.errors.seek(0)
        return f"the process died ({self.process.wait()}): {self.errors.read()[-2000:]}"

    def end(self) -> None:
        """Kills the process and waits for that."""
        self.process.kill()
        self.process.communicate()
        self.errors.close()


def fuzz(kind: str, count: int, first_seed: int = 0) -> Tally:
    """Uses `count` inputs of a kind, with the seeds from `first_seed` on."""
    tally, worker, fresh = Tally(), Worker(kind), True
    for seed in range(first_seed, first_seed + count):
        answer = worker.use(seed, GRACE_SECONDS if fresh else SECONDS + 1)
        fresh = isinstance(answer, str)
        if isinstance(answer, str):
            tally.ended["lost"] += 1
            tally.faults.append(f"seed {seed}: {answer}")
            worker.end()
            worker = Worker(kind)
        else:
            tally.add(answer)
    worker.end()
    return tally


def main() -> int:
    """Runs the kinds that were asked for and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND=COUNT")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    counts = {k: int(n) for k, n in (item.split("=") for item in args.kinds)} or FULL
    faults = 0
    for kind, count in counts.items():
        tally = fuzz(kind, count, args.seed)
        ended = ", ".join(f"{n} {name}" for name, n in sorted(tally.ended.items()))
        print(
            f"{kind}: {count} inputs, {ended}; slowest {tally.slowest:.1f} s; "
            f"{len(tally.faults)} faults",
            flush=True,
        )
        for fault in tally.faults:
            print(f"  {fault}")
        faults += len(tally.faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
