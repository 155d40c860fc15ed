"""A headless Chromium for the report's tests."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import until

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)

MISSING = [
    name
    for name, there in (
        ("Debian's chromium", CHROMIUM),
        ("Debian's chromium-driver", DRIVER),
        ("selenium", importlib.util.find_spec("selenium")),
    )
    if not there
]
NEEDS_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}"),
]


@contextmanager
def chromium(profile: Path, width: int = 1400, height: int = 900) -> Iterator[Any]:
    """A selenium driver with an empty profile; the console's messages are kept."""
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=ChromeService(str(DRIVER)))
    try:
        yield driver
    finally:
        driver.quit()


def open_at(driver: Any, fragment: str) -> None:
    driver.get("about:blank")
    driver.get(driver.report.as_uri() + fragment)
    until(lambda: driver.execute_script("return document.body.dataset.ready"))


def one(driver: Any, selector: str) -> Any:
    return driver.find_element("css selector", selector)


def texts(driver: Any, selector: str) -> list[str]:
    script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)"
    return list(driver.execute_script(script, selector))


def attribute(driver: Any, selector: str, name: str) -> Any:
    script = "return document.querySelector(arguments[0])?.getAttribute(arguments[1])"
    return driver.execute_script(script, selector, name)


def click_first_row(driver: Any) -> None:
    """By the mouse, at the place of the list's first line."""
    from selenium.webdriver.common.action_chains import ActionChains

    box = one(driver, "#list")
    driver.execute_script("arguments[0].scrollIntoView({ block: 'center' })", box)
    up = 15 - box.size["height"] // 2
    ActionChains(driver).move_to_element_with_offset(box, 0, up).click().perform()


def choose(driver: Any, name: str, label: str) -> None:
    from selenium.webdriver.support.ui import Select

    Select(one(driver, f"#{name}")).select_by_visible_text(label)


def found(driver: Any) -> int:
    return int(one(driver, "#status").get_attribute("data-found"))


def settled(driver: Any) -> int:
    """How many replies are listed once the search is through."""
    until(lambda: one(driver, "#status").get_attribute("data-busy") == "false")
    return found(driver)


def search(driver: Any, words: str) -> None:
    box = one(driver, "#search")
    box.clear()
    box.send_keys(words)
    until(lambda: one(driver, "#status").get_attribute("data-needle") == words.lower())


def shot(driver: Any, name: str) -> None:
    """A screenshot to look at, where ORCA_EVAL_SHOTS names a folder."""
    if folder := os.environ.get("ORCA_EVAL_SHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        driver.save_screenshot(str(Path(folder) / f"{name}.png"))
