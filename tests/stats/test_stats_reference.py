"""Equality with scipy, statsmodels and published worked examples."""

import warnings

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap as scipy_bootstrap

from orca_eval import stats
from tests.stats import shorthands

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from statsmodels.regression.linear_model import OLS
    from statsmodels.stats.contingency_tables import mcnemar
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.power import normal_power
    from statsmodels.stats.proportion import proportion_confint


@pytest.mark.parametrize("seed", range(30))
def test_wilson_equals_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 15_000))
    k = int(rng.integers(0, n + 1))
    level = float(rng.uniform(0.5, 0.999))
    interval = stats.wilson(k, n, level)
    assert (interval.low, interval.high) == pytest.approx(
        proportion_confint(k, n, alpha=1 - level, method="wilson"), abs=1e-12
    )
    assert interval.estimate == k / n


@pytest.mark.parametrize(("k", "n"), [(-1, 3), (4, 3), (0, 0)])
def test_wilson_refuses_what_is_no_proportion(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        stats.wilson(k, n)


@pytest.mark.parametrize("seed", range(30))
def test_mcnemar_equals_statsmodels_and_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    losses, gains = (int(x) for x in rng.integers(0, 200, 2))
    table = [[500, losses], [gains, 300]]
    assert shorthands.mcnemar_two_sided(losses, gains) == pytest.approx(
        mcnemar(table, exact=True).pvalue, rel=1e-12
    )
    assert stats.mcnemar_one_sided(losses, gains) == pytest.approx(
        binomtest(losses, losses + gains, 0.5, alternative="greater").pvalue, rel=1e-12
    )


def test_mcnemar_without_a_discordant_pair_shows_nothing() -> None:
    assert stats.mcnemar_one_sided(0, 0) == 1
    assert shorthands.mcnemar_two_sided(0, 0) == 1


def test_mcnemar_on_arrays() -> None:
    one_by_one = [float(stats.mcnemar_one_sided(b, c)) for b, c in [(3, 9), (9, 3), (0, 1)]]
    assert stats.mcnemar_one_sided([3, 9, 0], [9, 3, 1]).tolist() == one_by_one


# The p values are those in print, compared at the digits in print.
@pytest.mark.parametrize(
    ("losses", "gains", "printed"),
    [
        # Two media for tubercle bacilli: Armitage and Berry 1994, p. 127; P = 0.0129.
        (12, 2, "0.0129"),
        # Response to consolidation therapy, Cavo et al. 2012, worked in Fagerland, Lydersen and
        # Laake, Statistical Analysis of Contingency Tables, ch. 8; P = 0.052479.
        (6, 16, "0.052479"),
    ],
)
def test_published_worked_examples(losses: int, gains: int, printed: str) -> None:
    digits = len(printed.split(".")[1])
    assert f"{float(shorthands.mcnemar_two_sided(losses, gains)):.{digits}f}" == printed


@pytest.mark.parametrize(
    ("table", "printed"),
    [
        # Newcombe 1998, method 10; the first as worked in Fagerland, Lydersen and Laake, ch. 8.
        ((59, 6, 16, 80), (-0.1186, -0.0046)),
        ((27, 0, 0, 27), (-0.0351, 0.0351)),
    ],
)
def test_published_paired_intervals(
    table: tuple[int, int, int, int], printed: tuple[float, float]
) -> None:
    interval = stats.newcombe_paired(*table)
    assert (round(interval.low, 4), round(interval.high, 4)) == printed


@pytest.mark.parametrize("seed", range(30))
def test_holm_equals_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = np.round(rng.uniform(0, 1, int(rng.integers(1, 20))) ** 3, 2)
    assert stats.holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)


def test_holm_of_nothing_is_nothing() -> None:
    assert stats.holm([]).tolist() == []


@pytest.mark.parametrize("seed", range(10))
def test_stratified_bootstrap_equals_the_textbook_standard_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tasks = [rng.normal(size=int(n)) for n in rng.integers(5, 60, 4)]
    draws = stats.bootstrap(shorthands.mean_of_tasks(tasks), seed, draws=40_000)
    textbook = np.sqrt(sum(t.var(ddof=1) / len(t) for t in tasks)) / len(tasks)
    assert draws.standard_error == pytest.approx(textbook, rel=0.02)
    assert draws.estimate == pytest.approx(np.mean([t.mean() for t in tasks]))


@pytest.mark.parametrize("seed", range(5))
def test_bootstrap_interval_equals_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 2, 400).astype(float)
    theirs = scipy_bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=rng
    ).confidence_interval
    ours = stats.bootstrap(shorthands.pooled([values]), draws=20_000).interval()
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.004)


@pytest.mark.parametrize("seed", range(5))
def test_cluster_bootstrap_equals_the_sandwich_standard_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = np.repeat(np.arange(80), rng.integers(1, 9, 80))
    values = rng.normal(size=80)[names] + rng.normal(size=len(names))
    fit = OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": names})
    draws = stats.bootstrap(shorthands.pooled([values], [names]), seed, draws=20_000)
    assert draws.standard_error == pytest.approx(fit.bse[0], rel=0.05)


def test_detectable_drop_equals_statsmodels_power() -> None:
    drop = stats.detectable_drop(standard_error=0.01, alpha=0.05)
    assert normal_power(drop, 1, 0.05, alternative="larger", sigma=0.01) == pytest.approx(
        0.8, abs=1e-6
    )
