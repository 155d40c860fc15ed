"""The report in a real Chromium: opened from disk, sorted, filtered, searched, linked, attacked."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

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
from .conftest import HOSTILE

pytestmark = NEEDS_BROWSER
BESIDE = 1000


@pytest.fixture(scope="module", params=["one file", "data beside it"])
def report(
    request: pytest.FixtureRequest, runs: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The report of the three runs, in both of its forms."""
    out = tmp_path_factory.mktemp("out")
    with pytest.MonkeyPatch.context() as patch:
        if request.param != "one file":
            patch.setattr(page, "ONE_FILE_BYTES", BESIDE)
        main_report(runs, out, "small")
    return out / "report.html"


@pytest.fixture(scope="module")
def driver(report: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        driver.report = report
        yield driver


@pytest.fixture
def opened(driver: Any) -> Any:
    """The report, freshly opened; afterwards nothing may have been refused or gone wrong."""
    open_at(driver, "")
    yield driver
    serious = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert serious == []


@pytest.fixture(scope="module")
def frames(runs: list[Path]) -> dict[str, pd.DataFrame]:
    labels = ("Orca-2-13B", "Orca-2-13B w/ cautious sm", "small")
    return {
        label: pd.read_parquet(run / "samples.parquet")
        for label, run in zip(labels, runs, strict=True)
    }


def test_it_opens_with_summary_and_plots(opened: Any, runs: list[Path]) -> None:
    shot(opened, "summary")
    assert opened.title == "Orca-2-13B and 2 more · orca-eval"
    scores = pd.read_csv(runs[2] / "scores.csv", keep_default_na=False)
    average = scores.loc[scores["benchmark"] == "Reasoning average (6)", "score"].iloc[0]
    rows = texts(opened, "#table-reasoning tbody tr.measured")
    assert f"{100 * float(average):.2f}" in rows[2]
    sizes = opened.execute_script(
        "return [...document.querySelectorAll('.plot img')].map((i) => i.naturalWidth)"
    )
    assert len(sizes) == 8
    assert min(sizes) > 100


@pytest.mark.parametrize(("scheme", "paper"), [("light", (255, 255, 255)), ("dark", (23, 24, 28))])
def test_plots_lie_on_the_pages_own_paper(opened: Any, scheme: str, paper: tuple[int, ...]) -> None:
    media = [{"name": "prefers-color-scheme", "value": scheme}]
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    open_at(opened, "")
    image = one(opened, "#plot-averages img")
    opened.execute_script("arguments[0].scrollIntoView()", image)
    picture = Image.open(io.BytesIO(image.screenshot_as_png)).convert("RGB")
    assert picture.getpixel((2, 2)) == paper
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_tables_sort_by_a_click_and_by_keyboard(opened: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    button = one(opened, "#table-reasoning thead th:nth-child(2) button")
    cells = "#table-reasoning tbody tr td:nth-child(2)"
    button.click()
    down = [float(text[:5]) for text in texts(opened, cells)]
    assert down == sorted(down, reverse=True)
    head = one(opened, "#table-reasoning thead th:nth-child(2)")
    assert head.get_attribute("aria-sort") == "descending"
    button.send_keys(Keys.ENTER)
    up = [float(text[:5]) for text in texts(opened, cells)]
    assert up == sorted(up)
    one(opened, "#table-reasoning thead th:first-child button").click()
    names = texts(opened, "#table-reasoning tbody tr th")
    assert names[0] == "ChatGPT (published)"


def test_filters_leave_what_they_name(opened: Any, frames: dict[str, pd.DataFrame]) -> None:
    everything = pd.concat(frames.values())
    assert found(opened) == len(everything)
    small = frames["small"]
    choose(opened, "by-run", "3 · small")
    assert found(opened) == len(small)
    choose(opened, "by-benchmark", "RACE")
    race = small[small["benchmark"] == "race"]
    assert found(opened) == len(race)
    choose(opened, "by-task", "race/high")
    high = race[race["task"] == "race/high"]
    assert found(opened) == len(high)
    right, none = high["score"] > 0, high["answer"].isna()
    for label, expected in (("right", right), ("no answer", none), ("wrong", ~right & ~none)):
        choose(opened, "by-result", label)
        assert found(opened) == expected.sum()
    one(opened, "#filters button[type=reset]").click()
    until(lambda: found(opened) == len(everything))
    choose(opened, "by-finish", "length")
    assert found(opened) == (everything["finish_reason"] == "length").sum()
    choose(opened, "by-finish", "all")
    choose(opened, "by-rule", "none")
    assert found(opened) == (everything["rule"] == "none").sum()


def test_full_text_search_finds_every_reply(opened: Any, frames: dict[str, pd.DataFrame]) -> None:
    for words in ("Seven market", "market answer because", "in-the-hay", "final answer: (c)"):
        search(opened, words)
        holding = sum(
            (
                frame["prompt"].str.lower().str.contains(words.lower(), regex=False)
                | frame["response"].str.lower().str.contains(words.lower(), regex=False)
            ).sum()
            for frame in frames.values()
        )
        assert settled(opened) == holding, words
    search(opened, "in-the-hay")
    assert settled(opened) == 1
    click_first_row(opened)
    assert until(lambda: texts(opened, "mark.hit")) == ["in-the-hay"]
    shot(opened, "search")


def test_every_head_of_the_list_is_whole_also_while_it_sorts(opened: Any) -> None:
    named = "return [...document.querySelectorAll('#list-head button')].map((b) => b.dataset.name)"
    heads = opened.execute_script(named)
    assert len(heads) == 7
    for name in heads:
        one(opened, f"#list-head button[data-name={name}]").click()
        cut = "(head) => head.scrollWidth > head.clientWidth"
        found_cut = f"[...document.querySelectorAll('#list-head button')].filter({cut}).length"
        assert opened.execute_script(f"return {found_cut}") == 0, name


def test_the_list_sorts_and_scrolls_to_its_end(opened: Any) -> None:
    one(opened, "#list-head button[data-name=Gold]").click()
    golds = texts(opened, ".row.item > :nth-child(5)")
    assert golds == sorted(golds)
    one(opened, "#list-head button[data-name=Gold]").click()
    assert texts(opened, ".row.item > :nth-child(5)")[0] == "D"
    opened.execute_script("document.getElementById('list').scrollTop = 1e9")
    last = str(found(opened))
    until(lambda: attribute(opened, ".row.item:last-child", "aria-posinset") == last)


def test_a_sample_shows_prompt_reply_and_evidence(
    opened: Any, frames: dict[str, pd.DataFrame]
) -> None:
    choose(opened, "by-run", "3 · small")
    choose(opened, "by-result", "right")
    click_first_row(opened)
    right = frames["small"][frames["small"]["score"] > 0].iloc[0]
    until(lambda: one(opened, "#sample h3").text == f"{right['task']} #{right['doc_id']}")
    prompt, reply = texts(opened, "#sample pre")
    assert (prompt, reply) == (right["prompt"], right["response"])
    start, end = right["evidence_start"], right["evidence_end"]
    assert texts(opened, "mark.evidence") == [right["response"][start:end]]


def test_two_models_stand_beside_each_other(opened: Any, frames: dict[str, pd.DataFrame]) -> None:
    click_first_row(opened)
    until(lambda: opened.find_elements("css selector", "#beside"))
    choose(opened, "beside", "small")
    until(lambda: len(texts(opened, "#sample .reply")) == 2)
    replies = texts(opened, "#sample .reply pre")
    assert replies[1] == frames["small"]["response"].iloc[0]
    shot(opened, "beside")


def test_what_only_one_solved_is_found_and_all_stand_side_by_side(
    opened: Any, frames: dict[str, pd.DataFrame]
) -> None:
    solved = pd.DataFrame({name: frame["score"] > 0 for name, frame in frames.items()})
    expected = {
        "only small": solved["small"] & (solved.sum(axis=1) == 1),
        "several": solved.sum(axis=1) == len(frames) - 1,
        "all": solved.all(axis=1),
        "nobody": ~solved.any(axis=1),
    }
    for label, documents in expected.items():
        choose(opened, "by-solved", label)
        assert found(opened) == documents.sum() * len(frames)
    choose(opened, "by-solved", "only small")
    choose(opened, "by-run", "3 · small")
    click_first_row(opened)
    until(lambda: opened.find_elements("css selector", "#beside"))
    choose(opened, "beside", "all")
    until(lambda: len(texts(opened, "#sample .reply")) == len(frames))
    results = texts(opened, "#sample .facts > div:first-child dd")
    assert results[0] == "right"
    assert "right" not in results[1:]


PAIR = ("Orca-2-13B", "small")


def test_two_models_are_compared_by_who_is_right(
    opened: Any, frames: dict[str, pd.DataFrame]
) -> None:
    mine, other = (frames[name]["score"] > 0 for name in PAIR)
    choose(opened, "by-b", "3 · small")
    expected = {
        "only A": mine & ~other,
        "only B": ~mine & other,
        "both": mine & other,
        "neither": ~mine & ~other,
    }
    for label, documents in expected.items():
        choose(opened, "by-outcome", label)
        assert found(opened) == documents.sum() * 2
    choose(opened, "by-outcome", "only A")
    models = set(texts(opened, "#list .item > :nth-child(2)"))
    assert models == {"1 · Orca-2-13B", "3 · small"}


def test_filters_search_and_order_stand_in_the_address(opened: Any) -> None:
    choose(opened, "by-benchmark", "MMLU")
    choose(opened, "by-task", "mmlu/virology")
    choose(opened, "by-result", "wrong")
    choose(opened, "by-b", "3 · small")
    choose(opened, "by-outcome", "only B")
    search(opened, "river & 100%=#")
    assert settled(opened) == 0
    search(opened, "river")
    settled(opened)
    for _ in range(2):
        one(opened, "#list-head button[data-name=Tokens]").click()
    listed = texts(opened, "#list .item")
    address = opened.current_url
    assert listed
    open_at(opened, "#" + address.partition("#")[2])
    settled(opened)
    until(lambda: texts(opened, "#list .item") == listed)
    assert attribute(opened, "[aria-selected=true]", "aria-posinset") == "1"
    tokens = [int(text) for text in texts(opened, "#list .item > :nth-child(7)")]
    assert tokens == sorted(tokens, reverse=True)
    opened.execute_script("location.hash = '#tables'")
    opened.execute_script("location.hash = '#plots'")
    assert texts(opened, "#list .item") == listed
    one(opened, "#filters [type=reset]").click()
    assert "#" not in opened.current_url


@pytest.mark.parametrize("value", ["%3Cimg%20src%3Dx%20onerror%3Dhacked%3D1%3E", "%", "__proto__"])
def test_an_address_of_another_does_nothing(
    opened: Any, value: str, frames: dict[str, pd.DataFrame]
) -> None:
    names = ("sample", "model", "benchmark", "task", "run", "outcome", "a", "b", "sort", "solved")
    open_at(opened, "#" + "&".join(f"{name}={value}" for name in (*names, value)))
    assert found(opened) == sum(map(len, frames.values()))
    assert not opened.find_elements("css selector", "#samples img")
    assert opened.execute_script("return window.hacked") is None


def test_the_first_sample_is_open(opened: Any, frames: dict[str, pd.DataFrame]) -> None:
    until(lambda: len(texts(opened, "#sample pre")) == 2)
    assert attribute(opened, "#sample", "data-row") == "0"
    assert "#" not in opened.current_url
    choose(opened, "by-run", "3 · small")
    until(lambda: texts(opened, "#sample pre")[1:] == [frames["small"]["response"].iloc[0]])


def test_a_link_opens_at_its_sample(driver: Any, frames: dict[str, pd.DataFrame]) -> None:
    frame = frames["Orca-2-13B w/ cautious sm"]
    row = frame[frame["task"] == "mmlu/virology"].iloc[2]
    model = "Orca-2-13B%20w%2F%20cautious%20sm"
    open_at(driver, f"#sample=mmlu%2Fvirology:{row['doc_id']}&model={model}")
    until(lambda: texts(driver, "#sample pre")[1:] == [row["response"]])
    until(lambda: attribute(driver, "[aria-selected=true]", "class") == "row item")
    address = one(driver, "#sample a").get_attribute("href")
    open_at(driver, "")
    driver.get(address)
    until(lambda: texts(driver, "#sample pre")[1:] == [row["response"]])
    open_at(driver, "#sample=nothing:1&model=no%one")
    assert attribute(driver, "[aria-selected=true]", "aria-posinset") == "1"


def test_a_hostile_reply_is_only_text(opened: Any) -> None:
    search(opened, "window.hacked")
    assert settled(opened) == 1
    click_first_row(opened)
    visible = HOSTILE.replace("\u202e", "\\u202e").replace("\u202c", "\\u202c")
    visible = visible.replace("\x1b", "\\u001b")
    until(lambda: texts(opened, "#sample pre")[1:] == [visible])
    time.sleep(0.3)
    assert opened.execute_script("return window.hacked") is None
    assert not opened.find_elements("css selector", "#sample img, #sample script")
    assert texts(opened, "mark.evidence") == ["(B)"]
    assert not texts(opened, "body > :not(a, header, main, footer, script)")
    shot(opened, "hostile")


def test_script_that_got_in_would_not_run(opened: Any) -> None:
    opened.execute_script(
        "const box = document.createElement('div');"
        'box.innerHTML = \'<img src="data:," onerror="window.hacked = true">\';'
        "document.body.append(box);"
        "const script = document.createElement('script');"
        "script.textContent = 'window.hacked = true';"
        "document.body.insertAdjacentHTML('beforeend', '<script>window.hacked = true<\\/script>');"
    )
    time.sleep(0.3)
    assert opened.execute_script("return window.hacked") is None
    assert any("Content Security Policy" in entry["message"] for entry in opened.get_log("browser"))


def test_the_keyboard_goes_everywhere(opened: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    ActionChains(opened).send_keys("/").perform()
    active = "return document.activeElement.id"
    assert opened.execute_script(active) == "search"
    opened.execute_script("document.getElementById('list').focus()")
    ActionChains(opened).send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_DOWN).perform()
    until(lambda: attribute(opened, "[aria-selected=true]", "aria-posinset") == "4")
    row = attribute(opened, "[aria-selected=true]", "id")
    assert attribute(opened, "#list", "aria-activedescendant") == row
    ActionChains(opened).send_keys(Keys.END).perform()
    last = str(found(opened))
    until(lambda: attribute(opened, "[aria-selected=true]", "aria-posinset") == last)
    until(lambda: opened.find_elements("css selector", "#sample h3"))
    ActionChains(opened).send_keys(Keys.ENTER).perform()
    assert opened.execute_script(active) == "sample"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_scrolling_sideways(
    report: Path, tmp_path: Path, scheme: str
) -> None:
    with chromium(tmp_path / "profile", 500, 900) as driver:
        driver.report = report
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": 375, "height": 800, "deviceScaleFactor": 1, "mobile": True},
        )
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
        open_at(driver, "")
        shot(driver, f"phone-{scheme}")
        width = driver.execute_script("return document.documentElement.scrollWidth")
        assert width <= 375
        colour = "return getComputedStyle(document.body).backgroundColor"
        expected = {"light": "rgb(255, 255, 255)", "dark": "rgb(23, 24, 28)"}
        assert driver.execute_script(colour) == expected[scheme]
        click_first_row(driver)
        until(lambda: attribute(driver, "#sample", "data-row") == "0")
        top = "return document.getElementById('sample').getBoundingClientRect().top"
        until(lambda: 0 <= driver.execute_script(top) < 60)
        shot(driver, f"phone-samples-{scheme}")
        one(driver, "#sample .ways button:nth-child(2)").click()
        until(lambda: attribute(driver, "#sample", "data-row") == "1")
        assert driver.execute_script(top) < 60
        one(driver, "#sample .ways button:nth-child(3)").click()
        assert driver.execute_script(top) > 60


def test_missing_data_is_said(
    report: Path, tmp_path: Path, driver: Any, request: pytest.FixtureRequest
) -> None:
    if not (report.parent / "report_data").is_dir():
        pytest.skip("all data are in the page")
    alone = tmp_path / "report.html"
    alone.write_bytes(report.read_bytes())
    driver.get(alone.as_uri())
    until(lambda: driver.execute_script("return document.body.dataset.ready"))
    click_first_row(driver)
    until(lambda: "is missing beside the report" in one(driver, "#sample").text)
    driver.get_log("browser")
