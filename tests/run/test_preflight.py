"""A run's first replies: what spoils them is said with the setting that helps, and once asked."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from orca_eval.cli import main
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.schema import PreflightConfig
from orca_eval.errors import RunError
from orca_eval.model.template import ChatTemplate
from orca_eval.model.tokenizer import TemplateTokenizer
from orca_eval.run import preflight
from orca_eval.run.plan import Question
from orca_eval.run.preflight import Preflight
from orca_eval.types import Completion, Sampling
from tests.run.fakes import FakeEngine, work
from tests.run.test_fit import Letters

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engines"))
from fault_server import Reply, Script, answer, serve

Output = pytest.CaptureFixture[str]


def reply(text: str | None, finish: str = "stop", **message: Any) -> Reply:
    """Without a count of tokens, by which a cut prompt would be seen."""
    return Reply(body={"choices": answer(text, finish, **message)["choices"]})


GOOD = "Let me see. ###Final answer: {B}"
# How a server answers that is set up wrongly, and what is said of it.
FAULTS: dict[str, tuple[Reply, str, str]] = {
    "all text is reasoning": (
        reply("", reasoning_content=f"Hm. {GOOD}"),
        "have all their text in the reasoning field",
        "reasoning=as_answer",
    ),
    "a thinker is cut, its thinking apart": (
        reply(None, "length", reasoning_content="Hm. Let me"),
        "are cut off at max_tokens=256 while still thinking",
        "max_tokens=32768, which its context leaves",
    ),
    "a thinker is cut, its thinking in the text": (
        reply("<think>Hm. Let me", "length"),
        "while still thinking",
        "sampling.thinking_budget=",
    ),
    "the next turn is written too": (
        reply(f"{GOOD}\nuser\nWhat is two and two?\nassistant\nThat is", "length"),
        "behind the end of their turn",
        "eos_token",
    ),
    "the end token is text": (
        reply(f"{GOOD}<|im_end|>\n<|im_start|>", "length"),
        "behind the end of their turn",
        "the server's chat template",
    ),
    "it never ends": (reply(f"{GOOD}\n" * 40, "length"), "or repeat themselves", "eos_token"),
    "max_tokens is small": (reply("First, we", "length"), "are cut off at", "max_tokens=32768"),
    "nothing comes": (reply(" \n"), "are empty", "the server's chat template"),
    "the head comes": (reply("assistant\nHm."), "the head of a turn", "no generation prompt"),
    "no answer comes": (reply("I like tea."), "no answer that can be read", "small and base"),
}


@pytest.fixture
def script() -> Iterator[Script]:
    with serve() as script:
        script.models = Reply(body={"data": [{"id": "tiny", "max_model_len": 65536}]})
        script.otherwise = lambda _: reply(GOOD)
        yield script


def run(script: Script, tmp_path: Path, *more: str) -> int:
    return main(
        [
            *("run", "engine=openai", f"engine.base_url={script.url}", "model.path=tiny"),
            *(f"results_dir={tmp_path}", "report.samples=false", "suite=quickstart"),
            *("suite.benchmarks=[arc_easy,mmlu,race]", "suite.averages=[]", *more),
        ]
    )


def asked(script: Script) -> Counter[str]:
    return Counter(json.dumps(body["messages"]) for body in script.bodies)


def said(capsys: Output) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if "preflight: " in line]


@pytest.mark.parametrize("setting", ["preflight=10", "preflight=strict", "preflight=strict:4"])
def test_a_healthy_run_asks_each_prompt_once(
    script: Script, tmp_path: Path, setting: str, capsys: Output
) -> None:
    assert run(script, tmp_path, setting) == 0
    assert len(script.bodies) > 20
    assert set(asked(script).values()) == {1}
    assert said(capsys) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_what_spoils_the_first_replies_is_said_with_the_setting_that_helps(
    script: Script, tmp_path: Path, fault: str, capsys: Output
) -> None:
    given, what, way = FAULTS[fault]
    script.otherwise = lambda _: given
    assert run(script, tmp_path, "preflight=10") == 0
    (line,) = said(capsys)
    assert line.startswith("preflight: 10 of the first 10 replies ")
    assert what in line
    assert way in line
    assert set(asked(script).values()) == {1}


def test_strict_ends_the_run_after_the_first_prompts(
    script: Script, tmp_path: Path, capsys: Output
) -> None:
    script.otherwise = lambda _: reply("", "length", reasoning_content="Hm.")
    assert run(script, tmp_path, "preflight=strict", "--json") == 1
    told = capsys.readouterr()
    outcome = json.loads(told.out)
    assert outcome["exit_code"] == 1
    assert outcome["error"].startswith("preflight: 10 of the first 10 replies are cut off")
    assert "stopped by preflight=strict" in outcome["error"]
    assert "\n" not in outcome["error"]
    assert len(script.bodies) == 10
    assert not list(tmp_path.glob("*/*/manifest.json"))

    assert run(script, tmp_path, "preflight=strict:4") == 1  # the first of the ten, all stored
    assert "4 of the first 4" in capsys.readouterr().err
    assert len(script.bodies) == 10
    assert run(script, tmp_path, "preflight=0") == 0
    assert said(capsys) == []
    assert set(asked(script).values()) == {1}


def test_several_samples_are_asked_as_often_as_they_are_wanted(
    script: Script, tmp_path: Path
) -> None:
    several = ("sampling.n=3", "sampling.temperature=0.5", "preflight=strict:2")
    assert run(script, tmp_path, *several) == 0
    assert set(asked(script).values()) == {3}


def test_by_default_a_short_run_is_its_own_preflight(
    script: Script, tmp_path: Path, capsys: Output
) -> None:
    script.otherwise = lambda _: reply("")
    assert run(script, tmp_path) == 0
    assert said(capsys) == []
    several = ("sampling.n=9", "sampling.temperature=0.5")
    assert run(script, tmp_path, *several) == 0
    assert "10 of the first 10 replies are empty" in said(capsys)[0]


def test_requests_that_fail_are_no_replies(script: Script, tmp_path: Path, capsys: Output) -> None:
    fault = Reply(400, {"error": {"message": "flagged", "code": "content_policy_violation"}})
    script.replies = [reply(GOOD), *[fault] * 5]
    more = ("engine.max_in_flight=1", "failed_share=1", "engine.max_retries=0")
    assert run(script, tmp_path, "preflight=strict", *more) == 0


# --- without a run -------------------------------------------------------------------------------


def questions(*counts: int) -> list[Question]:
    """So many of each benchmark, one after the other."""
    made = []
    for benchmark, count in enumerate(counts):
        for number in range(count):
            found = work(1000 * benchmark + number, f"question {benchmark} {number}").question
            (waiting,) = found.waiting
            named = waiting._replace(doc=waiting.doc._replace(benchmark=f"b{benchmark}"))
            found.waiting = [named]
            made.append(found)
    return made


class Heard:
    """A preflight of questions that are answered in turn, by a template if one is given."""

    def __init__(self, *settings: str, counts: Sequence[int] = (20, 20), source: str = "") -> None:
        config = run_config(compose_verb("run", ["suite=quickstart", *settings]))
        engine = FakeEngine()
        if source:
            template = ChatTemplate(source)
            engine.tokenizer = TemplateTokenizer(template, Letters(), "letters")  # type: ignore[assignment]
        self.said: list[str] = []
        self.preflight = Preflight(config, engine, self.said.append)
        self.questions = questions(*counts)
        self.preflight.choose(self.questions)
        self.order: list[str] = []

    def answer(self, completion: Callable[[int], Completion]) -> None:
        number = 0
        for part in self.preflight.parts(self.questions):
            for question in part:
                waiting = question.waiting[0]
                self.order.append(waiting.doc.benchmark)
                item = work(waiting.doc.doc_id, "")._replace(question=question)
                self.preflight.hear(item, completion(number))
                number += 1


def test_the_prompts_are_spread_over_the_benchmarks() -> None:
    heard = Heard("preflight=6", counts=(40, 2, 9))
    heard.answer(lambda _: Completion("x", "stop", 1, 1))
    assert Counter(heard.order[:6]) == {"b0": 2, "b1": 2, "b2": 2}
    assert len(heard.order) == 51


@pytest.mark.parametrize(("faulty", "lines"), [(0, 0), (3, 0), (4, 1), (10, 1)])
def test_more_than_a_third_is_too_many(faulty: int, lines: int) -> None:
    heard = Heard("preflight=10")
    empty, good = Completion("", "stop", 1, 0), Completion("###Final answer: {yes}", "stop", 1, 1)
    heard.answer(lambda number: empty if number < faulty or number >= 10 else good)
    assert len(heard.said) == lines


def test_each_cause_has_a_line_the_most_frequent_first() -> None:
    heard = Heard("preflight=10")
    empty, cut = Completion("", "stop", 1, 0), Completion("So I", "length", 1, 9)
    heard.answer(lambda number: cut if number % 3 else empty)
    assert [line.split(";")[0].split(":")[1] for line in heard.said] == [
        " 6 of the first 10 replies are cut off at max_tokens=256",
        " 4 of the first 10 replies are empty",
    ]


UNOPENED = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}</s>{% endfor %}"


@pytest.mark.parametrize("text", ["", "assistant\nI think so, but who knows?", "I like tea."])
def test_a_template_without_a_generation_prompt_is_named(text: str) -> None:
    heard = Heard("preflight=10", source=UNOPENED)
    heard.answer(lambda _: Completion(text, "stop", 1, 1))
    (line,) = heard.said
    assert "the template writes no generation prompt" in line
    assert "model.chat_template=" in line


def test_reasoning_that_is_read_as_the_answer_is_one() -> None:
    heard = Heard("preflight=strict", "reasoning=as_answer")
    heard.answer(lambda _: Completion("", "stop", 1, 1, "###Final answer: {yes}"))
    with pytest.raises(RunError, match="have all their text in the reasoning field"):
        Heard("preflight=strict").answer(lambda _: Completion("", "stop", 1, 1, "Hm."))


def test_a_replay_is_looked_at_where_that_is_asked_for() -> None:
    replay = ("engine=replay", "engine.script=x")
    for settings, lines in (((), 0), (("preflight=10",), 1)):
        heard = Heard(*replay, *settings, counts=(preflight.LEAST + 1,))
        heard.answer(lambda _: Completion("", "stop", 1, 0))
        assert len(heard.said) == lines


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("null", None),
        ("0", PreflightConfig(0)),
        ("25", PreflightConfig(25)),
        ("strict", PreflightConfig(10, strict=True)),
        ("strict:25", PreflightConfig(25, strict=True)),
    ],
)
def test_a_number_strictness_or_both(given: str, read: PreflightConfig | None) -> None:
    assert run_config(compose_verb("run", [f"preflight={given}"])).preflight == read
    assert Sampling().told() == run_config(compose_verb("run", ["max_tokens=1024"])).sampling.told()
