"""The console script: finds the verb, prints help at once, turns errors into exit codes."""

import importlib
import logging
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from orca_eval import __version__, command
from orca_eval.config.nearest import hint
from orca_eval.errors import GATE_FAILED, InputError, OrcaEvalError, RunError
from orca_eval.help import list_verbs, read_help
from orca_eval.safe_text import github_line

JUDGING = ("gate", "baseline")
"""Verbs whose exit code 1 is a verdict or none, never a failure."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a verb. Returns the exit code (see `orca-eval --help`)."""
    args = list(sys.argv[1:] if arguments is None else arguments)
    failed = GATE_FAILED if args and args[0] in JUDGING else RunError.exit_code
    command.begin()
    try:
        text = _help(args)
        if text is not None:
            print(text, end="")
            return _printed(0, failed)
        return _printed(_run(args[0], args[1:]), failed)
    except OrcaEvalError as error:
        _say(str(error))
        return error.exit_code if isinstance(error, InputError) else failed
    except KeyboardInterrupt:
        _say("interrupted; what is finished is kept: the same command goes on from here")
        return command.INTERRUPTED
    except Exception as error:
        if failed != GATE_FAILED:
            raise
        _say(f"the gate failed: {_described(error)}")
        return failed


def _printed(code: int, failed: int) -> int:
    """The verb's code, `failed` where what it printed could not be written."""
    failure = command.output_failure()
    if failure is None:
        return code
    _say(f"standard output can't be written ({failure.strerror or failure}); make room and repeat")
    return failed


def _say(message: str) -> None:
    for line in message.splitlines():
        print(github_line(f"orca-eval: {line}"), file=sys.stderr)


def _described(error: Exception) -> str:
    """An error that nobody expected, in a line: what it is and where it was raised."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said} ({Path(at.filename).name}, line {at.lineno})"


def _help(args: Sequence[str]) -> str | None:
    """The text asked for, None where a verb is to run.

    Raises:
        InputError: there is no such verb.
    """
    verb = args[0] if args else "--help"
    if verb in ("--help", "-h", "help"):
        return read_help("program")
    if verb == "--version":
        return f"orca-eval {__version__}\n"
    verbs = list_verbs()
    if "=" in verb or verb.startswith("-"):
        raise InputError(
            f"a verb comes first, as in: orca-eval run suite=gsm8k; there are {', '.join(verbs)}"
        )
    if verb not in verbs:
        shown = verb if verb.isidentifier() else "…"  # never a key that was typed in its place
        raise InputError(f"unknown verb '{shown}': {hint(verb, verbs, 1, 'there are')}")
    return read_help(verb) if {"--help", "-h"} & set(args[1:]) else None


def _run(verb: str, words: list[str]) -> int:
    # What takes long says so through this logger (a conversion of weights, say).
    log = logging.getLogger("orca_eval")
    log.setLevel(logging.INFO)
    log.handlers = [logging.StreamHandler(sys.stderr)]
    from orca_eval.config.words import overrides  # Hydra takes longer than a help text may

    module = importlib.import_module(f"orca_eval.verbs.{verb}")
    code: int = module.main(overrides(verb, words))
    return code


def console() -> NoReturn:
    """The console script: runs a verb and ends the process with its exit code."""
    command.leave(main())


if __name__ == "__main__":
    console()
