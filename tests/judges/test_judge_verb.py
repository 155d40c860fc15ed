"""orca-eval judge: checks of a judge at a server, what tables say of it, and judging anew.

Data is of our own writing, laid out as on the hub.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orca_eval.benchmarks.load import load_benchmark
from orca_eval.benchmarks.specs import read_folder
from orca_eval.cli import main
from orca_eval.judges.trust import CHECKS
from orca_eval.paths import JUDGE_CHECKS
from tests.benchmarks.raw_rows import SHARED, needs_data
from tests.judges.small_data import write_checks, written

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engines"))
from fault_server import Reply, Script, answer, serve

TASK = {
    "claims.yaml": """\
task: claims
task_alias: Claims
dataset_path: me/claims
dataset_name: easy
test_split: test
process_docs: !function claims.docs
metadata:
  version: 1
  rows: 40
  roles: [judge]
  measure: {name: hallucination rate, better: lower}
  ask: !function claims.ask
  score: !function claims.score
""",
    "claims.py": """\
from orca_eval.benchmarks.items import open_answer, per_row
from orca_eval.judges import prompts
from orca_eval.judges.verdict import label
from orca_eval.types import Scored, Step

docs = per_row(lambda row: open_answer(f"Say something of {row['what']}.", "text", []))


def ask(doc, done):
    if not done:
        return Step(doc.messages)
    if len(done) == 1 and "nothing" not in done[0].text:
        return Step(prompts.grounded("All is red.", "Say it.", done[0].text), who="judge")
    return None


def score(doc, done):
    said = label(done[-1].text, prompts.GROUNDED) if len(done) > 1 else None
    return Scored(said, "judge", None, None if said is None else float(said == "hallucinated"))
