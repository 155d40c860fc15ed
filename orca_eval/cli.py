"""The console script: finds the verb, prints help at once, turns errors into exit codes."""

from __future__ import annotations

import difflib
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from orca_eval import __version__
from orca_eval.errors import InputError, OrcaEvalError
from orca_eval.help import PROGRAM, VERBS
from orca_eval.interrupt import INTERRUPTED, end_on_sigterm, leave
from orca_eval.safe_text import github_line


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a verb. Returns the exit code (see `orca-eval --help`)."""
    args = list(sys.argv[1:] if arguments is None else arguments)
    end_on_sigterm()
    try:
        text = _help(args)
        if text is not None:
            print(text, end="")
            return 0
        return _run(args[0], args[1:])
    except OrcaEvalError as error:
        for line in str(error).splitlines():
            print(github_line(f"orca-eval: {line}"), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(
            "orca-eval: interrupted; what is finished is kept: the same command goes on from here",
            file=sys.stderr,
        )
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (a pager, head); what is left must not raise again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _help(args: Sequence[str]) -> str | None:
    """The text asked for, None where a verb is to run.

    Raises:
        InputError: there is no such verb.
    """
    verb = args[0] if args else "--help"
    if verb in ("--help", "-h", "help"):
        return PROGRAM
    if verb == "--version":
        return f"orca-eval {__version__}\n"
    if verb not in VERBS:
        near = difflib.get_close_matches(verb, VERBS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(VERBS)}"
        shown = verb if verb.isidentifier() else "…"  # never a key that was typed in its place
        raise InputError(f"unknown verb '{shown}': {hint}")
    return VERBS[verb] if {"--help", "-h"} & set(args[1:]) else None


def _run(verb: str, overrides: list[str]) -> int:
    # What takes long says so through this logger (a conversion of weights, say).
    log = logging.getLogger("orca_eval")
    log.setLevel(logging.INFO)
    log.handlers = [logging.StreamHandler(sys.stderr)]
    module = importlib.import_module(f"orca_eval.verbs.{verb}")
    code: int = module.main(overrides)
    return code


def console() -> NoReturn:
    """The console script: runs a verb and ends the process with its exit code."""
    leave(main())


if __name__ == "__main__":
    console()
