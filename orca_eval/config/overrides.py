"""The command line's overrides, checked by name before Hydra composes them.

Hydra reports one mistake at a time and knows no near misses; here every wrong group choice, key and
syntax error is collected, each as one line that names the nearest valid ones.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from hydra.errors import HydraException

from orca_eval.config import secrets, texts
from orca_eval.config.nearest import hint, nearest
from orca_eval.errors import InputError
from orca_eval.paths import CONF, expanded

HALVES = re.compile("[\ud800-\udfff]")
"""Halves of surrogate pairs, which stand for bytes that are no UTF-8."""
PARSER = OverridesParser.create()
KEY = "key"  # in front of a value that is parsed alone
NAMED = re.compile(r"[A-Za-z_$][\w$-]*(?:\.(?:[A-Za-z_$][\w$-]*|\d+))*", re.ASCII)
"""A key as Hydra takes it."""
LONGEST_KEY = 200
CUSTOM = "custom"
"""The choice of a group that is filled in by hand."""
BESIDES = {
    "model": "any other is {key}.path=PATH",
    "data": "a local copy is data.root=DIR",
    "prompt": "any other text is prompt.system_message=TEXT",
    "engine": "an engine's class is {key}=package.module:Class",
}
"""What there is besides a group's files."""
FLAGS = ("report.samples", "ids", "indices")
"""Booleans that are not among what a typed config reads."""
OF_RUNS = ("run", "check", "show", "leaderboard", "strategies", "ask")
TOGETHER = {
    "suite": "suite.benchmarks={} makes one suite of them",
    "model": "orca-eval leaderboard models={} compares them",
    "prompt": "orca-eval leaderboard prompts={} compares them",
    "strategy": "orca-eval strategies strategies={} compares them",
}
"""What takes several of a group together."""
BRACKETS = "[{("
MOST_BRACKETS = 50


@dataclass(frozen=True, slots=True)
class Parsed:
    """One override as Hydra takes it: its key without `+`, and its value."""

    text: str
    key: str
    value: Any
    is_sweep: bool


def written(settings: Mapping[str, object], above: str = "") -> list[str]:
    """Writes a program's settings as overrides; a mapping holds the keys below its own."""
    found: list[str] = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found += written(value, f"{above}{name}.")
        else:
            found.append(f"{above}{name}={_literal(value)}")
    return found


def _literal(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_literal, value))}]"
    plain = value is None or isinstance(value, bool | int | float)
    return json.dumps(value) if plain else texts.quoted(str(value))


def groups(own: Path | None = None) -> dict[str, tuple[str, ...]]:
    """Hydra's groups and their choices: files of conf/ and of `own`, a folder laid out alike.

    Raises:
        InputError: a file there has the name of one of ours.
    """
    choices = {}
    for folder in sorted(folder for folder in CONF.iterdir() if folder.is_dir()):
        ours = {file.stem for file in folder.glob("*.yaml")}
        theirs = {file.stem: file for file in own.glob(f"{folder.name}/*.yaml")} if own else {}
        if double := min(ours & theirs.keys(), default=None):
            file = theirs[double]
            raise InputError(f"{file}: {folder.name}={double} is one of ours; rename the file")
        choices[folder.name] = tuple(sorted({*ours, *theirs}))
    return choices


def own_folder(named: object) -> Path | None:
    """The folder that conf.path= names. Raises InputError where there is none."""
    folder = None if named in (None, "") else expanded(str(named)).absolute()
    if folder is not None and not os.path.isdir(folder):  # noqa: PTH112  # Path's own may raise
        raise InputError(f"conf.path={secrets.masked(str(named))}: no such folder")
    return folder


def parse(overrides: Sequence[str]) -> list[Parsed]:
    """Parses every override, texts as typed; one InputError with a line for each that is wrong.

    A value that Hydra's grammar lacks is the text that was typed: whoever takes it says what it
    wants there.
    """
    refuse_secrets(overrides)
    names = frozenset(groups())
    parsed, problems = [], []
    for typed in overrides:
        try:
            parsed.append(_parsed(typed, names))
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))
    return parsed


def _parsed(typed: str, groups: frozenset[str]) -> Parsed:
    head, sign, given = typed.partition("=")
    key, shown = key_of(typed), secrets.masked(typed)
    if not sign or not key:
        raise InputError(f"'{shown}' is no override; write key=value")
    if head.lstrip().startswith("~"):
        raise InputError(f"'{shown}': a key can't be taken away; write {key}=VALUE")
    if HALVES.search(typed):
        raise InputError(
            f"{ascii(key)[1:-1]}: {secrets.masked(ascii(given))} is not in UTF-8, so no file of a "
            "run can hold it; rename what it names"
        )
    value = texts.for_hydra(f"{key}={given}", groups).partition("=")[2]
    override = _hydras(value)
    if override is None and key.startswith(texts.OPEN) and given.strip()[:1] in BRACKETS:
        raise InputError(f"{shown}: no list or mapping; close its brackets and quotes")
    if override is None:
        value = texts.quoted(given)
    override = override or PARSER.parse_override(f"{KEY}={value}")
    is_sweep = override.is_sweep_override()
    return Parsed(f"{key}={value}", key, None if is_sweep else override.value(), is_sweep)


def _hydras(value: str) -> Override | None:
    """A value by Hydra's grammar, None where it has none for it."""
    if sum(map(value.count, BRACKETS)) > MOST_BRACKETS:  # its parser takes minutes
        return None
    try:
        return PARSER.parse_override(f"{KEY}={value}")
    except (HydraException, ValueError):  # ValueError: a number of thousands of digits
        return None


