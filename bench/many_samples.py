"""Memory and time of runs with many samples, by an engine that answers at once.

    python -m bench.many_samples DATA_ROOT

runs orca2_core with one and eight samples a document, and orca2_reasoning with one and 64, as
bench/budgets.py does, each in a process of its own. Exits with 1 where memory is above 500 MB, or a
sample takes over 1.5 times as long as where there is one a document.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.budgets import fresh_child

MOST_MB = 500
MOST_TIMES = 1.5
RUNS = {"orca2_core": 8, "orca2_reasoning": 64}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data_root", type=Path)
    root = str(parser.parse_args().data_root.resolve())
    failed = False
    for suite, most in RUNS.items():
        alone = 0.0
        for n in (1, most):
            run = fresh_child(root, "--part", "ours", "--suite", suite, "--n", str(n))
            each, memory = 1000 * run["wall"] / run["samples"], run["rss_mb"]
            alone = alone or each
            fails = memory > MOST_MB or each > MOST_TIMES * alone
            failed |= fails
            print(
                f"{suite}, n = {n}: {run['samples']:,} samples, {memory:.0f} MB, "
                f"{each:.3f} ms a sample" + ("  FAILS" if fails else ""),
                flush=True,
            )
    sys.exit(failed)


if __name__ == "__main__":
    main()
