"""The explorer opens judged samples: the judge's words lie folded beneath the reply, as text."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orca_eval.report.board import build_board
from orca_eval.report.html.pack import pack
from orca_eval.report.html.verdicts import judges_words
from orca_eval.report.run_report import main_report
from orca_eval.results.run import read_run
from tests.waiting import until

from .browser import (
    NEEDS_BROWSER,
    chromium,
    click_first_row,
    one,
    open_at,
    search,
    settled,
    texts,
)
from .conftest import HOSTILE
from .synthetic import Benchmark, Spec, write_run


def step(who: str, response: str) -> dict[str, Any]:
    return {"who": who, "messages": [], "response": response, "finish_reason": "stop"}


CONVERSATION = json.dumps([
    step("model", "mine"), step("judge", f"🦉 {HOSTILE} [[grounded]]"), step("judge", "[[true]]"),
])  # fmt: skip
SAID = f"Verdict 1:\n🦉 {HOSTILE} [[grounded]]\n\nVerdict 2:\n[[true]]"


@pytest.mark.parametrize(
    ("conversation", "said"),
    [
        (None, ""),
        ("", ""),
        ("{", ""),
        ("3", ""),
        ('[{"who": "judge"}]', ""),
        (json.dumps([step("model", "x")]), ""),
        (json.dumps([step("model", "x"), step("judge", "[[7]]")]), "[[7]]"),
        (CONVERSATION, SAID),
    ],
)
def test_the_judges_words_are_its_own(conversation: str | None, said: str) -> None:
    assert judges_words(conversation) == said


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty samples, of which the second was judged."""
    part = Benchmark("qmsum", "QMSum", {"qmsum": 20}, letters=80)
    folder = tmp_path_factory.mktemp("runs") / "judged"
    write_run(folder, Spec("m", benchmarks=(part,)), {1: {"rule": "judge (claimed)"}})
    frame = pd.read_parquet(folder / "samples.parquet")
    conversations = [CONVERSATION if at == 1 else None for at in range(len(frame))]
    frame.assign(conversation=conversations).to_parquet(folder / "samples.parquet", index=False)
    return folder


def test_verdicts_are_packed_behind_the_replies(run: Path, tmp_path: Path) -> None:
    with pack(build_board([read_run(run)], None), tmp_path) as packed:
        (chunk,) = packed.chunks
    line, _, body = gzip.decompress(chunk).decode().partition("\n")
    head, units = json.loads(line), body.encode("utf-16-le")
    assert [length > 0 for length in head["judged"]].index(True) == 1
    before = sum(head["prompts"]) + sum(head["replies"]) + sum(head["judged"][:1])
    found = units[2 * before : 2 * (before + head["judged"][1])].decode("utf-16-le")
    assert found == SAID
    assert len(units) == 2 * sum(sum(head[k]) for k in ("prompts", "replies", "judged"))


@pytest.fixture(scope="module")
def driver(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    out = tmp_path_factory.mktemp("out")
    main_report([run], out, None)
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        driver.report = out / "report.html"
        open_at(driver, "")
        yield driver


@NEEDS_BROWSER[0]
@NEEDS_BROWSER[1]
def test_a_judged_sample_opens_and_its_verdict_is_only_text(driver: Any) -> None:
    search(driver, "verdict 2:")
    assert settled(driver) == 1
    click_first_row(driver)
    visible = SAID.replace("\u202e", "\\u202e").replace("\u202c", "\\u202c")
    visible = visible.replace("\x1b", "\\u001b")
    until(lambda: texts(driver, "#sample .judged pre") == [visible])
    assert texts(driver, "#sample .judged summary") == ["the judge's words"]
    assert one(driver, "#sample .judged").get_attribute("open")  # what is searched for is in it
    assert driver.execute_script("return window.hacked") is None
    assert not driver.find_elements("css selector", "#sample img, #sample script")
    search(driver, texts(driver, "#sample .reply pre")[0].split()[3])
    until(lambda: not one(driver, "#sample .judged").get_attribute("open"))
