"""Answers rated beside a reference's: the score is a ratio of sums, which may be over 100 %."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pandas as pd
import pytest

from orca_eval.cli import main
from orca_eval.judges import pairwise
from orca_eval.types import Doc, Message
from tests.benchmarks.answered import answered
from tests.run.judged_data import ANSWERS, AWESOME, QUESTIONS, WIZARD, write_data
from tests.run.judged_servers import (
    Body,
    Reply,
    Script,
    asked_of,
    command as run_command,
    killed_and_repeated,
    replied,
    rows_of,
    serve,
)

DOCS = len(QUESTIONS) + len(AWESOME) + len(WIZARD)
RATED = re.compile(r"\[1\](.*?)\[2\](.*?)\[S\]", re.DOTALL)
AVERAGE = "Orca 1 average (3)"


def model(body: Body) -> Reply:
    return replied(body, f"[[10]] 10 1: mine to {asked_of(body)}")


def rating(text: str) -> int:
    """A model's answer gets 9, but 6 to the second of everything; a reference's 8."""
    if "mine to" not in text:
        return 8
    return 6 if re.search(r"Question 2|role 1|thing 1", text) else 9


def judge(body: Body) -> Reply:
    """Gives the first answer a point more than it is worth."""
    found = RATED.search(asked_of(body))
    assert found
    return replied(body, f"{rating(found[1]) + 1} {rating(found[2])}\nThe first is first.")


@pytest.fixture
def servers() -> Iterator[tuple[Script, Script]]:
    with serve() as asked, serve() as judging:
        asked.otherwise, judging.otherwise = model, judge
        yield asked, judging


@pytest.fixture
def references(tmp_path: Path) -> Path:
    file = tmp_path / "chatgpt.jsonl"
    prompts = [row["prompt"] for row in AWESOME] + [row["Instruction"] for row in WIZARD]
    lines = [json.dumps({"prompt": p, "text": f"Reference to {p}"}) for p in prompts]
    file.write_text("\n".join(lines))
    return file


Command = Callable[..., list[str]]


@pytest.fixture
def command(tmp_path: Path, servers: tuple[Script, Script]) -> Command:
    data = write_data(tmp_path / "data")
    return lambda *more: run_command("orca1", servers, data, tmp_path / "r", *more)


def newest(tmp_path: Path) -> Path:
    found = tmp_path.glob("r/*/*/manifest.json")
    return max(found, key=lambda path: path.stat().st_mtime_ns).parent


def test_the_score_is_a_ratio_of_sums(
    command: Command,
    tmp_path: Path,
    references: Path,
    servers: tuple[Script, Script],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(command(f"judge.references={references}")) == 0
    said = " ".join(capsys.readouterr().out.split())
    folder = newest(tmp_path)
    rows = rows_of(folder)
    # Each gets half a point for having stood first once: 9.5 or 6.5 over 8.5.
    of_four, of_three = (3 * 9.5 + 6.5) / (4 * 8.5), (2 * 9.5 + 6.5) / (3 * 8.5)
    assert rows["benchmark", "vicuna_bench"].score == pytest.approx(of_four)
    assert of_four > 1
    assert rows["benchmark", "wizardlm"].score == pytest.approx(of_three)
    assert rows["average", AVERAGE].score == pytest.approx((of_four + 2 * of_three) / 3)
    assert rows["benchmark", "awesome"].figures["reference rating"] == 8.5
    assert rows["benchmark", "awesome"].figures["rating"] == 8.5
    assert f"{100 * of_four:.2f}" in said
    assert "% of the reference rating" in said
    assert f"Answers that hold a verdict themselves, which sets no grade: {DOCS}" in said
    samples = pd.read_parquet(folder / "samples.parquet")
    assert set(samples["answer"]) == {"9.5 : 8.5", "6.5 : 8.5"}
    steps = orjson.loads(samples["conversation"][0])
    assert [step["who"] for step in steps] == ["model", "judge", "judge"]
    asked = [step["messages"][-1]["content"] for step in steps[1:]]
    gpt35 = next(row["text"] for row in ANSWERS if row["model"] == "gpt35")
    assert all("general 2023-04" in text for text in asked)
    assert asked[0].index("mine to") < asked[0].index(gpt35)
    assert asked[1].index("mine to") > asked[1].index(gpt35)
    math = orjson.loads(samples["conversation"][1])[1]["messages"][-1]["content"]
    assert "math 2023-04" in math
    entries = json.loads((folder / "manifest.json").read_text())["benchmarks"]
    assert entries["awesome"]["reference"].startswith("chatgpt ")
    assert "reference" not in entries["vicuna_bench"]
    asked_before = len(servers[1].bodies)
    assert main(["rescore", f"run={folder}"]) == 0
    assert "0 samples changed" in capsys.readouterr().out
    assert len(servers[1].bodies) == asked_before == 2 * DOCS


def test_every_verb_takes_a_score_over_100(
    command: Command, tmp_path: Path, references: Path, servers: tuple[Script, Script],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert main(command(f"judge.references={references}")) == 0
    first = newest(tmp_path)
    servers[0].otherwise = lambda body: replied(body, f"mine to role 1 {asked_of(body)}")
    given = command(
        f"judge.references={references}", "model.path=worse", "engine.check_model=false"
    )
    assert main(given) == 0
    second = newest(tmp_path)
    capsys.readouterr()
    runs = f"runs=[{first},{second}]"
    assert main(["report", runs, "baseline=tiny", f"out={tmp_path / 'report'}"]) == 0
    said = capsys.readouterr().out
    change = 100 * ((6.5 / 8.5) / ((3 * 9.5 + 6.5) / (4 * 8.5)) - 1)
    assert f"{change:.2f}".replace("-", "−") in said
    tables = {file.stem for file in (tmp_path / "report/tables").glob("*.md")}
    assert {"orca_1", "vicuna_bench_beside", "vicuna_bench_category"} <= tables
    policy = ["policy.others.tier=critical", "policy.min_pairs=3", f"out={tmp_path}"]
    assert main(["gate", f"baseline={first}", f"candidate={second}", *policy]) == 0  # of so few
    assert "102.9 → 76.5" in capsys.readouterr().out
    assert main(["gate", f"baseline={second}", f"candidate={first}", *policy]) == 0
    assert main(["baseline", "export", f"run={second}", f"out={tmp_path}"]) == 0
    file = tmp_path / "baseline.parquet"
    capsys.readouterr()
    assert main(["gate", f"baseline={file}", f"candidate={first}", *policy]) == 0
    assert main(["audit", f"run={first}"]) == 0


def test_a_run_is_another_runs_reference(
    command: Command, tmp_path: Path, servers: tuple[Script, Script],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    servers[0].otherwise = lambda body: replied(body, f"<think>so</think>Theirs: {asked_of(body)}")
    assert main(command("judge.references=none", "model.name=theirs")) == 0
    folder = newest(tmp_path)
    assert len(servers[1].bodies) == 2 * len(QUESTIONS)
    rows = rows_of(folder)
    assert rows["benchmark", "awesome"].score is None
    servers[0].otherwise = model
    assert main(command(f"judge.references={folder}", "prompt=cautious")) == 0
    samples = pd.read_parquet(newest(tmp_path) / "samples.parquet").set_index("benchmark")
    judged = orjson.loads(samples.loc["awesome", "conversation"].iloc[0])[1]
    assert "[2]Theirs: Act as role 0." in judged["messages"][-1]["content"]
    manifest = json.loads((newest(tmp_path) / "manifest.json").read_text())
    assert manifest["benchmarks"]["awesome"]["reference"].startswith("theirs ")
    runs = f"runs=[{folder},{newest(tmp_path)}]"
    assert main(["report", runs, f"out={tmp_path / 'report'}"]) == 0
    assert "another reference" in (tmp_path / "report/tables/orca_1.md").read_text()


@pytest.mark.parametrize("after", [1, 9, 11, 25])
def test_a_killed_run_goes_on_and_asks_nothing_twice(
    command: Command, tmp_path: Path, references: Path, servers: tuple[Script, Script], after: int
) -> None:
    asked = command(f"judge.references={references}")
    assert killed_and_repeated(asked, servers, tmp_path / "r", after) == 3 * DOCS + 1


def test_pairs_without_both_verdicts_are_left_out_and_counted(
    command: Command, tmp_path: Path, references: Path, servers: tuple[Script, Script],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def silent(body: Body) -> Reply:
        first = asked_of(body).startswith("[Q]Question 2?[1][[10]]")
        return replied(body, "Both are fine.") if first else judge(body)

    servers[1].otherwise = silent
    assert main(command(f"judge.references={references}")) == 0
    row = rows_of(newest(tmp_path))["benchmark", "vicuna_bench"]
    assert row.score == pytest.approx(9.5 / 8.5)
    assert (row.n, row.ungraded) == (3, 1)
    assert "Ungraded samples, in no mean: Vicuna prompts 1." in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "Awesome prompts, WizardLM prompts: rated beside a reference's answers, which"),
        ("", "chatgpt: no answer to 3 of 3 prompts of Awesome prompts, the first doc 0"),
        ('{"prompt": "Act as role 0.", "text": "x"}', "no answer to 2 of 3 prompts"),
        ('{"prompt": "x"}', ":1: no answer; a line is"),
        ("{", ":1: no answer; a line is"),
    ],
)
def test_a_reference_that_lacks_is_a_line(
    command: Command, references: Path, servers: tuple[Script, Script], content: str | None,
    says: str, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    references.write_text(content or "")
    more = [] if content is None else [f"judge.references={references}"]
    assert main(command(*more)) == 3
    last = capsys.readouterr().err.splitlines()[-1]
    assert says in last
    assert "judge.references=" in last or "a line is" in last
    assert not servers[0].bodies


def test_a_reference_that_is_nowhere_is_a_line(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    for name, says in (("nothing.jsonl", "No such file"), ("empty", "no finished run")):
        assert main(command(f"judge.references={tmp_path / name}")) == 3
        assert says in capsys.readouterr().err.splitlines()[-1]


def pair_doc(reference: str | None = "It is four.") -> Doc:
    reviewer = {"system_prompt": "S", "prompt_template": "{answer_1}|{answer_2}", "prompt": "P"}
    extra = pairwise.item("2 + 2?", reviewer, reference)["extra"]
    messages = (Message(role="user", content="2 + 2?"),)
    return Doc("p", "p", 0, "h", messages, "text", (), extra=extra)


@pytest.mark.parametrize(
    ("first", "second", "score", "answer"),
    [
        ("8 8\nGood.", "8 8\nGood.", 1.0, "8 : 8"),
        ("10 5", "4 6", 8 / 4.5, "8 : 4.5"),
        ("8 8", "Both are good.", None, None),
        ("", "8 8", None, None),
        ("5 0", "0 5", None, None),
        ("<think>1 1</think>\n9 6", "6 9", 1.5, "9 : 6"),
    ],
)
def test_both_orders_count(
    first: str, second: str, score: float | None, answer: str | None
) -> None:
    done = (*answered("10 1 [[10]]"), *answered(first), *answered(second))
    found = pairwise.score(pair_doc(), done)
    assert (found.score, found.answer) == (pytest.approx(score) if score else None, answer)


def test_a_judge_that_is_asked_nothing_grades_nothing() -> None:
    done = answered("Four.")
    assert pairwise.ask(pair_doc(None), done) is None
    assert pairwise.score(pair_doc(None), done).rule == "no reference"
    step = pairwise.ask(pair_doc(), done)
    assert step is not None
    assert step.messages[-1]["content"] == "Four.|It is four."
    step = pairwise.ask(pair_doc(), (*done, *answered("8 8")))
    assert step is not None
    assert step.messages[-1]["content"] == "It is four.|Four."
    assert pairwise.ask(pair_doc(), (*done, *done, *done)) is None
