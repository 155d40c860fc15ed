"""One question, side by side: on screens of any width, in a pipe, on a page, whatever comes."""

from __future__ import annotations

import importlib.util
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from orca_eval.ask.chat import Chat, Reply, Said
from orca_eval.ask.page import write_page
from orca_eval.ask.screen import Sheet
from orca_eval.cli import main
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.words import overrides
from tests.report.browser import CHROMIUM, DRIVER, chromium

HOSTILE = (
    "<script>document.title='acted'</script>\x1b[2J\x1b]0;acted\x07 \u202eback\u202c\n"
    "::error::acted\n##[group]acted\r\x00\x9b31m [bold]no markup[/bold] :smile:"
)
QUESTION = "Is 2 + 2 = 4, or more?"
ACTING = re.compile("[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e]")


def chat(strategy: str = "own", model: str = "a") -> Chat:
    config = run_config(compose_verb("run", [f"strategy={strategy}", f"model.name={model}"]))
    return Chat(config, (QUESTION,))


def reply(asked: Chat, text: str) -> Reply:
    return Reply(asked, 0, (Said(0, QUESTION, text, "a \x1b[31mthought"),), 5, 7, 1.25)


def page_of(width: int, *, terminal: bool, chats: int = 3) -> str:
    file = io.StringIO()
    console = Console(
        file=file, width=width, force_terminal=terminal, markup=False, emoji=False, highlight=False
    )
    asked = [chat(model=f"model-{number}") for number in range(chats)]
    sheet = Sheet(console, asked, (QUESTION, HOSTILE))
    with sheet.shown():
        for one in asked:
            sheet.add(reply(one, HOSTILE))
    return file.getvalue()


@pytest.mark.parametrize("width", [60, 100, 200])
@pytest.mark.parametrize("terminal", [True, False])
def test_no_reply_acts_at_any_width(width: int, terminal: bool) -> None:
    shown = page_of(width, terminal=terminal)
    # What rich writes for styles and to draw anew is taken away: the rest is the replies'.
    mine = re.sub(r"\x1b\[[0-9;]*m|\x1b\[1A|\x1b\[2K|\x1b\[\?25[lh]|\r(?=\x1b|$)", "", shown)
    assert not ACTING.search(mine.replace("\r", ""))
    assert "\x1b" not in mine
    assert "\n::error" not in mine
    assert "[bold]no markup" in mine.replace("\n", "")
    assert all(f"model-{number}" in mine for number in range(3))


def test_columns_are_where_they_fit() -> None:
    wide, narrow = (page_of(width, terminal=True) for width in (200, 60))
    assert re.search(r"model-0 .*model-1 .*model-2 ", wide)
    assert not re.search(r"model-0 .*model-1", narrow)
    assert max(map(len, page_of(60, terminal=False).splitlines())) <= 60


def ask(tmp_path: Path, *more: str) -> list[str]:
    lines = [
        {"default": True, "text": HOSTILE},
        {"prompt": "And why?", "text": "<think>hm</think>Because."},
    ]
    (tmp_path / "script.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return [
        *("ask", QUESTION, "engine=replay", f"engine.script={tmp_path / 'script.jsonl'}"),
        *(f"results_dir={tmp_path / 'results'}", *more),
    ]


def test_asks_every_combination_once_and_goes_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    both = ("models=[smollm2-135m-instruct,tinyllama-1.1b-chat]", "prompts=[empty,cautious]")
    command = ask(tmp_path, *both, "strategies=[own,recall_generate_two_calls]", "--json")
    assert main(command) == 0
    told = json.loads(capfd.readouterr().out)
    assert len(told["replies"]) == 8
    assert [len(each["calls"]) for each in told["replies"]] == [1, 2] * 4
    assert all(each["seconds"] is not None for each in told["replies"])
    assert "Notes:" in told["replies"][1]["calls"][1]["asked"]
    assert Path(told["page"]).is_file()
    assert main([*command, "follow_up=And why?", f"out={tmp_path / 'page.html'}"]) == 0
    further = json.loads(capfd.readouterr().out)["replies"][0]
    assert further["answers"] == [HOSTILE.strip(), "Because."]
    assert [call["turn"] for call in further["calls"]] == [0, 1]
    page = (tmp_path / "page.html").read_text()
    assert "<script>" not in page
    assert main(command) == 0
    assert {each["seconds"] for each in json.loads(capfd.readouterr().out)["replies"]} == {None}


def test_several_answers_need_a_temperature(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(ask(tmp_path, "n=3")) == 3
    assert "set sampling.temperature too" in capfd.readouterr().err
    assert main(ask(tmp_path, "n=3", "sampling.temperature=0.7")) == 0
    assert " · 3" in capfd.readouterr().out


def test_all_mistakes_come_together(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(ask(tmp_path, "prompts=[emty]", "strategies=[dirct]")) == 3
    said = capfd.readouterr().err
    assert "emty" in said
    assert "dirct" in said


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["Why?"], ["question='Why?'"]),
        ([QUESTION, "n=2"], [f"question='{QUESTION}'", "n=2"]),
        (["models=a", "b", "Who is it?"], ["models=a,'b'", "question='Who is it?'"]),
        (["Why?", "follow_up=Well, why?"], ["question='Why?'", "follow_up='Well, why?'"]),
        (["--strategy", "direct", "--question", "Why?"], ["strategies=direct", "question=Why?"]),
    ],
)
def test_the_question_needs_no_key(words: list[str], meant: list[str]) -> None:
    assert overrides("ask", words) == meant


MISSING = not (CHROMIUM and DRIVER and importlib.util.find_spec("selenium"))


@pytest.mark.browser
@pytest.mark.skipif(MISSING, reason="needs Debian's chromium, chromium-driver and selenium")
def test_the_page_shows_replies_and_runs_none(tmp_path: Path) -> None:
    replies = [reply(chat(), HOSTILE), reply(chat("direct"), "Plain.")]
    write_page(tmp_path / "page.html", (QUESTION, HOSTILE), replies)
    driver: Any
    with chromium(tmp_path / "profile") as driver:
        driver.get((tmp_path / "page.html").as_uri())
        assert driver.title == "2 answers · orca-eval"
        script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)"
        first, second = driver.execute_script(script, "pre.answer")
        assert first.startswith("<script>")
        assert "\\x1b[2J" in first
        assert second == "Plain."
        tops = "return [...document.querySelectorAll('article')].map((e) => e.offsetTop)"
        assert len(set(driver.execute_script(tops))) == 1  # side by side
        logged = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
        assert logged == []
