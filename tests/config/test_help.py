"""The help texts and docs/cli.md: made from conf/, whole, true, and on the screen at once."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import MISSING, fields
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs import cli
from docs.cli import LEGEND, WIDTH, Conf, Key, read_verb, render
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import ENGINE_OWN_KEYS
from orca_eval.config.overrides import groups
from orca_eval.config.words import INSTEAD
from orca_eval.engines.llama_cpp import LlamaCppArgs
from orca_eval.engines.openai import OpenAIArgs
from orca_eval.engines.replay import ReplayArgs
from orca_eval.help import list_verbs, read_help
from orca_eval.paths import CONF

VERBS = list_verbs()
NEEDED = {"publish": ["run=r", "repo=a/b"], "rescore": ["run=r"], "leaderboard": ["models=[a]"]}
NEEDED_BY_CUSTOM = {"model": "model.path=p", "suite": "suite.benchmarks=[race]"}


def nested(config: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every dotted key of a config, mappings' too, with its value."""
    for key, value in config.items():
        yield f"{prefix}{key}", value
        if isinstance(value, dict):
            yield from nested(value, f"{prefix}{key}.")


@cache
def taken(verb: str) -> dict[str, list[Any]]:
    """Every key that a verb takes, with its values under every engine, policy and kind of suite."""
    needed = NEEDED.get(verb, [])
    values: dict[str, list[Any]] = defaultdict(list)
    configs = [compose_verb(verb, needed)]
    choices = {group: names for group, names in groups().items() if group in configs[0]}
    for turn in range(max(len(choices.get(group, ())) for group in ("data", "engine", "policy"))):
        chosen = {group: names[turn % len(names)] for group, names in choices.items()}
        custom = [NEEDED_BY_CUSTOM[g] for g, choice in chosen.items() if choice == "custom"]
        given = [f"{group}={choice}" for group, choice in chosen.items()]
        configs.append(compose_verb(verb, [*needed, *given, *custom]))
    for key, value in chain.from_iterable(map(nested, configs)):
        values[key].append(value)
    for group, names in choices.items():
        values[group] += names
    for group in ("model", "engine"):  # the judge's have the same keys, as one line says
        values = {k: v for k, v in values.items() if not k.startswith(f"judge.{group}.")}
        if f"judge.{group}" in values:
            values[f"judge.{group}"] = list(groups()[group])
    return {k: v for k, v in values.items() if k not in INSTEAD.get(verb, {})}


def shown(verb: str) -> dict[str, str]:
    """The keys of a help text, with the last value that stands behind `=`, or with nothing."""
    text = read_help(verb).partition(LEGEND)[2]
    return dict(re.findall(r"^  (\w[\w.]*)(?:=(.*?))?(?:  .*)?$", text, re.MULTILINE))


def test_what_is_made_from_conf_is_current() -> None:
    stale = [path.name for path, text in render().items() if path.read_text("utf-8") != text]
    assert stale == [], "run python -m docs.cli"


@pytest.mark.parametrize("verb", VERBS)
def test_a_text_has_every_key_that_its_verb_takes_and_no_other(verb: str) -> None:
    keys, values = shown(verb), taken(verb)
    assert keys.keys() - values.keys() == set()
    plain = {key for key, found in values.items() if not any(isinstance(v, dict) for v in found)}
    due = plain | (groups().keys() & values.keys())
    # A policy's groups have a line each, with all that is in them.
    assert {key for key in due - keys.keys() if key.rpartition(".")[0] not in keys} == set()


@pytest.mark.parametrize("verb", VERBS)
def test_a_default_in_a_text_is_one_that_acts(verb: str) -> None:
    values = taken(verb)
    for key, default in shown(verb).items():
        if default not in ("", "???"):
            assert yaml.safe_load(default) in values[key], key


def test_the_fields_of_sampling_have_a_line_each() -> None:
    for name in ("top_p", "top_k", "min_p", "repetition_penalty", "seed", "n", "temperature"):
        for verb in ("run", "leaderboard", "show", "check"):
            assert f"\n  sampling.{name}=" in read_help(verb)


@pytest.mark.parametrize(
    ("engine", "shape"),
    [("llama_cpp", LlamaCppArgs), ("openai", OpenAIArgs), ("replay", ReplayArgs)],
)
def test_an_engines_file_has_its_arguments_with_their_defaults(engine: str, shape: type) -> None:
    conf = yaml.safe_load((CONF / "engine" / f"{engine}.yaml").read_text("utf-8"))
    own = {key: value for key, value in conf.items() if key not in ENGINE_OWN_KEYS}
    defaults = {field.name: field.default for field in fields(shape)}
    assert own == {k: None if value is MISSING else value for k, value in defaults.items()}


@pytest.mark.parametrize("verb", ["program", *VERBS])
def test_a_text_fits_a_screen(verb: str) -> None:
    assert [line for line in read_help(verb).splitlines() if len(line) > WIDTH] == []


def test_the_help_waits_for_nothing() -> None:
    code = "import sys\nfrom orca_eval.cli import main\nmain(['run', '--help'])\n"
    code += "print({'hydra', 'pydantic', 'yaml', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{read_help('run')}set()\n"


def test_a_comment_stands_behind_its_key_and_goes_on_in_its_column(tmp_path: Path) -> None:
    path = tmp_path / "verb.yaml"
    path.write_text(
        "# What it\n# is.\n"
        "a: '#1'   # first\n"
        "          # and more\n"
        "    # of nothing\n"
        "b:        # a mapping\n"
        "  c: [x]  # inside\n"
        "  d: {e: 1}\n"
        "f: >-     # a text\n"
        "  # no comment\n",
        "utf-8",
    )
    assert Conf(path).head == "What it is."
    assert Conf(path).keys() == [
        Key("a", "#1", "first and more"),
        Key("b", None, "a mapping"),
        Key("b.c", "[x]", "inside"),
        Key("b.d", "{e: 1}", ""),
        Key("f", "# no comment", "a text"),
    ]


def test_a_key_that_nothing_explains_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "CONF", tmp_path)
    (tmp_path / "audit.yaml").write_text("run: ???  # a run folder\nn: 50\n", "utf-8")
    with pytest.raises(ValueError, match="orca-eval audit: no comment in conf/ says what n is"):
        read_verb("audit")
