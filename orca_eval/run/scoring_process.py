"""Extraction and scoring in a process of its own.

A pattern holds the interpreter's lock while it matches, for up to 0.1 s on a hostile reply, and
the event loop that feeds the engine must not wait for that. Both sides pickle through a pipe; the
child ends when that does, so it outlives neither a finished run nor a killed one.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import NoReturn

from orca_eval.benchmarks.scorer import score_response
from orca_eval.errors import RunError
from orca_eval.paths import PACKAGE
from orca_eval.scoring import Golds
from orca_eval.types import Kind, Scored

Job = tuple[Kind, Golds, Mapping[str, str] | None, str]
"""What decides the score of a response to one of our own docs: kind, golds, options, response."""

GONE = "the process that scores answers is gone; repeat the same command to go on"


class ScoringProcess:
    """Scores a batch at a time: what was sent is to be received before more is sent."""

    def __init__(self) -> None:
        # Apart from the terminal's Ctrl-C (a session of its own), and with the very same package,
        # not one in the current folder (-P).
        self._pipe, childs = Pipe()
        command = [sys.executable, "-P", "-m", __name__, str(childs.fileno())]
        places = [str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")]
        try:
            with childs:
                self._child = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[childs.fileno()],
                    start_new_session=True,
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, places))},
                )
        except OSError as error:
            raise RunError(
                f"can't start the process that scores answers: {error.strerror}; repeat the same "
                "command to go on"
            ) from error

    def send(self, jobs: Sequence[Job]) -> None:
        """Blocks while the process is behind. Raises RunError where it is gone."""
        try:
            self._pipe.send(jobs)
        except OSError as error:
            raise RunError(GONE) from error

    def receive(self) -> list[Scored]:
        """The scores of the next batch, one a job. Raises RunError where scoring failed or the
        process is gone."""
        try:
            reply = self._pipe.recv()
        except (OSError, EOFError) as error:
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
        self._pipe.close()


def serve(pipe: Connection) -> NoReturn:
    """The child: answers each batch with its scores, or with a line about what went wrong."""
    while True:
        batch: Sequence[Job] = pipe.recv()
        reply: list[tuple[object, ...]] | str
        try:
            reply = [tuple(score_response(*job)) for job in batch]  # plain ones pickle faster
        except Exception as error:  # a defect of ours: its name has to reach the user
            reply = f"scoring failed: {type(error).__name__}: {error}"
        pipe.send(reply)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends when its pipe does
    with contextlib.suppress(EOFError, OSError):  # nobody wants the scores any more
        serve(Connection(int(sys.argv[1])))
