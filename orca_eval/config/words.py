"""The words behind a verb as people type them → overrides, `key=value` each.

A flag is its key (`--limit 5` is limit=5), a name of another harness is ours where it means the
same (other_names.yaml), and a list may be given in several words. What has no counterpart is
answered with what to write instead.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from orca_eval.config import overrides as ov, secrets, texts
from orca_eval.config.compose import default_config
from orca_eval.errors import InputError
from orca_eval.paths import CONF

_RUNS = {"model": "models", "model.path": "models", "prompt": "prompts"}
INSTEAD = {"leaderboard": _RUNS, "strategies": {**_RUNS, "strategy": "strategies"}}
INSTEAD["ask"] = INSTEAD["strategies"] | {"sampling.n": "n"}
"""A run's keys, and the lists in their place of a verb that makes several runs."""
QUESTION, FOLLOW_UP = "question", "follow_up"
MULTIRUN = ("-m", "--multirun")
SWEEPING = ("run", "leaderboard", "strategies", "ask")
SUBCOMMANDS = {"baseline": "export", "judge": "check"}
WITHOUT_KEY = {
    "run": ("suite", "model"),
    "check": ("suite", "model"),
    "leaderboard": ("models",),
    "strategies": ("models",),
    "report": ("runs",),
    "gate": ("baseline", "candidate"),
    "baseline": ("run", "out"),
    "rescore": ("run",),
    "judge": ("run",),
    "audit": ("run", "out", "read"),
    "publish": ("run", "repo", "out"),
    "show": ("task",),
}
"""The keys that a word without one most likely is the value of."""

