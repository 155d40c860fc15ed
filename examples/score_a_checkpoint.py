"""Scores a checkpoint with the overrides of `orca-eval run`, and prints what it is worth.

    python examples/score_a_checkpoint.py model.path=out/checkpoint-100 suite=gsm8k engine=vllm

Without an override it is the quickstart. The same call again reads the finished run.
"""

import sys

import orca_eval


def main(overrides: list[str]) -> None:
    run = orca_eval.evaluate(*overrides)
    print(run)
    benchmarks = run.scores[run.scores["level"] == "benchmark"]
    weakest = benchmarks.loc[benchmarks["score"].idxmin()]
    print(f"\nweakest: {weakest['benchmark']}, {weakest['score']:.1%} of {weakest['n']} documents")
    print(f"the run is in {run.folder}")


if __name__ == "__main__":  # an engine may start processes, which import this file
    main(sys.argv[1:])
