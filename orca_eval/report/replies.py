"""What became of the replies: shares that add up to one, per run and benchmark."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray

from orca_eval.results.run import Run
from orca_eval.results.samples import blank


class ReplyShares(NamedTuple):
    """Shares of 1 over a benchmark's replies; each reply is counted once."""

    answered: float
    answered_cut_off: float
    cut_off: float
    empty: float
    only_reasoning: float
    unreadable: float


KINDS = ReplyShares._fields


def _silent(run: Run) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which responses are blank, and which of them have no reasoning either."""
    silent, empty = [], []
    columns = [name for name in ("response", "reasoning") if name in run.sample_columns]
    for part in run.sample_parts(columns):
        texts = [blank(part[name]) for name in columns]
        silent.append(texts[0])
        empty.append(np.logical_and.reduce(texts))
    return np.concatenate(silent), np.concatenate(empty)


def reply_shares(run: Run) -> dict[str, ReplyShares]:
    """By benchmark: an answer or none, and why none."""
    table = run.samples(["benchmark", "answer", "finish_reason"])
    silent, empty = _silent(run)
    answered = pc.is_valid(table["answer"]).to_numpy()
    cut = pc.equal(table["finish_reason"], "length").to_numpy().astype(bool)
    found = {
        "answered": answered & ~cut,
        "answered_cut_off": answered,
        "empty": empty,
        "cut_off": cut,
        "only_reasoning": silent,
    }
    kinds = np.select(
        list(found.values()), [*map(KINDS.index, found)], default=KINDS.index("unreadable")
    )
    benchmarks = table["benchmark"].to_pandas().to_numpy(dtype=object)
    counts = pd.crosstab(benchmarks, kinds).reindex(columns=range(len(KINDS)), fill_value=0)
    shares = counts.div(counts.sum(axis=1), axis=0)
    return {
        str(name): ReplyShares(*map(float, row))
        for name, row in zip(shares.index, shares.to_numpy(), strict=True)
    }
