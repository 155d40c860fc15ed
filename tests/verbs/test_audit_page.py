"""The sheet in a real Chromium: verdicts are chosen, saved and read back."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from orca_eval.cli import main
from tests.report.browser import CHROMIUM, DRIVER, chromium
from tests.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER and importlib.util.find_spec("selenium")),
        reason="needs Debian's chromium, chromium-driver and selenium",
    ),
]


def test_verdicts_that_the_page_saves_are_read(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "my sheet.html"
    assert main(["audit", f"run={run_folder}", "sample=20", f"out={sheet}"]) == 0
    with chromium(tmp_path / "profile") as driver:
        downloads = {"behavior": "allow", "downloadPath": str(tmp_path)}
        driver.execute_cdp_cmd("Page.setDownloadBehavior", downloads)
        driver.get(sheet.as_uri())
        for section in driver.find_elements("css selector", "section"):
            section.find_element("css selector", "input[value='as read']").click()
        assert driver.find_element("css selector", "output").text == "20 of 20 judged"
        driver.find_element("css selector", "#save button").click()
        saved = tmp_path / "my sheet.csv"
        until(lambda: saved.is_file() and saved.stat().st_size > 0)
        assert not [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    capsys.readouterr()
    assert main(["audit", f"read={saved}"]) == 0
    assert "corrected score" in capsys.readouterr().out
