"""`show` prints what a run with the same overrides asks, step by step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from orca_eval.benchmarks.types import Benchmark, Task
from orca_eval.cli import main
from orca_eval.types import Completion, Doc, Step

QUESTION = ({"role": "user", "content": "What is 2 + 2?"},)
FITS_NOT = ("max_tokens=900", "engine.context_length=910")
JUDGE = ("judge.model=smollm2-135m-instruct", "judge.engine=llama_cpp")


def shown(capsys: pytest.CaptureFixture[str], *overrides: str) -> str:
    assert main(["show", *overrides]) == 0
    return capsys.readouterr().out


def ask(doc: Doc, done: Sequence[Completion]) -> Step | None:
    """Asks the model twice, at a temperature of the task's own, then the judge."""
    if len(done) == 3:
        return None
    if len(done) == 2:
        message = {"role": "user", "content": f"Grade {done[-1].text}."}
        return Step((message,), who="judge")  # type: ignore[arg-type]
    return Step(doc.messages, temperature=0.7)  # type: ignore[arg-type]


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A benchmark that asks in three steps and has a stop string, in place of any other."""
    doc = Doc("own", "own", 0, "hash", QUESTION, "text", (), stop=("\n\n",))  # type: ignore[arg-type]
    task = Task("own", "1", (doc,), 1, None, {}, ask=ask)
    found = Benchmark("own", "Own", "pooled", (task,), "0" * 64, "here", roles=("model", "judge"))
    monkeypatch.setattr("orca_eval.verbs.show.load_suite", lambda config: [found])


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ((), "max_tokens 256, temperature 0.0, top_p 1.0"),
        (("max_tokens=7", "sampling.temperature=0.5"), "max_tokens 7, temperature 0.5"),
        (("sampling.seed=3",), "seed 3"),
        (("task=mmlu/anatomy",), "# mmlu/anatomy doc 0 · suite quickstart (packed items) · gold B"),
        (("prompt=none",), "no system message was given"),
        (("prompt=cautious",), "system\nYou are Orca"),
        (FITS_NOT, "# too long for a context of 910 tokens: over_long=error\n# 75 tokens, max_to"),
        ((*FITS_NOT, "over_long=shrink"), "over_long=shrink\n# 75 tokens, max_tokens 835,"),
    ],
)
def test_settings_are_those_of_the_run(
    overrides: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in shown(capsys, *overrides)


def test_the_ids_are_those_that_the_engine_gets(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, "ids=true").splitlines()
    ids = json.loads(lines[-1])
    assert any(line.startswith(f"# {len(ids)} tokens,") for line in lines)


@pytest.mark.usefixtures("own")
def test_a_benchmark_outside_of_the_suite_is_asked_as_a_suite_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = shown(capsys, "task=own")
    assert "suite own · gold none: a judge grades the answer" in text
    assert "max_tokens 1024" in text


@pytest.mark.usefixtures("own")
def test_every_step_is_shown_the_judges_too(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "task=own", "prompt=mt_bench_fastchat", *JUDGE)
    first, second, judged = text.split("\n# step ")
    assert "temperature 0.7" in first
    assert 'stop ["\\n\\n"]' in first
    assert second.startswith("2 asks the model\n")
    assert judged.startswith("3 asks the judge\n")
    assert "Grade <answer 2>." in judged
    assert "max_tokens 2048" in judged


@pytest.mark.usefixtures("own")
def test_without_a_judge_it_says_how_to_name_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\n# step 3 asks a judge: name it with judge.model=\n" in shown(capsys, "task=own")


def test_a_script_gets_messages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text('{"default": true, "text": "yes"}\n')
    text = shown(capsys, "engine=replay", f"engine.script={script}")
    assert "# 2 messages; the server applies its own template\n# max_tokens 256" in text
