"""Strategies: what is asked of a doc, call by call, whatever its task asks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orca_eval.benchmarks.types import Task
from orca_eval.cli import main
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.schema import Call, RunConfig
from orca_eval.paths import CONF
from orca_eval.run.strategy import Asking, asked_in_calls, with_strategy
from orca_eval.types import Completion, Doc, Message, Scored, Step
from tests.run.fakes import FakeEngine

NAMES = sorted(path.stem for path in CONF.glob("strategy/*.yaml"))
DOC = Doc("b", "t", 0, "h", (Message(role="user", content="What is {reply}?"),), "text", ())


def config(*overrides: str) -> RunConfig:
    return run_config(compose_verb("run", overrides))


def answer(text: str) -> Completion:
    return Completion(text, "stop", 1, 1)


def test_own_is_todays_run() -> None:
    own = config()
    assert own.strategy.name == "own"
    assert not own.strategy.asks
    assert with_strategy([], own, FakeEngine()) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name != "own"])
def test_each_has_a_system_and_a_user_form(name: str) -> None:
    strategy = config(f"strategy={name}").strategy
    assert strategy.name == name
    assert strategy.in_steps == name.endswith("two_calls")
    for number, call in enumerate(strategy.calls):
        assert call.system.endswith(".")
        assert call.user.endswith(".")
        assert "{question}" in call.turn
        assert ("{reply}" in call.turn) == bool(number)


def test_both_that_recall_first_share_their_first_call() -> None:
    names = ("recall_generate_two_calls", "recall_reason_generate_two_calls")
    one, other = (config(f"strategy={name}").strategy for name in names)
    assert one.calls[0] == other.calls[0]


def test_the_instruction_stands_behind_the_prompts_own_message() -> None:
    call = Call("Be quick.", "Be quick now.")
    step = Step(DOC.messages)
    system = Asking((call,), "You are kind.", in_system=True).step(step, call, "")
    said = [message["content"] for message in system.messages]
    assert said == ["You are kind.\n\nBe quick.", "What is {reply}?"]
    user = Asking((call,), "You are kind.", in_system=False).step(step, call, "")
    assert [m["content"] for m in user.messages] == ["Be quick now.\n\nWhat is {reply}?"]


def two_turns(_doc: Doc, done: Any) -> Step | None:
    """A task of two questions, then a judge's verdict."""
    if len(done) < 2:
        texts = ["first", *(text for a in done for text in (a.text, "second"))]
        pairs = zip(("user", "assistant", "user"), texts, strict=False)
        return Step(tuple(Message(role=role, content=text) for role, text in pairs))
    if len(done) == 2:
        return Step((Message(role="system", content="Judge."), DOC.messages[0]), who="judge")
    return None


def test_every_question_of_a_task_becomes_the_calls_and_a_judges_does_not() -> None:
    seen: list[list[str]] = []

    def score(_doc: Doc, done: Any) -> Scored:
        seen.append([a.text for a in done])
        return Scored(None, "mine", None, 1.0)

    task = Task("t", "1", (DOC,), 1, None, {}, score, two_turns)
    asked = asked_in_calls(task, "b", config("strategy=recall_generate_two_calls"), in_system=True)
    done: list[Completion] = []
    steps = []
    while step := asked.next_step(DOC, done):
        steps.append(step)
        done.append(answer(f"<think>hm</think>a{len(done)}"))
    assert [step.who for step in steps] == ["model"] * 4 + ["judge"]
    assert steps[1].messages[-1]["content"] == "Notes:\na0\n\nQuestion:\nfirst"
    assert steps[2].messages[1]["content"] == "first"  # the task's own words, no instruction
    assert steps[2].messages[2]["content"].endswith("a1")  # what the task was answered
    assert steps[4].messages[0]["content"] == "Judge."
    asked.score(DOC, done)
    assert seen == [["<think>hm</think>a1", "<think>hm</think>a3", "<think>hm</think>a4"]]
    assert [step for step, _ in asked.conversation(DOC, done)] == steps


