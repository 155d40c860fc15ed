"""The command line's overrides, checked by name before Hydra composes them.

Hydra reports one mistake at a time and knows no near misses; here every wrong group choice, key and
syntax error is collected, each as one line that names the nearest valid ones.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from hydra.errors import HydraException

from orca_eval.config import secrets, texts
from orca_eval.config.nearest import hint
from orca_eval.errors import InputError
from orca_eval.paths import CONF, expanded

HALVES = re.compile("[\ud800-\udfff]")
"""Halves of surrogate pairs, which stand for bytes that are no UTF-8."""


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
    if folder is not None and not folder.is_dir():
        raise InputError(f"conf.path={named}: no such folder")
    return folder


def parse(overrides: Sequence[str]) -> list[Parsed]:
    """Parses every override, texts as typed; one InputError with a line for each that is wrong."""
    refuse_secrets(overrides)
    parser = OverridesParser.create()
    names = frozenset(groups())
    parsed, problems = [], []
    for typed in overrides:
        key = key_of(typed)
        if "=" not in typed:
            problems.append(f"'{secrets.masked(typed)}' is no override; write key=value")
            continue
        if HALVES.search(typed):
            problems.append(
                f"{key}: {typed.partition('=')[2]!r} is not in UTF-8, so no file of a run can hold "
                "it; rename what it names"
            )
            continue
        text = texts.for_hydra(typed, names)
        try:
            override: Override = parser.parse_override(text)
        except HydraException as error:
            reason = str(error).splitlines()[0]
            problems.append(secrets.masked(f"'{typed}' does not parse: {reason}"))
            continue
        value = None if override.is_sweep_override() else override.value()
        parsed.append(Parsed(text, key, value, override.is_sweep_override()))
    if problems:
        raise InputError("\n".join(problems))
    return parsed


def group_of(key: str) -> str:
    """The group whose choice a key may be: `judge.model` is one of the models."""
    return key.removeprefix(texts.JUDGE)


def key_of(override: str) -> str:
    """The key alone: `++engine.model=x` → `engine.model`."""
    return override.split("=", 1)[0].lstrip("+~")


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
    try:
        if not is_pattern and (texts.is_text(key) or key in choices):
            values = texts.alternatives(value)
        else:
            parsed = OverridesParser.create().parse_override(override)
            if isinstance(pattern := parsed.value(), Glob):
                values = pattern.filter(list(choices.get(key, ())))
            elif parsed.is_sweep_override():
                values = list(parsed.sweep_string_iterator())
            else:
                return [override]
    except HydraException as error:
        reason = str(error).splitlines()[0]
        raise InputError(secrets.masked(f"'{override}' can't be swept: {reason}")) from error
    if not values:
        valid = f"; valid: {', '.join(choices[key])}" if key in choices else ""
        raise InputError(f"{override}: nothing matches{valid}")
    return [f"{head}={value}" for value in values]


def known_keys(config: Any, prefix: str = "") -> set[str]:
    """Every dotted key of a plain, composed config."""
    keys: set[str] = set()
    if isinstance(config, dict):
        for name, value in config.items():
            keys.add(f"{prefix}{name}")
            keys |= known_keys(value, f"{prefix}{name}.")
    return keys


def check(
    parsed: Sequence[Parsed], valid: set[str], choices: Mapping[str, Sequence[str]]
) -> list[str]:
    """One line for each override whose group choice or key is not in `valid`, the default's."""
    problems = []
    for item in parsed:
        if group_of(item.key) in choices and item.key in valid:
            problems += _check_choice(item, choices[group_of(item.key)])
        elif item.key not in valid and not item.key.startswith(texts.OPEN):
            name = secrets.masked(item.key)
            problems.append(f"unknown key '{name}'; {hint(item.key, sorted(valid))}")
    return problems


def yours(group: str) -> str:
    """Where a choice of one's own goes."""
    code = ", an engine's class is engine=package.module:Class" if group == "engine" else ""
    return f"one of your own goes into conf.path=DIR as DIR/{group}/NAME.yaml{code}"


def _check_choice(item: Parsed, choices: Sequence[str]) -> list[str]:
    if isinstance(item.value, list):
        return [f"{item.key} takes one value, not a list; see orca-eval run -m {item.key}=a,b"]
    if not isinstance(item.value, str) or not item.value.strip():
        return [f"{item.key} is empty; valid: {', '.join(choices)}"]
    if item.value not in choices:
        near, own = hint(item.value, choices), yours(group_of(item.key))
        return [f"unknown {item.key} '{item.value}'; {near}; {own}"]
    return []
