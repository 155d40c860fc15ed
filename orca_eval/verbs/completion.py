"""orca-eval completion: what a shell calls to complete a command line.

It answers while a key is held, so it reads help texts and names of files alone: no config is
composed and nothing slow is imported.
"""

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from orca_eval.errors import InputError
from orca_eval.help import list_verbs, read_help
from orca_eval.outcome import Outcome
from orca_eval.paths import CONF, TASKS, expanded

SHELLS = ("bash", "zsh", "fish")
WORDS = ["words", "--"]
FLAGS = ("--help", "--json", "--quiet")
GROUPS = {"models": "model", "prompts": "prompt", "judge.model": "model", "judge.engine": "engine"}
"""The groups whose choices a key of another name takes."""
BENCHMARKS = ("suite", "suite.benchmarks", "task")
PATHS = (
    *("model.path", "model.adapter", "model.chat_template", "judge.model.path", "models"),
    *("data.root", "tasks.path", "conf.path", "engine.script", "judge.engine.script"),
    *("run", "runs", "candidate", "from", "out", "results_dir"),
)
ONE_OF = {
    "extract.conflict": ("none", "letter", "text"),
    "over_long": ("error", "skip", "shrink"),
    "true": ("true", "false"),
    "false": ("true", "false"),
}
"""What a key may be, or one with this default."""

_KEY = re.compile(r"^  ([a-z][\w.]*)=(\S*)", re.MULTILINE)
_TASK = re.compile(r"^(?:group: | +- \{task: |task: )([\w.-]+)", re.MULTILINE)
"""A benchmark's name, then those of its tasks; or of one that is its only task."""


def main(arguments: list[str]) -> Outcome:
    """Prints a shell's script, or the words that complete a command line, one a line."""
    if arguments[:2] == WORDS:
        found = sorted(set(complete(arguments[2:])))
        print("".join(f"{word}\n" for word in found), end="")
        return Outcome({"words": found})
    if len(arguments) != 1 or arguments[0] not in SHELLS:
        raise InputError(f"write: orca-eval completion {'|'.join(SHELLS)}")
    script = read_help("completion", arguments[0])
    print(script, end="")
    return Outcome({"script": script})


def complete(words: Sequence[str]) -> list[str]:
    """Finds what the last of the words, which follow the program's name, may become.

    A word that ends in `=`, `/` or `,` is to be gone on with.
    """
    *before, word = words or [""]
    verb = next((typed for typed in before if not typed.startswith("-")), None)
    if verb is None:
        known = [*list_verbs(), "completion", "--version", *FLAGS]
    elif verb == "completion":
        known = [*SHELLS, *FLAGS]
    elif verb not in list_verbs():
        return []
    elif "=" in word:
        return _with_value(verb, before, word)
    else:
        known = [*(f"{key}=" for key in keys_of(verb)), *FLAGS]
        known += {"run": ["-m"], "baseline": ["export"], "judge": ["check"]}.get(verb, [])
    flag = word.startswith("-")
    return [name for name in known if name.startswith(word) and name.startswith("-") == flag]


def keys_of(verb: str) -> dict[str, str]:
    """Every key that a verb's help names, with its default; the judge's by the model's."""
    keys = dict(_KEY.findall(read_help(verb)))
    for group in ("model", "engine"):
        if f"judge.{group}" in keys:
            keys |= {f"judge.{k}": v for k, v in keys.items() if k.startswith(f"{group}.")}
    return keys


def tasks_of(folder: Path) -> dict[str, list[str]]:
    """The benchmarks of a folder laid out as tasks/, each with its tasks."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*/*.yaml")):
        names = [name.removeprefix("orca_") for name in _TASK.findall(path.read_text("utf-8"))]
        if names:
            found[names[0]] = names[1:] or names
    return found


def _with_value(verb: str, before: Sequence[str], word: str) -> list[str]:
    """The same for `key=value`, of whose list the last entry is completed."""
    key, _, value = word.partition("=")
    start = max(value.rfind(","), value.rfind("[")) + 1
    head, entry = f"{key}={value[:start]}", value[start:]
    given = dict(typed.split("=", 1) for typed in before if "=" in typed)
    names = [name for name in _names(verb, key, entry, given) if name.startswith(entry)]
    is_path = key in PATHS or (key, verb) == ("baseline", "gate")
    return [f"{head}{name}" for name in [*names, *(_paths(entry) if is_path else ())]]


def _names(verb: str, key: str, entry: str, given: Mapping[str, str]) -> list[str]:
    """The names that a key takes: choices of its group, benchmarks, tasks of one."""
    group = GROUPS.get(key, key)
    folders = [CONF, *_own(given, "conf.path")]
    names = [path.stem for folder in folders for path in folder.glob(f"{group}/*.yaml")]
    if key in BENCHMARKS:
        known = {k: v for f in (TASKS, *_own(given, "tasks.path")) for k, v in tasks_of(f).items()}
        benchmark, slash, _ = entry.partition("/")
        names += [f"{benchmark}/{task}" for task in known.get(benchmark, ())] if slash else known
    return [*names, *ONE_OF.get(key, ONE_OF.get(keys_of(verb).get(key, ""), ()))]


def _own(given: Mapping[str, str], key: str) -> list[Path]:
    return [expanded(given[key])] if given.get(key) else []


def _paths(typed: str) -> list[str]:
    """Files and folders that begin as typed, hidden ones where their dot is typed."""
    folder, start = os.path.split(typed)
    with contextlib.suppress(OSError, ValueError):
        return [
            os.path.join(folder, entry.name) + "/" * entry.is_dir()  # noqa: PTH118  # ~ and ./ stay
            for entry in os.scandir(expanded(folder) if folder else ".")
            if entry.name.startswith(start) and entry.name.startswith(".") <= start.startswith(".")
        ]
    return []
