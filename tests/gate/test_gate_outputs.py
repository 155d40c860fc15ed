"""Every output, with answers that are out to break it."""

from __future__ import annotations

import html
import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest
from conftest import shipped
from gate_runs import MANIFEST, flipped, samples, write_run
from lxml import etree

from orca_eval.gate import main_gate

HOSTILE = [
    "[red]rich markup[/red] :smile:",
    "\x1b[2J\x1b]0;title\x07",
    "::error file=x::pwned\n::set-output name=a::b",
    "##[command]x",
    "| a | b |\n| c |",
    "</code></td><script>alert(1)</script>",
    "![x](http://e.example/track.png) @everyone #1 [l](http://e.example)",
    "```\n</details>\n# heading",
    "]]></failure><failure/>",
    "\x00\x08\ufffe\ud800",
    "\u202ereversed",
    "x" * 100_000,
]


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A regression whose candidate answers are hostile, judged in a GitHub Actions job."""
    before = samples({"gsm8k/gsm8k": 2000}, right=1.0)
    after = flipped(before, 1200)
    wrong = after.index[after["score"] == 0]
    texts = [HOSTILE[i % len(HOSTILE)] for i in range(len(wrong))]
    after.loc[wrong, "answer"] = [t.encode(errors="replace").decode() for t in texts]
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    a, b = write_run(tmp_path / "a", before), write_run(tmp_path / "b", after)
    assert main_gate(a, b, shipped("default"), tmp_path / "out").exit_code == 1
    return tmp_path


def test_screen_is_free_of_escape_codes_and_commands(
    capsys: pytest.CaptureFixture[str], hostile: Path
) -> None:
    shown = capsys.readouterr().out
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
    commands = [line for line in shown.splitlines() if "::" in line or "##" in line]
    assert all(line.startswith("::error title=orca-eval gate::GSM8K: ") for line in commands)
    assert len(commands) == 1
    assert "<script>" in shown
    assert "[red]rich markup[/red] :smile:" in shown


def test_comment_is_short_enough_and_inert(hostile: Path) -> None:
    text = (hostile / "out" / "gate.md").read_text()
    assert len(text) <= 65_000
    for sign in ("<script", "![", "@everyone", "http://", "\n# ", "\n::"):
        assert sign not in text
    rows = [line for line in text.splitlines() if line.startswith("| <code>")]
    assert len(rows) > 100
    assert {line.count("|") for line in rows} == {5}
    assert text.endswith("</details>\n")
    assert text.count("<details>") == text.count("</details>") == 1
    assert re.search(r"\n\d[\d,]* more are in gate.json", text)


def test_step_summary_is_within_a_megabyte(hostile: Path) -> None:
    summary = (hostile / "summary.md").read_bytes()
    assert len(summary) <= 1_000_000
    assert summary.count(b"\n| <code>") == 1200


JUNIT = Path(sys.prefix) / "share" / "junit-10.xsd"


@pytest.mark.skipif(not JUNIT.is_file(), reason=f"needs {JUNIT} (make test puts it there)")
def test_junit_is_what_its_schema_says(hostile: Path) -> None:
    schema = etree.XMLSchema(etree.parse(JUNIT))
    schema.assertValid(etree.parse(hostile / "out" / "gate.xml"))


def test_junit_is_well_formed(hostile: Path) -> None:
    suite = ET.parse(hostile / "out" / "gate.xml").getroot()[0]
    assert suite.attrib["tests"] == "1"
    assert suite.attrib["failures"] == "1"
    assert [case.attrib["name"] for case in suite.iter("testcase")] == ["GSM8K"]
    assert suite.find("testcase/failure") is not None


def test_json_holds_every_flip_as_ascii(hostile: Path) -> None:
    raw = (hostile / "out" / "gate.json").read_bytes()
    assert raw.isascii()
    content = json.loads(raw)
    assert len(content["flips"]) == 1200
    assert max(len(flip["candidate_answer"]) for flip in content["flips"]) <= 500
    assert content["exit_code"] == 1


def test_hostile_names_of_benchmarks_and_tasks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "<b>|\x1b[1m\n::error::@x"
    frame = samples({f"{name}/{name}": 300, "gsm8k/gsm8k": 300})
    run = write_run(tmp_path / "run", frame)
    worse = write_run(tmp_path / "worse", flipped(frame, 100))
    assert main_gate(run, worse, shipped("smoke"), tmp_path / "out").exit_code == 1
    assert "\x1b" not in capsys.readouterr().out
    text = (tmp_path / "out" / "gate.md").read_text()
    assert "<b>" not in text
    assert "\n::" not in text
    ET.parse(tmp_path / "out" / "gate.xml")


def test_the_worst_benchmark_comes_first(tmp_path: Path) -> None:
    frame = samples({"crass/crass": 274, "gsm8k/gsm8k": 1000})
    after = flipped(flipped(frame, 5, 0, "crass"), 200, 0, "gsm8k")
    a, b = write_run(tmp_path / "a", frame), write_run(tmp_path / "b", after)
    main_gate(a, b, shipped("default"), tmp_path / "out")
    order = [f["benchmark"] for f in json.loads((tmp_path / "out/gate.json").read_text())["flips"]]
    assert order == ["gsm8k"] * 200 + ["crass"] * 5


@pytest.mark.parametrize("full", [200, 4934])
def test_every_output_says_what_each_score_is_over_its_tasks(
    full: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = samples({"bbh/a": 100, "bbh/b": 100, "race/high": 100, "race/middle": 100})
    sizes = {"bbh": {"full_n": 200}, "race": {"full_n": full}}
    run = write_run(tmp_path / "run", frame, MANIFEST | {"benchmarks": sizes})
    assert main_gate(run, run, shipped("smoke"), tmp_path / "out").exit_code == 0
    pooled = "2 tasks pooled" + (" as sampled" if full > 200 else "")
    kinds = f"Scores: BBH mean of 2 tasks, RACE {pooled}."
    files = (tmp_path / "out" / name for name in ("gate.md", "gate.xml", "gate.json"))
    for text in (capsys.readouterr().out, *(file.read_text() for file in files)):
        shown = " ".join(html.unescape(text).split())
        assert kinds in shown
        assert ("not by their full size" in shown) == (full > 200)


def test_no_workflow_commands_outside_of_github(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = samples({"gsm8k/gsm8k": 1000})
    a, b = write_run(tmp_path / "a", frame), write_run(tmp_path / "b", flipped(frame, 200))
    assert main_gate(a, b, shipped("default")).exit_code == 1
    assert "::" not in capsys.readouterr().out
    assert {p.name for p in tmp_path.iterdir()} == {"a", "b"}  # nothing is written unasked
    main_gate(a, b, shipped("default"), tmp_path / "out")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"gate.md", "gate.xml", "gate.json"}


def test_json_knows_no_nan(tmp_path: Path) -> None:
    frame = samples({f"bbh/t{i}": 1 for i in range(5)}, right=1.0).drop(columns="response")
    a, b = write_run(tmp_path / "a", frame), write_run(tmp_path / "b", flipped(frame, 3))
    assert main_gate(a, b, shipped("smoke"), tmp_path / "out").exit_code == 2
    (line,) = json.loads((tmp_path / "out" / "gate.json").read_text())["lines"]
    assert line["drop_low"] is None
    assert line["detectable"] is None


def test_only_the_required_columns_are_needed(tmp_path: Path) -> None:
    columns = ["benchmark", "task", "doc_id", "doc_hash", "score", "answer", "finish_reason"]
    frame: pd.DataFrame = samples({"gsm8k/gsm8k": 300})[columns]
    run = write_run(tmp_path / "run", frame)
    assert main_gate(run, run, shipped("default"), tmp_path / "out").exit_code == 0
    (line,) = json.loads((tmp_path / "out" / "gate.json").read_text())["lines"]
    assert set(line["rates"]) == {"unanswered", "truncated"}