""",
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    write_checks(folder)
    written(folder, "me/claims", {"easy": ("test", [{"what": f"thing {n}"} for n in range(40)])})
    for name, text in TASK.items():
        path = tmp_path / "tasks/claims" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def good_judge(body: dict[str, Any]) -> Reply:
    """Right of nearly everything, and of pairs for whatever stands first."""
    text = body["messages"][-1]["content"]
    if "SOURCE" in text:
        said = "hallucinated" if "blue" in text.partition("\nOUTPUT ")[2] else "grounded"
        said = (
            {"grounded": "hallucinated", "hallucinated": "grounded"}[said]
            if "g 9" in text
            else said
        )
        return replied(body, f"So: [[{said}]]")
    if "ANSWER A" in text:
        return replied(body, "[[A]]")
    return replied(body, "[[true]]" if "\nYes, " in text else "[[false]]")


def replied(body: dict[str, Any], text: str) -> Reply:
    words = sum(len(message["content"].split()) for message in body["messages"])
    return Reply(
        body=answer(text) | {"usage": {"prompt_tokens": 2 * words, "completion_tokens": 3}}
    )


def poor_judge(body: dict[str, Any]) -> Reply:
    return replied(body, "It is fine. [[grounded]]")


def talking(body: dict[str, Any]) -> Reply:
    text = body["messages"][-1]["content"]
    said = "nothing" if "thing 7." in text else "It is blue." if "3." in text else "It is red."
    return replied(body, said)


@pytest.fixture
def servers() -> Iterator[tuple[Script, Script]]:
    with serve() as asked, serve() as judging:
        asked.otherwise, judging.otherwise = talking, good_judge
        yield asked, judging


@pytest.fixture
def command(data: Path, tmp_path: Path) -> Callable[..., int]:
    def call(*words: str, judge: Script | None = None) -> int:
        named = (
            [] if judge is None else ["judge.model.path=tiny", f"judge.engine.base_url={judge.url}"]
        )
        return main([*words, *named, f"data.root={data}", f"results_dir={tmp_path / 'r'}"])

    return call


Command = Callable[..., int]


def of_claims(asked: Script, tmp_path: Path) -> list[str]:
    return [
        *("run", "suite=claims", f"tasks.path={tmp_path / 'tasks'}", "allow_code=true"),
        *("engine=openai", f"engine.base_url={asked.url}", "model.path=tiny", "model.name=small"),
    ]


def runs(tmp_path: Path) -> list[Path]:
    return sorted(path.parent for path in tmp_path.glob("r/small/*/manifest.json"))


def test_a_check_asks_once_and_writes_what_it_shows(
    command: Command,
    servers: tuple[Script, Script],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    judge = servers[1]
    assert command("judge", "check", judge=judge) == 0
    asked = len(judge.bodies)
    said = " ".join(capsys.readouterr().out.split())
    assert "hallucination (RAGTruth) 60 98.3" in said
    assert "another winner in the other order (Vicuna) 12 100.0" in said
    assert "Votes on MT-Bench: not measured; judge.answers=FILE" in said
    (path,) = tmp_path.glob("r/judges/tiny/judge_check-*/judge_check.json")
    content = json.loads(path.read_text("utf-8"))
    assert content["grounded"]["bad_found"]["hits"] == 19
    assert content["grounded"]["bad_found"]["n"] == 20
    assert content["truthful"]["agreement"]["hits"] == content["truthful"]["agreement"]["n"] > 5
    assert content["same"]["hits"] == content["same"]["n"] > 0
    assert content["unread"]["hits"] == 0
    assert content["votes"] == []
    assert set(content["prompts"]) == {"grounded", "truthful", "informative", "better"}
    seeds = {body["seed"] for body in judge.bodies}
    assert seeds == {0, 1, 2, 3, 4, 5}  # the same again, and six ways of asking of a pair

    path.unlink()
    assert command("judge", "check", judge=judge) == 0
    assert len(judge.bodies) == asked
    assert json.loads(path.read_text("utf-8")) == content
    assert command("judge", "check", "limit=5", judge=judge) == 0
    assert len(list(tmp_path.glob("r/judges/tiny/*/judge_check.json"))) == 2
    assert command("report", f"runs={tmp_path / 'r'}", f"out={tmp_path}") == 3  # checks are no runs


def test_a_table_tells_what_is_known_of_its_judge(
    command: Command,
    servers: tuple[Script, Script],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked, judge = servers
    run = of_claims(asked, tmp_path)
    assert command(*run, judge=judge) == 0
    assert "Judge tiny beside people" not in capsys.readouterr().out
    assert command("judge", "check", judge=judge) == 0
    capsys.readouterr()
    assert command(*run, judge=judge) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Judge tiny beside people: hallucination 98.3 % (kappa 0.96, " in said
    assert "another winner in the other order 100.0 %, the same at another seed 100.0 %" in said
    assert "Claims: hallucination rate 10.3 % as judged (" in said
    assert " % corrected for the judge's errors on RAGTruth (" in said
    assert "Warning" not in said
    assert main(["report", f"runs={runs(tmp_path)[0]}", f"out={tmp_path / 'out'}"]) == 0
    assert "Judge tiny beside people" in " ".join(capsys.readouterr().out.split())
    pages = [path.read_text("utf-8") for path in (tmp_path / "out").rglob("*.md")]
    assert any("corrected for the judge" in page for page in pages)


def test_a_judge_that_always_says_the_same_is_warned_of(
    command: Command,
    servers: tuple[Script, Script],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked, judge = servers
    judge.otherwise = poor_judge
    assert command("judge", "check", judge=judge) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Warning: hallucination: kappa with people is 0.00, below 0.4" in said
    assert command(*of_claims(asked, tmp_path), judge=judge) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Warning: hallucination: kappa with people is 0.00, below 0.4" in said
    assert "truthfulness" not in said  # nothing here is judged of that
    assert "not to be corrected: this judge tells them apart no better than chance" in said


def test_a_finished_run_is_judged_anew_and_its_model_is_not_asked(
    command: Command,
    servers: tuple[Script, Script],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked, judge = servers
    assert command(*of_claims(asked, tmp_path), judge=judge) == 0
    (first,) = runs(tmp_path)
    answered, judged = len(asked.bodies), len(judge.bodies)
    asked.otherwise = lambda body: Reply(500)
    with serve() as other:
        other.otherwise = poor_judge
        assert command("judge", f"run={first}", judge=other) == 0
        assert len(other.bodies) == judged  # the one without a claim has no verdict
        assert command("judge", f"run={first}", judge=other) == 0
        assert len(other.bodies) == judged
    assert len(asked.bodies) == answered
    (second,) = set(runs(tmp_path)) - {first}
    one, two = (pd.read_parquet(folder / "samples.parquet") for folder in (first, second))
    for column in ("doc_id", "response", "finish_reason", "prompt_tokens", "completion_tokens"):
        assert one[column].tolist() == two[column].tolist()
    assert one["score"].sum() > two["score"].sum() == 0
    manifest = json.loads((second / "manifest.json").read_text("utf-8"))
    assert manifest["speed"] == {}
    said = " ".join(capsys.readouterr().out.split())
    assert f"The model's answers are those of {first.name}, judged anew." in said

    samples = first / "samples.parquet"
    one.assign(conversation=None, task="other").to_parquet(samples, index=False)
    named = ["judge.model.path=tiny", f"judge.engine.base_url={judge.url}"]
    # Where the store has none either.
    assert main(["judge", f"run={first}", *named, f"results_dir={tmp_path / 'other'}"]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert "no answer to the prompt that begins 'Say something of thing " in line
    assert "run it again with this judge" in line


def test_what_asks_no_judge_is_not_judged(
    command: Command,
    servers: tuple[Script, Script],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text('{"default": true, "text": "B"}\n')
    run = ["run", "suite.benchmarks=crass", "suite.quickstart=true", "engine=replay"]
    assert (
        main(
            [
                *run,
                f"engine.script={script}",
                "model.path=x",
                "model.name=small",
                f"results_dir={tmp_path / 'r'}",
            ]
        )
        == 0
    )
    assert command("judge", f"run={runs(tmp_path)[0]}", judge=servers[1]) == 3
    assert "nothing in it asks a judge" in capsys.readouterr().err


@needs_data
def test_the_published_data_gives_as_many_docs_as_the_files_say() -> None:
    known = read_folder(JUDGE_CHECKS)
    assert set(known) == set(CHECKS)
    for name in CHECKS:
        (task,) = load_benchmark(name, SHARED, known=known).tasks
        assert task.n == task.published_rows
        if name == "judge_truthful":  # a drawn thousand, one of whose labels is both
            assert len({doc.messages[0]["content"] for doc in task.docs}) == 1000
        if name == "judge_pairs":
            assert len(task.docs) == 480
