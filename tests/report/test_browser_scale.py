"""The explorer at full size: every reply of a whole suite is found, filtered, sorted and opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orca_eval.report.html import page
from orca_eval.report.run_report import main_report
from tests.waiting import until

from .browser import (
    NEEDS_BROWSER,
    attribute,
    choose,
    chromium,
    click_first_row,
    found,
    one,
    open_at,
    search,
    settled,
    shot,
    texts,
)
from .synthetic import Spec, write_run

pytestmark = NEEDS_BROWSER
NEEDLE = "a-needle-that-only-the-last-reply-holds"
LAST = 51_751


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "whole"
    return write_run(folder, Spec("whole", accuracy=0.5, seed=1), {LAST: {"response": NEEDLE}})


@pytest.fixture(scope="module", params=["one file", "data beside it"])
def opened(
    request: pytest.FixtureRequest, run: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Its report in both of its forms, opened; afterwards nothing may have gone wrong."""
    out = tmp_path_factory.mktemp("out")
    with pytest.MonkeyPatch.context() as patch:
        if request.param != "one file":
            patch.setattr(page, "ONE_FILE_BYTES", 1_000_000)
        main_report([run], out, None)
    assert (out / page.DATA).is_dir() == (request.param != "one file")
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        driver.report = out / page.REPORT
        open_at(driver, "")
        yield driver
        assert [each for each in driver.get_log("browser") if each["level"] == "SEVERE"] == []


def test_every_reply_of_a_whole_suite_is_within_reach(opened: Any, run: Path) -> None:
    samples = pd.read_parquet(run / "samples.parquet")
    assert found(opened) == len(samples) == LAST + 1
    assert len(texts(opened, ".row.item")) < 200  # of those that are seen
    choose(opened, "by-benchmark", "MMLU")
    mmlu = samples[samples["benchmark"] == "mmlu"]
    assert found(opened) == len(mmlu)
    choose(opened, "by-result", "right")
    assert found(opened) == (mmlu["score"] > 0).sum()
    one(opened, "#filters button[type=reset]").click()
    until(lambda: found(opened) == len(samples))
    one(opened, "#list-head button[data-name=Gold]").click()
    golds = texts(opened, ".row.item > :nth-child(5)")
    assert golds[0] == samples["gold"].min()
    assert golds == sorted(golds)
    shot(opened, "whole-sorted")
    opened.execute_script("document.getElementById('list').scrollTop = 1e9")
    until(lambda: attribute(opened, ".row.item:last-child", "aria-posinset") == str(len(samples)))
    search(opened, NEEDLE)
    assert settled(opened) == 1
    click_first_row(opened)
    until(lambda: NEEDLE in one(opened, "#sample").text)
