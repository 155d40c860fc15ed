"""Extraction and scoring in a process of its own.

A pattern holds the interpreter's lock while it matches, for up to 0.1 s on a hostile reply, and
the event loop that feeds the engine must not wait for that. Both sides pickle through pipes; the
child ends when its input does, so it outlives neither a finished run nor a killed one.
"""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import BinaryIO, cast

from orca_eval.benchmarks.scorer import score_response
from orca_eval.errors import RunError
from orca_eval.paths import PACKAGE
from orca_eval.scoring import Golds
from orca_eval.types import Conflict, Kind, Scored

Job = tuple[Kind, Golds, Mapping[str, str] | None, str, bool, Conflict]
"""What decides the score of a response to one of our own docs: the arguments of `score_response`.
"""

GONE = "the process that scores answers is gone; repeat the same command to go on"


class ScoringProcess:
    """Scores batches in the order in which they were sent; sent and received on two threads, so
    that neither side waits for the other."""

    def __init__(self) -> None:
        # Apart from the terminal's Ctrl-C (a session of its own), and with the very same package,
        # not one in the current folder (-P).
        command = [sys.executable, "-P", "-m", __name__]
        places = [str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, places))}
        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
                env=environment,
            )
        except OSError as error:
            raise RunError(
                f"can't start the process that scores answers: {error.strerror}; repeat the same "
                "command to go on"
            ) from error
        self._jobs = cast(BinaryIO, self._child.stdin)
        self._scores = cast(BinaryIO, self._child.stdout)

    def send(self, jobs: Sequence[Job]) -> None:
        """Blocks while the process is behind. Raises RunError where it is gone."""
        try:
            pickle.dump(jobs, self._jobs)
            self._jobs.flush()
        except OSError as error:
            raise RunError(GONE) from error

    def receive(self) -> list[Scored]:
        """The scores of the next batch, one a job. Raises RunError where scoring failed or the
        process is gone."""
        try:
            reply = pickle.load(self._scores)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise RunError(GONE) from error
        if isinstance(reply, str):
            raise RunError(reply)
        return list(map(Scored._make, reply))

    def kill(self) -> None:
        """Ends the process at once, and with it whatever waits for it."""
        self._child.kill()

    def close(self) -> None:
        """Ends the process and waits for that."""
        self._child.kill()
        self._child.wait()
        self._scores.close()
        with contextlib.suppress(OSError):  # what it has not read
            self._jobs.close()


def serve(jobs: BinaryIO, scores: BinaryIO) -> None:
    """The child: answers each batch with its scores, or with a line about what went wrong."""
    while True:
        try:
            batch: Sequence[Job] = pickle.load(jobs)
        except EOFError:
            return
        pickle.dump(_fields(batch), scores)
        scores.flush()


def _fields(batch: Sequence[Job]) -> list[tuple[object, ...]] | str:
    try:
        return [tuple(score_response(*job)) for job in batch]  # plain ones pickle faster
    except Exception as error:  # a defect of ours: its name has to reach the user
        return f"scoring failed: {type(error).__name__}: {error}"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends when its input does
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:  # nobody wants the scores any more
        os._exit(0)
