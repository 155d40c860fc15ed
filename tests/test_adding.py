"""docs/adding.md: every example is taken out of the page and used, and mistakes are one line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orca_eval.api import compare, evaluate
from orca_eval.benchmarks.specs import known_specs
from orca_eval.cli import main
from orca_eval.config.compose import compose_verb
from orca_eval.errors import InputError
from orca_eval.paths import PACKAGE

PAGE = Path(__file__).parents[1] / "docs/adding.md"
BLOCKS = dict(re.findall(r"```\w+ file=(\S+)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
README = """---
configs:
- {config_name: easy, data_files: [{split: test, path: easy.jsonl}]}
- {config_name: hard, data_files: [{split: test, path: hard.jsonl}]}
---
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the page's files and data for its tasks."""
    for name, text in BLOCKS.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    data = tmp_path / "data/me/sums"
    data.mkdir(parents=True)
    (data / "README.md").write_text(README)
    easy = [{"sum": "1 + 1", "result": "2"}, {"sum": "5 + 7", "result": "12"}]
    (data / "easy.jsonl").write_text("".join(json.dumps(row) + "\n" for row in easy))
    (data / "hard.jsonl").write_text('{"sum": "11 + 1", "result": "12"}\n')
    (tmp_path / "script.jsonl").write_text('{"default": true, "text": "That makes 12."}\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


SOURCES = ["tasks.path=tasks", "allow_code=true", "data.root=data"]
REPLAY = ["engine=replay", "engine.script=script.jsonl"]


def said(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """The one line of a command that has to fail for bad input."""
    capsys.readouterr()
    assert main(list(command)) == 3
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("orca-eval: ")
    return line.removeprefix("orca-eval: ")


def test_a_task_from_outside_has_all_that_ours_have(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = evaluate("suite=my_sums", *SOURCES, *REPLAY)
    assert list(run.samples["rule"]) == ["last_sentence"] * 3
    assert run.scores["score"].round(3).tolist() == [0.667, 0.5, 1]
    folder = run.folder
    assert main(["tasks", *SOURCES]) == 0
    assert re.search(r"Sums +my_sums +2 +3 .* yes", capsys.readouterr().out)
    assert main(["show", "task=my_sums/hard", *SOURCES, *REPLAY]) == 0
    assert "11 + 1 = ?" in capsys.readouterr().out
    assert main(["show", "task=my_sums", "indices=true", *SOURCES, *REPLAY]) == 0
    assert json.loads(capsys.readouterr().out) == {"my_sums::easy": [0, 1], "my_sums::hard": [0]}
    shutil.rmtree(place / "tasks")  # a finished run needs them no more
    for verb in (["rescore"], ["audit"], ["baseline", "export"]):
        assert main([*verb, f"run={folder}"]) == 0
    assert main(["report", f"runs=[{folder}]", "out=report"]) == 0
    tables = place / "report/tables"
    assert "Arithmetic" in (tables / "arithmetic.md").read_text()
    assert "| easy | 2 |" in (tables / "my_sums_levels.md").read_text()
    assert "| all of them | 3 |" in (tables / "my_sums_categories.md").read_text()
    results = json.loads(next(folder.glob("results_*.json")).read_text())["results"]
    assert list(results) == ["my_sums", "my_sums::easy", "my_sums::hard"]
    capsys.readouterr()
    assert main(["gate", f"baseline={folder}", f"candidate={folder}", *POLICY]) == 0
    assert "Sums" in capsys.readouterr().out


POLICY = ["conf.path=conf", "policy=ours"]


def test_an_edited_function_makes_the_run_anew(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", "suite=brief", *SOURCES, *REPLAY]
    assert main(command) == 0
    file = place / "tasks/brief/brief.py"
    file.write_text(file.read_text().replace("min(100, len", "min(100, 2 + len"))
    assert main(command) == 0
    assert "changed since this run: the task brief" in capsys.readouterr().err
    assert main(command) == 0
    assert "this run is finished" in capsys.readouterr().err


def test_a_measure_is_printed_on_its_scale(place: Path) -> None:
    run = evaluate("suite=brief", *SOURCES, *REPLAY)
    assert (place / run.folder).is_dir()
    assert run.scores["score"].tolist() == [3]
    assert run.manifest.benchmarks["brief"].measure.better == "lower"


def test_the_judge_may_be_an_engine_from_outside(place: Path) -> None:
    judge = ["judge.engine=shouting:Shouting", "judge.engine.mark=5", "judge.model.path=none"]
    run = evaluate("suite=polite", *SOURCES, *REPLAY, *judge)
    assert (place / run.folder).is_dir()
    assert run.scores["score"].tolist() == [5]


def test_own_choices_stand_beside_ours(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["conf.path=conf", "model=mine", "prompt=terse"]
    engine = ["engine=shouting:Shouting", "engine.mark=?"]
    run = evaluate("suite=my_sums", *SOURCES, *chosen, *engine)
    assert run.samples["response"][0].startswith("1 + 1 = ?\nAT THE END")
    assert run.samples["response"][0].endswith("?")
    assert (run.manifest.model.name, run.manifest.prompt.name) == ("mine", "terse")
    assert run.manifest.engine.name == "shouting"
    suite = compose_verb("check", ["conf.path=conf", "suite=both"])["suite"]
    assert suite["benchmarks"] == ["my_sums", "gsm8k"]
    assert compare(run, run, policy="ours", conf="conf").verdict == "PASS"
    board = ["models=[mine]", "prompts=[terse,empty]", "out=board", "suite=my_sums"]
    assert main(["leaderboard", "conf.path=conf", *board, *SOURCES, *REPLAY]) == 0
    assert (
        main(["run", "-m", "conf.path=conf", "model=glob(mi*)", *SOURCES, *REPLAY, board[-1]]) == 0
    )
    capsys.readouterr()
    assert main(["tasks", "conf.path=conf"]) == 0
    assert "both: my_sums, gsm8k" in capsys.readouterr().out
    assert (place / "board/report.html").is_file()


def test_a_name_of_ours_is_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy("conf/model/mine.yaml", "conf/model/orca-2-7b.yaml")
    line = said(capsys, "run", "conf.path=conf", "model=mine")
    assert line.endswith(
        "conf/model/orca-2-7b.yaml: model=orca-2-7b is one of ours; rename the file"
    )
    file = place / "tasks/sums/sums.yaml"
    file.write_text(file.read_text().replace("my_sums", "orca_mmlu"))
    line = said(capsys, "run", "suite=mmlu", *SOURCES, *REPLAY)
    assert line == "tasks/sums/sums.yaml: there is a benchmark mmlu already; rename this one"


def test_no_code_runs_unless_it_is_allowed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "tasks/sums/sums.py").write_text("open('ran', 'w')")
    for verb in ("run", "check", "show", "tasks"):
        line = said(capsys, verb, "tasks.path=tasks", *(REPLAY if verb != "tasks" else ()))
        assert line.endswith("its files run Python code; add allow_code=true to allow that")
    assert not (place / "ran").exists()


@pytest.mark.parametrize(
    ("group", "command"),
    [
        ("model", ["run", "model=x"]),
        ("prompt", ["run", "prompt=x"]),
        ("engine", ["run", "engine=x"]),
        ("data", ["tasks", "data=x"]),
        ("policy", ["gate", "policy=x"]),
        ("model", ["leaderboard", "models=[x]"]),
        ("suite", ["run", "suite=x", *REPLAY]),
    ],
)
@pytest.mark.usefixtures("place")
def test_what_is_not_found_says_where_it_goes(
    group: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"conf.path=DIR as DIR/{group}/NAME.yaml" in said(capsys, *command)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("conf.path=nowhere", "conf.path=nowhere: no such folder"),
        ("tasks.path=nowhere", "tasks.path=nowhere: no benchmark there"),
        ("engine=nowhere:X", "No module named 'nowhere'"),
        ("engine=shouting:X", "module 'shouting' has no attribute 'X'"),
        ("engine=json:dumps", "TypeError: dumps()"),
        ("engine=types:SimpleNamespace", "TypeError"),
        ("engine=unittest.mock:NonCallableMock", "is missing"),
    ],
)
def test_a_wrong_place_is_one_line(
    override: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in said(capsys, "check", "suite=my_sums", *SOURCES, *REPLAY, override)


@pytest.mark.parametrize(
    "content", ["a: [", "- a", b"a: \xff", "pth: a", "defaults: [nothing]", "name: ${x}", ""]
)
def test_a_broken_file_in_conf_is_one_line(
    place: Path, content: str | bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    text = content if isinstance(content, bytes) else content.encode()
    (place / "conf/model/bad.yaml").write_bytes(text)
    assert said(capsys, "check", "conf.path=conf", "model=bad", *SOURCES, *REPLAY)


MISTAKES: list[tuple[str, str, str]] = [
    ("group: my_sums", "group: 3", "id=3"),
    ("group_alias: Sums", "", "group_alias"),
    ("dataset_path: me/sums", "", "dataset_path"),
    ("test_split: test", "test_split: [a]", "test_split"),
    ("process_docs: !function sums.docs", "", "process_docs=None"),
    ("!function sums.docs", "!function sums.dogs", "no attribute 'dogs'"),
    ("!function sums.docs", "!function other.docs", "process_docs='other.docs'"),
    ("!function sums.docs", "sums.docs", "process_docs='sums.docs'"),
    ("[{weight_by_size: true}]", "3", "aggregate_metric_list"),
    ("[{weight_by_size: true}]", "[{weight: true}]", "aggregate_metric_list"),
    ("rows: 2}", "rows: two}", "rows='two'"),
    ("rows: 2}", "}", "rows=None"),
    ("version: 1, rows: 2", "version: [1], rows: 2", "version=[1]"),
    ("parts: levels", "parts: 3", "metadata.parts=3"),
    ("[easy, hard]", "easy", "metadata.categories.all of them='easy'"),
    ("parts: levels", "measure: {low: 3}", "measure={'low': 3}"),
    ("parts: levels", "measure: {low: a}", "measure.low='a'"),
    ("parts: levels", "roles: [jury]", "roles=['jury']"),
    ("parts: levels", "ask: 3", "ask=3"),
    ("task: hard", "task: easy", "task: two have the same name"),
    ("{task: hard, ", "{", "tasks.1.name="),
    ("test_split: test", "dataset_kwargs: 3", "dataset_kwargs=3"),
    ("test_split: test", "include: other.yaml", "other.yaml"),
    ("metadata:\n", "metadata: [\n", "line"),
]


@pytest.mark.parametrize(("good", "bad", "words"), MISTAKES)
def test_a_mistake_in_a_task_file_is_one_line(place: Path, good: str, bad: str, words: str) -> None:
    file = place / "tasks/sums/sums.yaml"
    assert good in file.read_text()
    file.write_text(file.read_text().replace(good, bad))
    line = refused(place)
    assert words in line
    assert "tasks/sums/" in line


@pytest.mark.parametrize("code", ["import nothing", "1 / 0", "def (", "raise SystemExit(3)"])
def test_a_module_that_fails_is_one_line(place: Path, code: str) -> None:
    (place / "tasks/sums/sums.py").write_text(code)
    assert "tasks/sums/sums.yaml: line 5, !function sums.docs: " in refused(place)


@pytest.mark.parametrize("method", ["check", "identity", "start", "generate", "close", "counters"])
def test_an_engine_that_raises_is_one_line(
    place: Path, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    head = re.search(rf" *(?:async )?def {method}\(.*\n", BLOCKS["shouting.py"])
    assert head
    code = BLOCKS["shouting.py"].replace(head[0], f"{head[0]}        [][1]\n")
    (place / f"broken_{method}.py").write_text(code)
    name = f"broken_{method}:Shouting"
    assert main(["run", "suite=my_sums", *SOURCES, f"engine={name}", "model.path=none"]) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    line = said.splitlines()[-1]
    assert f"engine={name}: {method}() raised IndexError: list index out of range" in line
    assert f"(broken_{method}.py, line " in line


def refused(place: Path) -> str:
    with pytest.raises(InputError) as error:
        known_specs(place / "tasks", allow_code=True)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with the page's cue, rule and plot in it."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, root / "orca_eval", ignore=shutil.ignore_patterns("__pycache__"))
    insert(root, "extract/reply/cues.yaml", "answer_is:\n  en:\n", BLOCKS["cue"])
    rules = "RULES = (final_marker, "
    insert(root, "extract/number/rules.py", rules, "in_arrows, ")
    insert(root, "extract/number/rules.py", "", BLOCKS["rule"] + "\n\n", before=rules)
    plots = "report/plots/__init__.py"
    insert(
        root,
        plots,
        "from orca_eval.report.plots.size import size\n",
        "from orca_eval.report.plots.sizes import sizes\n",
    )
    insert(root, plots, '("Score against size", size),\n', '    "sizes": ("Documents", sizes),\n')
    file = "orca_eval/report/plots/sizes.py"
    (root / file).write_text(BLOCKS[file])
    for name in ("conf", "tasks"):
        shutil.copytree(PACKAGE.parent / name, root / name)
    return root


def insert(root: Path, file: str, behind: str, text: str, before: str = "") -> None:
    path = root / "orca_eval" / file
    old = path.read_text("utf-8")
    assert old.count(behind + before) == 1 or not behind
    path.write_text(old.replace(behind + before, f"{behind}{text}{before}"), "utf-8")


def python(copy: Path, *arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": str(copy), "PYTHONSAFEPATH": "1"},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_cue_and_a_rule_act(copy: Path) -> None:
    code = (
        "from orca_eval.extract import extract_answer as e;"
        "print(e('My verdict is B.', 'choice', {'A': 'x', 'B': 'y'})[:2]);"
        "print(e('Sum >> 12 << of 3 parts.', 'number', None)[:2])"
    )
    said = python(copy, "-c", code, cwd=copy)
    assert said == "('B', 'answer_is')\n('12', 'in_arrows')\n"


def test_a_plot_is_drawn(copy: Path, place: Path) -> None:
    run = evaluate("suite=my_sums", *SOURCES, *REPLAY)
    report: list[Any] = ["-m", "orca_eval.cli", "report", f"runs=[{run.folder}]", "out=report"]
    python(copy, *report, cwd=place)
    assert (place / "report/plots/sizes.svg").is_file()
    assert "Documents" in (place / "report/report.html").read_text("utf-8")
    assert isinstance(run.samples, pd.DataFrame)
