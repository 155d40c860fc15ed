"""What became of the replies: shares that add up to one, per run and benchmark."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from orca_eval.results.reasoning import TEXTS, empty
from orca_eval.results.run import Run
from orca_eval.results.samples import blank
from orca_eval.types import CUT_OFF


class ReplyShares(NamedTuple):
    """Shares of 1 over a benchmark's replies; each reply is counted once."""

    answered: float
    answered_cut_off: float
    cut_off: float
    empty: float
    only_reasoning: float
    unreadable: float


KINDS = ReplyShares._fields


def reply_shares(run: Run) -> dict[str, ReplyShares]:
    """By benchmark: an answer or none, and why none."""
    counts: dict[str, NDArray[np.int64]] = {}
    texts = [name for name in TEXTS if name in run.sample_columns]
    for part in run.sample_parts(["benchmark", "answer", "finish_reason", *texts]):
        benchmarks, kinds = part["benchmark"].to_numpy(), _kinds(part)
        for name in np.unique(benchmarks).tolist():
            of_part = np.bincount(kinds[benchmarks == name], minlength=len(KINDS))
            counts[name] = counts.get(name, 0) + of_part
    return {name: ReplyShares(*(count / count.sum()).tolist()) for name, count in counts.items()}


def _kinds(part: pa.Table) -> NDArray[np.int64]:
    """What became of each reply, as a place in KINDS."""
    answered = pc.is_valid(part["answer"]).to_numpy()
    cut = pc.equal(part["finish_reason"], CUT_OFF).to_numpy().astype(bool)
    found = {
        "answered": answered & ~cut,
        "answered_cut_off": answered,
        "empty": empty(part),
        "cut_off": cut,
        "only_reasoning": blank(part["response"]),
    }
    return np.select(
        list(found.values()), [*map(KINDS.index, found)], default=KINDS.index("unreadable")
    )
