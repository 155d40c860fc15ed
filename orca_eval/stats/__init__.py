"""Intervals and tests for benchmark scores: the interval and the test belong to the number shown.

A score is a weighted sum of ratio means over strata (`strata`). Plain proportions of independent
items get Wilson intervals and exact McNemar tests (`proportion`); everything else is resampled by
multinomial draws (`bootstrap`), and where few units differ has an interval by its effective sample
size (`spread`). `exact_interval` and `paired_difference` choose the method.
docs/statistics.md says what is tested and why. What judges say is compared with what people say
(`agreement`), rates are freed from their errors (`corrected`), and scores from what an extractor
misread (`audited`).
"""

from orca_eval.stats.agreement import (
    agreement as agreement,
    kappa as kappa,
)
from orca_eval.stats.audited import (
    Audited as Audited,
    corrected_score as corrected_score,
    misread_rate as misread_rate,
)
from orca_eval.stats.bootstrap import (
    Draws as Draws,
    bootstrap as bootstrap,
    mean_of_draws as mean_of_draws,
    seed_of as seed_of,
)
from orca_eval.stats.choose import (
    EXACT_PAIRED as EXACT_PAIRED,
    Difference as Difference,
    difference_from_fixed as difference_from_fixed,
    exact_interval as exact_interval,
    paired_difference as paired_difference,
    two_sided_p as two_sided_p,
)
from orca_eval.stats.corrected import (
    corrected_rate as corrected_rate,
)
from orca_eval.stats.multiple import (
    holm as holm,
)
from orca_eval.stats.power import (
    detectable_drop as detectable_drop,
    detectable_drop_mcnemar as detectable_drop_mcnemar,
    drop_power as drop_power,
    mcnemar_power as mcnemar_power,
    samples_to_decide as samples_to_decide,
)
from orca_eval.stats.proportion import (
    Interval as Interval,
    Share as Share,
    exact_bounds as exact_bounds,
    mcnemar_one_sided as mcnemar_one_sided,
    newcombe_paired as newcombe_paired,
    score_interval as score_interval,
    wilson as wilson,
)
from orca_eval.stats.ratio import (
    PairedDraws as PairedDraws,
    average_draws as average_draws,
    paired_ratio as paired_ratio,
    ratio_values as ratio_values,
)
from orca_eval.stats.strata import strata as strata
