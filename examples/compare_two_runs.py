"""Says whether a candidate got worse than its baseline, and where.

python examples/compare_two_runs.py results/old/RUN results/new/RUN
"""

import sys

import orca_eval


def main(baseline: str, candidate: str) -> None:
    # For runs as small as the quickstart; policy="default" is for checkpoints in training.
    found = orca_eval.compare(baseline, candidate, policy="smoke")
    print(found)
    drops = found.table.sort_values("drop", ascending=False)
    print("\nthe largest drops, in shares of 1:")
    print(drops[["name", "drop", "drop_low", "drop_high", "p_adjusted"]].head(3).to_string())
    for flip in found.result.flips[:3]:
        print(f"{flip.task} {flip.doc_id}: {flip.baseline_answer} → {flip.candidate_answer}")


if __name__ == "__main__":
    main(*sys.argv[1:])
