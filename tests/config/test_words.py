"""The words behind a verb: what people type is understood, or answered with what to write."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from orca_eval.cli import main
from orca_eval.config import overrides as ov
from orca_eval.config.compose import compose_verb, default_config
from orca_eval.config.convert import run_config
from orca_eval.config.texts import OPEN
from orca_eval.config.words import other_names, overrides
from orca_eval.errors import InputError

UNDERSTOOD = {
    "run --suite gsm8k": "suite=gsm8k",
    "run --suite=gsm8k": "suite=gsm8k",
    "run —suite gsm8k": "suite=gsm8k",
    "run -- suite=gsm8k": "suite=gsm8k",
    "run --tasks gsm8k": "suite=gsm8k",
    "run tasks=gsm8k,race": "suite.benchmarks=gsm8k,race",
    "show --task mmlu/anatomy": "task=mmlu/anatomy",
    "run -n 5": "limit=5",
    "audit -n 5": "n=5",
    "run --max-tokens 5": "max_tokens=5",
    "run --seed -1": "sampling.seed=-1",
    "run temperature=0.7": "sampling.temperature=0.7",
    "run --fresh limit=5": "fresh=true limit=5",
    "run --engine.headers.x-y=env:A": "engine.headers.x-y=env:A",
    "run --model orca-2-7b": "model=orca-2-7b",
    "run --model hf --model_args pretrained=org/name,dtype=auto,foo=1 --limit 5": (
        "engine=lm_eval engine.backend=hf model.path=org/name engine.dtype=auto engine.foo=1 "
        "limit=5"
    ),
    "run --gen_kwargs temperature=0.7,max_gen_toks=64": "sampling.temperature=0.7 max_tokens=64",
    "run --output_path DIR": "results_dir=DIR",
    "report --output_path DIR": "out=DIR",
    "report --runs a b": "runs=a,'b'",
    "report runs=a runs=[b,c] 'd, e'": "runs=a,b,c,'d, e'",
    "report run=a": "runs=a",
    "rescore runs=a": "run=a",
    "leaderboard -m model=a,b prompt=x,y": "models=a,b prompts=x,y",
    "leaderboard --model a --model b --limit 5": "models=a,b limit=5",
    "run -m model=a,b": "-m model=a,b",
    "baseline export run=a": "export run=a",
    "run foo=1 --bar": "foo=1 bar=true",
}

ANSWERED = {
    "run --num_fewshot 5": "--num_fewshot: every task is asked with zero examples",
    "run num_fewshot=5": "num_fewshot: every task is asked with zero examples",
    "gate --num_fewshot 5": "--num_fewshot: every task is asked with zero examples",
    "run --apply_chat_template": "always applied, once; leave it out",
    "run --gen_kwargs do_sample=true": "do_sample: sampling.temperature=0 is greedy",
    "run --model_args org/name": "--model_args takes NAME=VALUE,NAME=VALUE, not 'org/name'",
    "run --limit": "--limit has no value; write limit=VALUE",
    "run limit = 5": "'limit' has no value; write limit=VALUE, without blanks",
    "run limit:5": "'limit:5' is no override; write limit=5",
    "run gsm8k": "'gsm8k' has no key; write suite=gsm8k",
    "run -m hf": "'hf' has no key; write model=hf",
    "report results/a results/b": "'results/a' has no key; write runs=results/a",
    "gate a b": "'a' has no key; write baseline=a",
    "gate baseline=a b": "'b' has no key; write candidate=b",
    "run =5": "'=5' has no key; write key=value",
    "run ~prompt": "'~prompt': a key can't be taken away; write prompt=VALUE",
    "check -m model=a,b": "-m is for several runs, orca-eval run -m; leave it out here",
    "run models=a,b": "orca-eval leaderboard models=a,b",
    "run --api-key sk-1234567": "api-key: keys are never given on the command line",
}


@pytest.mark.parametrize("line", UNDERSTOOD)
def test_what_means_the_same_is_understood(line: str) -> None:
    verb, *words = shlex.split(line)
    assert " ".join(overrides(verb, words)) == UNDERSTOOD[line]


@pytest.mark.parametrize("line", ANSWERED)
def test_what_has_no_counterpart_is_answered_in_a_line(line: str) -> None:
    verb, *words = shlex.split(line)
    with pytest.raises(InputError) as caught:
        overrides(verb, words)
    (said,) = str(caught.value).splitlines()
    assert ANSWERED[line] in said
    assert "sk-1234567" not in said


def test_every_name_stands_for_a_key_that_there_is() -> None:
    verbs = ("run", "report", "rescore", "audit", "gate", "leaderboard")
    known = {key for verb in verbs for key in ov.flat(default_config(verb))}
    meant = {key for keys in other_names().means.values() for key in keys}
    assert {key for key in meant - known if not key.startswith(OPEN)} == set()
    for engine in other_names().engines.values():
        assert compose_verb("run", engine.split())


def test_no_name_means_two_things() -> None:
    names = other_names()
    tables = [set(names.means), set(names.answers), set(names.mappings)]
    assert sum(map(len, tables)) == len(set().union(*tables))


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "script.jsonl").write_text('{"default": true, "text": "B"}\n')
    paths = ["results_dir=~/r", "data.root=~/d", "engine.download_dir=~/e", "tasks.path=~/t"]
    composed = compose_verb("run", paths)
    config = run_config(composed)
    found = (config.results_dir, config.data.root, config.tasks.path)
    assert found == (tmp_path / "r", tmp_path / "d", tmp_path / "t")
    assert composed["engine"]["download_dir"] == str(tmp_path / "e")
    scripted = ["check", "engine=replay", "engine.script=~/script.jsonl", "results_dir=~/r"]
    assert main([*scripted, "suite.benchmarks=crass", "suite.quickstart=true"]) == 0