def group_of(key: str) -> str:
    """The group whose choice a key may be: `judge.model` is one of the models."""
    return key.removeprefix(texts.JUDGE)


def key_of(override: str) -> str:
    """The key alone: `++engine.model=x` → `engine.model`."""
    return override.split("=", 1)[0].strip().lstrip("+~")


def refuse_secrets(overrides: Sequence[str]) -> None:
    """Raises one InputError for all overrides that give a key or password, without its value.

    Nothing else is said then: in `--api-key KEY` the second argument is the key.
    """
    problems = []
    for text in overrides:
        key = key_of(text)
        plain = texts.is_text(key) and not key.endswith("engine.base_url")
        problems.append(secrets.problem_of(text, value_is_text=plain))
    if any(problems):
        raise InputError("\n".join(dict.fromkeys(filter(None, problems))))


def sweep(override: str, choices: Mapping[str, Sequence[str]]) -> list[str]:
    """Hydra's sweep syntax as one override for each value; texts as typed.

    Raises:
        InputError: it does not parse, or nothing matches.
    """
    head, _, value = override.partition("=")
    key = group_of(key_of(override))
    is_pattern = texts.SWEEP.fullmatch(value) and not texts.CHOICE.fullmatch(value)
    shown = secrets.masked(override)
    if not is_pattern and (texts.is_text(key) or key in choices):
        values = texts.alternatives(value)
    else:
        parsed = _hydras(value)
        try:
            if parsed is None:
                return [override]
            if isinstance(pattern := parsed.value(), Glob):
                values = pattern.filter([name for name in choices.get(key, ()) if name != CUSTOM])
            elif parsed.is_sweep_override():
                values = list(parsed.sweep_string_iterator())
            else:
                return [override]
        except HydraException as error:
            raise InputError(f"{shown}: no list of values; write {key}=a,b") from error
    if not values and key in choices:
        raise InputError(f"{shown}: nothing matches; valid: {', '.join(choices[key])}")
    if not values:
        raise InputError(f"{shown}: glob() chooses among names; write {key}=a,b")
    return [f"{head}={value}" for value in values]


def flat(config: Any, prefix: str = "") -> dict[str, Any]:
    """Every dotted key of a plain, composed config, with its value."""
    found: dict[str, Any] = {}
    if isinstance(config, dict):
        for name, value in config.items():
            found[f"{prefix}{name}"] = value
            found |= flat(value, f"{prefix}{name}.")
    return found


def check(
    parsed: Sequence[Parsed],
    valid: Mapping[str, Any],
    choices: Mapping[str, Sequence[str]],
    verb: str,
) -> list[str]:
    """One line for each override whose group choice or key is not in `valid`, the defaults."""
    problems = []
    for item in parsed:
        named = NAMED.fullmatch(item.key) and len(item.key) <= LONGEST_KEY
        if group_of(item.key) in choices and item.key in valid:
            problems += _check_choice(item, choices[group_of(item.key)], verb)
        elif item.key in valid:
            problems += _check_kind(item, valid[item.key])
        elif not named or not item.key.startswith(texts.OPEN):
            near = nearest(item.key, sorted(valid))
            lists = f"orca-eval {verb} --help lists them"
            meant = f"did you mean {', '.join(near)}?" if near else lists
            problems.append(f"unknown key '{secrets.masked(item.key)}'; {meant}")
    return problems


def yours(group: str) -> str:
    """Where a choice of one's own goes."""
    return f"one of your own goes into conf.path=DIR as DIR/{group}/NAME.yaml"


def one_value(item: Parsed, verb: str) -> str:
    """The line for a key of one value that was given several, and what takes them."""
    value = secrets.masked(item.text.partition("=")[2]).strip()
    wanted = f"{item.key}={value}: one value is wanted"
    if item.key.startswith(texts.OPEN):
        return f"{wanted}; a list is written '{item.key}=[{value}]'"
    if verb not in OF_RUNS:
        return wanted
    if texts.SWEEP.fullmatch(value):
        return f"{wanted}; orca-eval run -m '{item.key}={value}' makes a run of each"
    bare = texts.inside(value)
    together = f"{TOGETHER[item.key].format(bare)}; " if item.key in TOGETHER else ""
    return f"{wanted}; {together}orca-eval run -m {item.key}={bare} makes a run of each"


def _check_kind(item: Parsed, default: Any) -> list[str]:
    """A value in the place of keys would take all of them away."""
    if item.key in FLAGS and not isinstance(item.value, bool):
        return [f"{secrets.masked(item.text)}: true or false is wanted"]
    if not isinstance(default, dict) or not default or isinstance(item.value, dict):
        return []
    keys = ", ".join(f"{item.key}.{name}" for name in default)
    return [f"{secrets.masked(item.text)}: {item.key} has no value of its own, its keys are {keys}"]


def _check_choice(item: Parsed, choices: Sequence[str], verb: str) -> list[str]:
    if isinstance(item.value, list):
        return [one_value(item, verb)]
    if isinstance(item.value, dict):
        return [f"{item.key} takes a name, not a mapping; its own keys are {item.key}.KEY=VALUE"]
    if item.value is None or not str(item.value).strip():
        return [f"{item.key} is empty; valid: {', '.join(choices)}"]
    if item.value not in choices:
        group, near = group_of(item.key), hint(str(item.value), choices)
        besides = f"; {BESIDES[group].format(key=item.key)}" if group in BESIDES else ""
        shown = secrets.masked(str(item.value))
        return [f"unknown {item.key} '{shown}'; {near}; {yours(group)}{besides}"]
    return []
