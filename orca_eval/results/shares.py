"""What stands beside a score, where its measure names it: shares of samples, and other means."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from orca_eval.extract.rule import DECLINED
from orca_eval.results.documents import KEY
from orca_eval.stats.strata import FloatArray
from orca_eval.types import EMPTY, PLAIN, Measure, Share


class Answers(NamedTuple):
    """A row per sample (columns as `aggregate` has them), and a score per document in each task."""

    samples: pd.DataFrame
    scores: Sequence[FloatArray]


def shares(measure: Measure, answers: Answers) -> dict[str, float]:
    """The shares that the measure names, by name; those of scores where every task has some."""
    graded = all(map(len, answers.scores))
    return {
        name: round(float(share(answers)), 6)
        for name in measure.shares
        if (share := _SHARES.get(name)) and (graded or name not in _OF_SCORES)
    }


def told(name: str, value: float) -> str:
    """What stands beside a score, with its unit."""
    return f"{name} {value:.1f}" if name in PLAIN else f"{name} {100 * value:.1f} %"


def _pooled(answers: Answers) -> float:
    return float(np.concatenate(answers.scores).mean())


def _accuracy(answers: Answers) -> float:
    return float(answers.samples["score"].mean())


def _same_letter(answers: Answers) -> float:
    letters = answers.samples.groupby(KEY, sort=False, observed=True)["answer"]
    return float(((letters.nunique() == 1) & (letters.count() == letters.size())).mean())


def _other_word(answers: Answers) -> float:
    samples = answers.samples
    return float((samples["answered"].astype(bool) & (samples["score"] == 0)).mean())


def _refused(answers: Answers) -> float:
    return float((answers.samples["rule"] == DECLINED).mean())


def _empty(answers: Answers) -> float:
    return float((answers.samples["rule"] == EMPTY).mean())


_SHARES: Mapping[Share, Callable[[Answers], float]] = {
    "pooled": _pooled,
    "accuracy": _accuracy,
    "same letter": _same_letter,
    "other word": _other_word,
    "refused": _refused,
    "empty": _empty,
}
_OF_SCORES = ("pooled", "accuracy", "other word")
