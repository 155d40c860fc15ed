"""Reads a run's samples: which rules found the answers, and some replies that held none.

python examples/read_samples.py results/MODEL/RUN
"""

import sys

import orca_eval


def main(folder: str) -> None:
    samples = orca_eval.load_run(folder).samples
    print(samples.groupby("rule")["score"].agg(["size", "mean"]).to_string())
    unread = samples[samples["answer"].isna()]
    print(f"\n{len(unread)} of {len(samples)} replies hold no answer")
    for sample in unread.head(3).itertuples():
        print(f"\n{sample.task} {sample.doc_id}, gold {sample.gold}: {sample.response[:200]!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
