"""What docs/reproduce.md says to expect follows from the printed figures and the documents."""

from __future__ import annotations

import numpy as np
import pytest

from docs import reproduce
from orca_eval.benchmarks.specs import read_specs
from orca_eval.results.published import published_models
from orca_eval.stats import wilson


def test_the_page_is_current() -> None:
    assert reproduce.render() == reproduce.PATH.read_text("utf-8")


def test_a_plain_share_has_wilsons_interval() -> None:
    printed = published_models()["Orca-2-13B"].scores["gsm8k"]
    found = wilson(round(1319 * float(printed) / 100), 1319)
    text = reproduce.cell(printed, reproduce.worth(read_specs()["gsm8k"]))
    assert text == f"59.14 ({100 * found.low:.1f} – {100 * found.high:.1f})"


def test_means_are_as_unsure_as_draws_of_them_are() -> None:
    """The spread of AGIEval and of the average over six, drawn task by task."""
    specs, model = read_specs(), published_models()["Orca-2-7B"]
    names = reproduce.REASONING.benchmarks
    shares = [float(model.scores[name]) / 100 for name in names]
    rng = np.random.default_rng(0)
    drawn = {}
    for name, share in zip(names, shares, strict=True):
        sizes = reproduce.sizes(specs[name])
        sizes = sizes if specs[name].aggregate == "mean_of_tasks" else [sum(sizes)]
        tasks = [rng.binomial(size, share, 20_000) / size for size in sizes]
        drawn[name] = np.mean(tasks, axis=0)
        worth = reproduce.worth(specs[name])
        assert drawn[name].std() == pytest.approx((share * (1 - share) / worth) ** 0.5, rel=0.03)
    mean = sum(shares) / len(shares)
    worth = reproduce.worth_of_mean(shares, [reproduce.worth(specs[name]) for name in names])
    error = np.mean([*drawn.values()], axis=0).std()
    assert error == pytest.approx((mean * (1 - mean) / worth) ** 0.5, rel=0.03)


def test_averages_are_those_that_the_paper_prints() -> None:
    page = reproduce.PATH.read_text("utf-8")
    for average in ("60.60", "62.62", "64.49", "43.71", "56.85", "50.32", "66.29"):
        assert f" {average} (" in page
