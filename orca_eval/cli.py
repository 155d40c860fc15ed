"""The console script: finds the verb, prints help at once, turns errors into exit codes."""

import gc
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from orca_eval import __version__, command, interrupts
from orca_eval.config.nearest import hint
from orca_eval.errors import GATE_FAILED, InputError, OrcaEvalError, RunError, described
from orca_eval.help import list_verbs, read_help
from orca_eval.outcome import Outcome
from orca_eval.safe_text import github_line

JUDGING = ("gate", "baseline")
"""Verbs whose exit code 1 is a verdict or none, never a failure."""
GOING_ON = ("run", "leaderboard", "strategies", "judge")
"""Verbs that go on where they were interrupted."""
JSON, QUIET = "--json", "--quiet"
COLLECTED_AFTER = 20_000, 50, 50
"""The garbage collector's thresholds: imports make 400,000 objects that stay, and going through
them after every 700 takes a quarter of a second."""
COMPLETION = "completion"
"""The verb that takes no keys."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a verb. Returns the exit code (see `orca-eval --help`)."""
    typed = list(sys.argv[1:] if arguments is None else arguments)
    flags = _before_dashes(typed)
    args = [arg for arg in flags if arg not in (JSON, QUIET)] + typed[len(flags) :]
    command.begin(quiet=QUIET in flags)
    if JSON in flags:
        return _printed(_for_a_program(args), args)
    with interrupts.heard(_answer, lambda: _say(_interrupted(args))):
        outcome = _outcome(args)
    return _printed(outcome.exit_code, args)


def _before_dashes(args: Sequence[str]) -> Sequence[str]:
    """Those among which flags are looked for: what follows -- is a shell's line to complete."""
    return args[: args.index("--")] if "--" in args else args


def _for_a_program(args: Sequence[str]) -> int:
    """Prints one JSON object, whatever happens; what is for people goes to standard error."""
    early = Outcome({"error": _interrupted(args)}, interrupts.INTERRUPTED)
    with (
        command.stdout_apart(away=command.is_quiet()) as stdout,
        interrupts.heard(_answer, lambda: os.write(stdout, _as_json(early))),
    ):
        outcome = _outcome(args)
    sys.stdout.buffer.write(_as_json(outcome))
    return outcome.exit_code


def _as_json(outcome: Outcome) -> bytes:
    import json  # both take time that no help should wait for

    from pydantic_core import to_jsonable_python

    content = {"exit_code": outcome.exit_code, **outcome.data}
    known = to_jsonable_python(content, inf_nan_mode="null")
    text = json.dumps(known, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace") + b"\n"


def _outcome(args: Sequence[str]) -> Outcome:
    """The verb's, or the error that ended it, which is said."""
    try:
        return _help(args) or _run(args[0], list(args[1:]))
    except (KeyboardInterrupt, Exception) as error:
        # What is broken off (an import, say) may raise an error of its own.
        if isinstance(error, Exception) and not interrupts.came():
            return _error(args, error)
        interrupts.conclude()
        return _failed(_interrupted(args), interrupts.INTERRUPTED)


def _error(args: Sequence[str], error: Exception) -> Outcome:
    if isinstance(error, OrcaEvalError):
        is_input = isinstance(error, InputError)
        return _failed(str(error), error.exit_code if is_input else _failure_code(args))
    said = f"the {args[0]} failed: {described(error)}"
    if args[0] in JUDGING:
        return _failed(said, GATE_FAILED)
    traceback.print_exception(error)
    return Outcome({"error": said}, RunError.exit_code)


def _failed(problem: str, code: int) -> Outcome:
    _say(problem)
    return Outcome({"error": problem}, code)


def _failure_code(args: Sequence[str]) -> int:
    return GATE_FAILED if args and args[0] in JUDGING else RunError.exit_code


def _printed(code: int, args: Sequence[str]) -> int:
    """The verb's code, a failure's where what it printed could not be written."""
    failure = command.output_failure()
    if failure is None:
        return code
    _say(f"standard output can't be written ({failure.strerror or failure}); make room and repeat")
    return _failure_code(args)


def _interrupted(args: Sequence[str]) -> str:
    if args and args[0] in GOING_ON:
        return "interrupted; what is finished is kept: the same command goes on from here"
    return "interrupted"


def _answer(message: str) -> None:
    """Says what is no error."""
    if not command.is_quiet():
        _say(message)


def _say(message: str) -> None:
    for line in message.splitlines():
        print(github_line(f"orca-eval: {line}"), file=sys.stderr, flush=True)


def _help(args: Sequence[str]) -> Outcome | None:
    """Prints the text asked for; None where a verb is to run.

    Raises:
        InputError: there is no such verb.
    """
    verb = args[0] if args else "--help"
    if verb in ("--help", "-h", "help"):
        return _shown("program")
    if verb == "--version":
        print(f"orca-eval {__version__}")
        return Outcome({"version": __version__})
    verbs = [*list_verbs(), COMPLETION]
    if "=" in verb or verb.startswith("-"):
        raise InputError(
            f"a verb comes first, as in: orca-eval run suite=gsm8k; there are {', '.join(verbs)}"
        )
    if verb not in verbs:
        shown = verb if verb.isidentifier() else "…"  # never a key that was typed in its place
        raise InputError(f"unknown verb '{shown}': {hint(verb, verbs, 1, 'there are')}")
    return _shown(verb) if {"--help", "-h"} & set(_before_dashes(args)[1:]) else None


def _shown(name: str) -> Outcome:
    text = read_help(name)
    print(text, end="")
    return Outcome({"help": text})


def _run(verb: str, words: list[str]) -> Outcome:
    if verb != COMPLETION:
        from orca_eval.config.words import overrides  # takes longer than completion may

        words = overrides(verb, words)
    module = importlib.import_module(f"orca_eval.verbs.{verb}")
    outcome: Outcome = module.main(words)
    return outcome


def console() -> NoReturn:
    """The console script: runs a verb and ends the process with its exit code."""
    gc.set_threshold(*COLLECTED_AFTER)
    command.leave(main())


if __name__ == "__main__":
    console()
