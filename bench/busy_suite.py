"""Runs the test suite where the machine is busy: several times side by side, or beside a busy loop.

    python bench/busy_suite.py [--at-once 4] [--nice]

With --nice once, at the priority that `nice` gives, beside a busy loop: on two cores a suite gets
one core and a tenth of the other. (At the lowest priority it would get a 65th of a shared core.)
A suite that fails shows all its output. Exit code 1 where one of the suites fails.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
SUITE = [sys.executable, "-m", "pytest", "-m", "not vllm", "-p", "no:cacheprovider"]
BUSY = [sys.executable, "-c", "while True: pass"]


def main() -> int:
    """Runs the suites and prints the last line of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--nice", action="store_true")
    args = parser.parse_args()
    busy = [subprocess.Popen(BUSY)] if args.nice else []
    try:
        with tempfile.TemporaryDirectory() as name:
            codes = suites(1 if args.nice else args.at_once, Path(name), nice=args.nice)
    finally:
        for process in busy:
            process.kill()
    return 1 if any(codes) else 0


def suites(count: int, folder: Path, *, nice: bool) -> list[int]:
    """The exit codes of so many suites at once."""
    prefix = ["nice"] if nice else []
    running = []
    for number in range(count):
        out = (folder / f"{number}.txt").open("w+")
        call = [*prefix, *SUITE, f"--basetemp={folder / str(number)}"]
        running.append((subprocess.Popen(call, cwd=HERE, stdout=out, stderr=out), out))
    codes = []
    for process, out in running:
        codes.append(process.wait())
        out.seek(0)
        lines = out.read().splitlines()
        print("\n".join(lines if codes[-1] else lines[-1:]), flush=True)
        out.close()
    return codes


if __name__ == "__main__":
    sys.exit(main())
