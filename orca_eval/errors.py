"""What may go wrong, as exit codes. A message is one line: what is wrong, where, what to do."""

import traceback
from pathlib import Path

GATE_FAILED = 4
"""Exit code of `gate` and `baseline` for a failure outside the input: there 1 is a regression."""


def described(error: Exception) -> str:
    """An error that nobody expected, in a line: what it is and where it was raised."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said} ({Path(at.filename).name}, line {at.lineno})"


class OrcaEvalError(Exception):
    """Base of every error that is shown as one line instead of a traceback."""

    exit_code = 1


class InputError(OrcaEvalError):
    """The user's config, data or model can't be used as given (exit 3)."""

    exit_code = 3


class RunError(OrcaEvalError):
    """The run failed or is incomplete for a reason outside the input (exit 1; see GATE_FAILED)."""

    exit_code = 1


class SettingError(RunError):
    """A server refused what every request has: a field, or the model's name.

    Where others like it were answered, in this run or before, it is that one request's failure.
    """


class FailedItemError(RunError):
    """One request failed for good, while others may be answered.

    `refused`: the server said that it is this prompt's fault (a content filter).
    """

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


class PromptTooLongError(FailedItemError):
    """A server refused or cut one prompt because it does not fit the model's context.

    `room`: tokens that are left behind the prompt, where the server says so.
    """

    def __init__(self, message: str, room: int | None = None) -> None:
        super().__init__(message, refused=True)
        self.room = room
