"""What became of the replies: shares that add up to one, per run and benchmark."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from orca_eval.results.run import Run
from orca_eval.results.samples import blank


class ReplyShares(NamedTuple):
    """Shares of 1 over a benchmark's replies; each reply is counted once."""

    answered: float
    answered_cut_off: float
    cut_off: float
    empty: float
    unreadable: float


KINDS = ReplyShares._fields


def reply_shares(run: Run) -> dict[str, ReplyShares]:
    """By benchmark: an answer or none, and why none."""
    table = run.samples(["benchmark", "answer", "finish_reason"])
    empty = np.concatenate([blank(part["response"]) for part in run.sample_parts(["response"])])
    answered = pc.is_valid(table["answer"]).to_numpy()
    cut = pc.equal(table["finish_reason"], "length").to_numpy().astype(bool)
    kinds = np.select(
        [answered & ~cut, answered, empty, cut], [0, 1, 3, 2], default=KINDS.index("unreadable")
    )
    benchmarks = table["benchmark"].to_pandas().to_numpy(dtype=object)
    counts = pd.crosstab(benchmarks, kinds).reindex(columns=range(len(KINDS)), fill_value=0)
    shares = counts.div(counts.sum(axis=1), axis=0)
    return {
        str(name): ReplyShares(*map(float, row))
        for name, row in zip(shares.index, shares.to_numpy(), strict=True)
    }
