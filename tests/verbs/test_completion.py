"""Completion: what the words may become, and that real shells put it on the line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orca_eval.benchmarks.specs import read_specs
from orca_eval.config.overrides import groups
from orca_eval.help import list_verbs
from orca_eval.paths import TASKS
from orca_eval.verbs.completion import GROUPS, ONE_OF, PATHS, SHELLS, complete, keys_of, tasks_of
from tests.waiting import until

CASES = {
    "gat": "gate",
    "run suite=gs": "run suite=gsm8k",
    "run --js": "run --json",
    "run --json suite=gs": "run --json suite=gsm8k",
    "gate --help policy=str": "gate --help policy=strict",
    "--quiet gate policy=str": "--quiet gate policy=strict",
    "run engine.flash": "run engine.flash_attn=",
    "run model=tiny": "run model=tinyllama-1.1b-chat",
    "run judge.engine=ope": "run judge.engine=openai",
    "run judge.model.adap": "run judge.model.adapter=",
    "run fresh=tr": "run fresh=true",
    "run over_long=sh": "run over_long=shrink",
    "show task=mmlu/anat": "show task=mmlu/anatomy",
    "leaderboard models=orca-2-7b,tiny": "leaderboard models=orca-2-7b,tinyllama-1.1b-chat",
    "leaderboard prompts=empty,caut": "leaderboard prompts=empty,cautious",
    "run suite.benchmarks=race,arc_c": "run suite.benchmarks=race,arc_challenge",
    "run conf.path=own prompt=mi": "run conf.path=own prompt=mine",
    "run tasks.path=own/tasks suite=cap": "run tasks.path=own/tasks suite=capitals",
    "run model.path=./check": "run model.path=./checkpoint-1/",
    "report from=two": "report from=two words.csv",
    "gate baseline=a:": "gate baseline=a:b/",
    "baseline exp": "baseline export",
    "judge che": "judge check",
    "judge check judge.model=tiny": "judge check judge.model=tinyllama-1.1b-chat",
    "completion fi": "completion fish",
}
"""A line behind the program's name, and the only way on."""
IN_SHELLS = (
    *("gat", "run --json suite=gs", "--quiet gate policy=str", "run engine.flash"),
    *("leaderboard models=orca-2-7b,tiny", "run model.path=./check", "report from=two"),
    "gate baseline=a:",
)
"""Those that shells may quote, cut or end each in its own way."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("own/prompt", "own/tasks/capitals", "checkpoint-1", "a:b"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "own/prompt/mine.yaml").touch()
    (tmp_path / "own/tasks/capitals/capitals.yaml").write_text("task: orca_capitals\n")
    (tmp_path / "two words.csv").touch()
    (tmp_path / ".hidden").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("typed", CASES)
def test_a_word_has_one_way_on(typed: str, folder: Path) -> None:
    words = typed.split(" ")
    (found,) = complete(words)
    assert " ".join([*words[:-1], found]) == CASES[typed]


def test_nothing_typed_lists_the_verbs_and_then_a_verbs_keys() -> None:
    assert {*list_verbs(), "completion"} == {w for w in complete([]) if not w.startswith("-")}
    assert complete(["check", "sampling."]) == [
        f"{key}=" for key in keys_of("check") if key.startswith("sampling.")
    ]
    assert "limit=" in complete(["run", "suite=gsm8k", ""])


@pytest.mark.parametrize("words", [["bogus", ""], ["run", "no_key=x"], ["run", "limit="]])
def test_what_is_not_known_gets_no_answer(words: list[str]) -> None:
    assert complete(words) == []


def test_hidden_files_wait_for_their_dot(folder: Path) -> None:
    assert ".hidden" not in complete(["report", "from="])
    assert complete(["report", "from=.hi"]) == ["from=.hidden"]
    assert complete(["report", "from=no/where/"]) == []


def test_a_home_stays_as_it_was_typed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert complete(["report", "from=~/two"]) == ["from=~/two words.csv"]


@pytest.mark.parametrize("verb", list_verbs())
def test_every_group_that_a_verb_takes_has_choices(verb: str) -> None:
    keys = keys_of(verb)
    for group, choices in groups().items():
        if group in keys:
            assert set(choices) <= {w.partition("=")[2] for w in complete([verb, f"{group}="])}


def test_the_tables_name_keys_that_exist() -> None:
    keys = {key for verb in list_verbs() for key in keys_of(verb)}
    assert {*GROUPS, *PATHS} <= keys
    assert ONE_OF.keys() - {"true", "false"} <= keys


def test_benchmarks_and_tasks_are_those_that_there_are() -> None:
    specs = read_specs()
    assert tasks_of(TASKS) == {name: [t.name for t in specs[name].tasks] for name in specs}


def test_it_imports_nothing_slow() -> None:
    code = "import sys\nfrom orca_eval.cli import main\n"
    code += "main(['completion', 'words', '--', 'run', 'su'])\n"
    code += "print({'hydra', 'pydantic_core', 'yaml', 'numpy', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(orca-eval completion bash)"'),
    "zsh": (
        ["zsh", "-f", "-i"],
        'autoload -U compinit; compinit -D -u; eval "$(orca-eval completion zsh)"; bindkey -e',
    ),
    "fish": (["fish", "--no-config", "-i"], "orca-eval completion fish | source"),
}


ON_A_TERMINAL = "import pty, sys; pty.spawn(sys.argv[1:])"


def lines_of(log: Path) -> list[str]:
    """What was printed so far."""
    return log.read_text().splitlines()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_the_line(shell: str, folder: Path) -> None:
    """Each line is completed and then printed into a file, by `echo` typed in front of it."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    program = folder / "bin" / "orca-eval"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m orca_eval "$@"\n')
    program.chmod(0o755)
    root = str(TASKS.parent)
    environment = os.environ | {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": root,
        "HOME": str(folder),
        "TERM": "xterm",
    }
    command, setup = START[shell]
    log = folder / "log"
    log.touch()
    call = [sys.executable, "-c", ON_A_TERMINAL, *command]
    with subprocess.Popen(
        call, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment, bufsize=0
    ) as terminal:
        assert terminal.stdin is not None
        try:
            terminal.stdin.write(f"{setup}; echo ready >>{log}\n".encode())
            for number, typed in enumerate(IN_SHELLS, start=1):
                until(lambda number=number: len(lines_of(log)) == number)
                terminal.stdin.write(f"orca-eval {typed}\t >>{log}\x01echo \n".encode())
            until(lambda: len(lines_of(log)) > len(IN_SHELLS))
        finally:
            terminal.kill()
    printed = [line.removeprefix("orca-eval ") for line in lines_of(log)[1:]]
    assert printed == [CASES[typed] for typed in IN_SHELLS]