def test_nothing_follows_a_call_that_failed() -> None:
    task, chosen = Task("t", "1", (DOC,), 1, None, {}), config("strategy=recall_generate_two_calls")
    asked = asked_in_calls(task, "b", chosen, in_system=True)
    failed = Completion("", "failed", 0, 0)
    assert asked.next_step(DOC, [failed]) is None
    assert [pair[1] for pair in asked.conversation(DOC, [failed])] == [failed]


def run(tmp_path: Path, *overrides: str) -> Path:
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": "It is B.\n###Final answer: {B}"}))
    results = tmp_path / "results"
    before = set(results.glob("*/*/manifest.json"))
    command = [
        *("run", "engine=replay", f"engine.script={script}", f"results_dir={results}"),
        *("suite.benchmarks=[arc_easy,gsm8k]", "suite.quickstart=true"),
    ]
    assert main([*command, *overrides]) == 0
    (manifest,) = set(results.glob("*/*/manifest.json")) - before
    return manifest.parent


def test_a_run_of_two_calls_counts_both_and_shares_the_first(tmp_path: Path) -> None:
    folder = run(tmp_path, "strategy=recall_generate_two_calls", "prompt=cautious")
    assert folder.name.startswith("arc_easy+gsm8k-cautious-recall_generate_two_calls-")
    samples = pd.read_parquet(folder / "samples.parquet")
    assert (samples["completion_tokens"] == 2 * 6).all()
    assert samples["prompt"].str.contains("Notes:\nIt is B.").all()
    assert [len(json.loads(cell)) for cell in samples["conversation"]] == [2] * len(samples)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["strategy"]["name"] == "recall_generate_two_calls"
    assert any("in the system turn" in note for note in manifest["notes"])
    other = run(tmp_path, "strategy=recall_reason_generate_two_calls", "prompt=cautious")
    again = json.loads((other / "manifest.json").read_text())["samples"]
    assert again["reused"] == len(samples)  # every first call
    own = json.loads((run(tmp_path) / "manifest.json").read_text())
    assert "strategy" not in own


def test_one_of_ones_own_is_a_file_and_may_choose_by_task(tmp_path: Path) -> None:
    folder = tmp_path / "mine/strategy"
    folder.mkdir(parents=True)
    (folder / "terse.yaml").write_text(
        "defaults: [own]\nname: terse\ncalls: [{system: Be terse., user: Terse.}]\n"
    )
    (folder / "routed.yaml").write_text(
        "defaults: [own]\nname: routed\notherwise: a\nby_task: {gsm8k: b}\n"
        "strategies: {a: [], b: [{system: Be b., user: B.}]}\nchosen: {run: here}\n"
    )
    mine = f"conf.path={tmp_path / 'mine'}"
    assert config("strategy=terse", mine).strategy.calls == (Call("Be terse.", "Terse."),)
    ran = run(tmp_path, "strategy=routed", mine, "strategy.form=user")
    samples = pd.read_parquet(ran / "samples.parquet")
    told = samples["prompt"].str.startswith("B.\n\n")
    assert (told == (samples["benchmark"] == "gsm8k")).all()
    notes = json.loads((ran / "manifest.json").read_text())["notes"]
    assert "Strategy routed: chosen by task, from run here." in notes


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("calls: [{system: x}]", "strategy.calls.0.user"),
        ("calls: [{system: x, user: y, other: z}]", "strategy.calls.0.other: unknown"),
        ("by_task: {gsm8k: b}\notherwise: a\nstrategies: {a: []}", "strategy.by_task.gsm8k=b"),
        ("by_task: {gsm8k: a}\nstrategies: {a: []}", "strategy.otherwise=None"),
        ("form: above", "strategy.form=above"),
    ],
)
def test_mistakes_in_a_file_are_told_in_a_line(
    file: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "strategy").mkdir()
    (tmp_path / "strategy/mine.yaml").write_text(f"defaults: [own]\nname: mine\n{file}\n")
    command = ["run", "strategy=mine", f"conf.path={tmp_path}", "engine=replay"]
    assert main([*command, "engine.script=none"]) == 3
    assert said in capsys.readouterr().err