FLAG = re.compile(r"[-\u2013\u2014]+([^\W\d_][^\s=]*)")
"""Dashes that a document's editor has made longer count too."""
ASSIGNMENT = re.compile(r"[+~]*[\w.@/-]+=")
OF_HYDRA = re.compile(r"[+~]*hydra[./]")
"""The keys of Hydra's own config, whose names stay as they are."""
NUMBER = re.compile(r"-[\d.]+(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class _Names:
    """other_names.yaml by name: keys that mean the same, what to say instead, where the parts of a
    mapping go, and the overrides for an engine."""

    means: Mapping[str, tuple[str, ...]]
    answers: Mapping[str, str]
    mappings: Mapping[str, str]
    engines: Mapping[str, str]


@lru_cache(maxsize=1)
def other_names() -> _Names:
    """The names that other harnesses have for things here."""
    table = yaml.safe_load(Path(__file__).with_name("other_names.yaml").read_text("utf-8"))
    means: dict[str, tuple[str, ...]] = {}
    for key, names in table["means"].items():
        for name in names:
            means[name] = (*means.get(name, ()), key)
    answers = {name: answer["say"] for answer in table["answers"] for name in answer["names"]}
    mappings = {name: part for part, names in table["mappings"].items() for name in names}
    engines = {name: engine for engine, names in table["engines"].items() for name in names}
    return _Names(means, answers, mappings, engines)


def overrides(verb: str, words: Sequence[str]) -> list[str]:
    """The words as overrides of the verb's config; lists given in parts are one.

    Raises:
        InputError: a line for each word that has no counterpart here, or no key.
    """
    ov.refuse_secrets(words)
    if not (CONF / f"{verb}.yaml").is_file():
        return list(words)
    keys = _Keys(verb, _defaults(verb))
    found: list[str] = []
    problems: dict[str, str] = {}
    for word in _joined(words, keys):
        try:
            found += keys.meant(word, found)
        except InputError as error:
            # Of words without a key the first one alone: the others most likely belong to it.
            given = ASSIGNMENT.match(word) or FLAG.fullmatch(word)
            problems.setdefault(word if given else "", str(error))
    if problems:
        raise InputError("\n".join(dict.fromkeys(problems.values())))
    return _merged(found)


def _defaults(verb: str) -> dict[str, Any]:
    """What a key is when it is not given, for every key that takes a value."""
    groups = ov.groups()
    return {
        key: value
        for key, value in ov.flat(default_config(verb)).items()
        if not isinstance(value, dict) or ov.group_of(key) in groups
    }


def _joined(words: Sequence[str], keys: "_Keys") -> Iterator[str]:
    """A flag and the word behind it as one, `--limit 5` → `--limit=5`."""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            continue
        flag = None if word in MULTIRUN else FLAG.fullmatch(word)
        follows = flag is not None and bool(rest) and keys.is_value(flag[1], rest[0])
        yield f"{word}={rest.pop(0)}" if follows else word


def _merged(found: Sequence[str]) -> list[str]:
    """Lists that several overrides give parts of, as one each."""
    parts: dict[str, list[str]] = {}
    for override in found:
        key, sign, value = override.partition("=")
        # The others keep what makes each of them one of its own.
        name = key if sign and texts.is_list(key) else f"{len(parts)} {key}"
        parts.setdefault(name, []).append(value if texts.is_list(key) else override)
    return [
        texts.joined(name, values) if texts.is_list(name) else values[0]
        for name, values in parts.items()
    ]


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys of a verb with their defaults, and what a word means by them."""

    verb: str
    defaults: Mapping[str, Any]

    def is_value(self, flag: str, word: str) -> bool:
        """Whether the word behind a flag is its value."""
        if _plain(flag) in other_names().mappings:
            return not FLAG.fullmatch(word)
        return not ASSIGNMENT.match(word) and (not FLAG.fullmatch(word) or bool(NUMBER.match(word)))

    def meant(self, word: str, before: Sequence[str]) -> list[str]:
        """The overrides that a word stands for, behind those `before` it."""
        name, sign, value = word.partition("=")
        flag = FLAG.fullmatch(name)
        if self._is_question(word, before):
            return [f"{QUESTION}={texts.quoted(word)}"]
        if word in MULTIRUN:
            return self._several_runs(word)
        if flag:
            plain = flag[1] if self._has(flag[1]) else _plain(flag[1])
            return self._setting(plain, value if sign else None, word)
        if not sign:
            return self._without_key(word, before)
        key = ov.key_of(word)
        if not key:
            raise InputError(f"'{secrets.masked(word)}' has no key; write key=value")
        if name.lstrip().startswith("~") or OF_HYDRA.match(word):
            return [word]  # the first is refused where all overrides are
        return self._setting(key if self._has(key) else _plain(key), value, word)

    def _is_question(self, word: str, before: Sequence[str]) -> bool:
        """Whether it is what is asked: the first word, or any that has blanks in it."""
        taken = QUESTION not in self.defaults or QUESTION in map(ov.key_of, before)
        plain = not ASSIGNMENT.match(word) and not FLAG.fullmatch(word)
        return not taken and plain and (not before or len(word.split()) > 1)

    def _several_runs(self, word: str) -> list[str]:
        if self.verb not in SWEEPING:
            raise InputError(f"{word} is for several runs, orca-eval run {word}; leave it out here")
        return [word] if self.verb == "run" else []  # a leaderboard's lists are several runs

    def _without_key(self, word: str, before: Sequence[str]) -> list[str]:
        if word == SUBCOMMANDS.get(self.verb) and not before:
            return [word]
        latest = before[-1].partition("=")[0] if before else ""
        if texts.is_list(latest):
            return [f"{latest}={texts.quoted(word)}"]
        shown = secrets.masked(word)
        if self._has(word):
            raise InputError(f"'{shown}' has no value; write {word}=VALUE, without blanks")
        if word.startswith("~"):
            raise InputError(f"'{shown}': a key can't be taken away; write {word[1:]}=VALUE")
        head, _, value = word.partition(":")
        if self._has(head):
            raise InputError(f"'{shown}' is no override; write {head}={secrets.masked(value)}")
        given = set(map(ov.key_of, before))
        free = [key for key in WITHOUT_KEY.get(self.verb, ()) if key not in given]
        likely = "model" if latest in MULTIRUN else free[0] if free else "key"
        raise InputError(f"'{shown}' has no key; write {likely}={shown}")

    def _setting(self, name: str, value: str | None, typed: str) -> list[str]:
        names = other_names()
        shown = secrets.masked(typed.partition("=")[0])
        below = names.mappings.get(name, "")
        if any(key.startswith(f"{below}.") for key in self.defaults) and name not in self.defaults:
            return self._parts(below, value or "", shown)
        key = name if self._has(name) else self._meant_by(name, shown)
        if value is None and key and not isinstance(self.defaults.get(key), bool):
            raise InputError(f"{shown} has no value; write {key}=VALUE")
        value = "true" if value is None else value
        if key == FOLLOW_UP and not value.lstrip().startswith(("[", "'", '"')):
            value = texts.quoted(value)  # a sentence has commas
        if key in ("model", "engine") and (engine := names.engines.get(_plain(value))):
            return engine.split()
        if key == "suite" != name and len(list(texts.split(value))) > 1:
            key = "suite.benchmarks"
        return [f"{self._here(key) or name}={value}"]

    def _parts(self, below: str, value: str, shown: str) -> list[str]:
        """`pretrained=X,dtype=auto` → model.path=X, engine.dtype=auto."""
        found = []
        for part in texts.split(value.strip()):
            name, sign, inner = part.strip().partition("=")
            if not sign:
                given = f", not '{secrets.masked(part)}'" if part else ""
                raise InputError(f"{shown} takes NAME=VALUE,NAME=VALUE{given}")
            key = self._here(self._meant_by(_plain(name), name)) or f"{below}.{name}"
            found.append(f"{key}={inner}")
        return found

    def _meant_by(self, name: str, shown: str) -> str:
        """The key that another name stands for, "" where there is none.

        Raises:
            InputError: it has no counterpart here; the table says what to do.
        """
        names = other_names()
        key = next(filter(self._has, names.means.get(name, ())), "")
        if not key and name in names.answers:
            raise InputError(f"{shown}: {names.answers[name]}")
        return key

    def _here(self, key: str) -> str:
        """A run's key, or the leaderboard's list in its place."""
        return INSTEAD.get(self.verb, {}).get(key, key)

    def _has(self, key: str) -> bool:
        return key in self.defaults or (key.startswith(texts.OPEN) and "engine" in self.defaults)


def _plain(name: str) -> str:
    """A name as the table has it: `max-tokens` → max_tokens."""
    return name.replace("-", "_")
