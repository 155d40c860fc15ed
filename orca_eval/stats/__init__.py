"""Intervals and tests for benchmark scores: the interval and the test belong to the number shown.

A score is a weighted sum of ratio means over strata (`strata`). Plain proportions of independent
items get Wilson intervals and exact McNemar tests (`proportion`); everything else is resampled by
multinomial draws (`bootstrap`). `score_interval` and `paired_difference` choose the method.
docs/statistics.md says what is tested and why.
"""

from orca_eval.stats.bootstrap import Draws, bootstrap, bootstrap_interval, mean_of_draws, seed_of
from orca_eval.stats.choose import (
    EXACT_PAIRED,
    Difference,
    difference_from_fixed,
    exact_interval,
    mean_of_tasks_interval,
    paired_difference,
    pooled_interval,
    score_interval,
)
from orca_eval.stats.multiple import holm
from orca_eval.stats.power import (
    detectable_drop,
    detectable_drop_mcnemar,
    drop_power,
    mcnemar_power,
    samples_to_decide,
)
from orca_eval.stats.proportion import (
    Interval,
    mcnemar_one_sided,
    mcnemar_two_sided,
    newcombe_paired,
    wilson,
)
from orca_eval.stats.ratio import PairedDraws, average_draws, paired_ratio
from orca_eval.stats.strata import mean_of_tasks, pooled, strata

__all__ = [
    "EXACT_PAIRED",
    "Difference",
    "Draws",
    "Interval",
    "PairedDraws",
    "average_draws",
    "bootstrap",
    "bootstrap_interval",
    "detectable_drop",
    "detectable_drop_mcnemar",
    "difference_from_fixed",
    "drop_power",
    "exact_interval",
    "holm",
    "mcnemar_one_sided",
    "mcnemar_power",
    "mcnemar_two_sided",
    "mean_of_draws",
    "mean_of_tasks",
    "mean_of_tasks_interval",
    "newcombe_paired",
    "paired_difference",
    "paired_ratio",
    "pooled",
    "pooled_interval",
    "samples_to_decide",
    "score_interval",
    "seed_of",
    "strata",
    "wilson",
]
