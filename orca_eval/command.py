"""A command's process: how it ends, and what becomes of its standard streams.

Output never decides how it ends: a reader that has gone (`| head`, a closed pager) is no failure,
what is left goes nowhere and the command does its work. A disk that is full is one, told at the
end, in a line.
"""

import contextlib
import io
import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any, NoReturn, TextIO

from orca_eval.interrupts import INTERRUPTED

ENGINE_THREAD = "engine"
"""How the names begin of the threads in which an engine computes."""
NO_BARS = ("HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS")

_quiet = False


def begin(*, quiet: bool = False) -> None:
    """Makes this process a command, whose printing never raises; `quiet` leaves out progress and
    notes.

    Streams that were closed before the start lead nowhere, so that no file of ours takes their
    place; text that a stream's encoding lacks is escaped.
    """
    global _quiet  # noqa: PLW0603  # it is the process's
    _quiet = quiet
    if quiet:
        os.environ.update(dict.fromkeys(NO_BARS, "1"))  # read when their libraries are imported
    if sys.stdin is None:  # opened first: it takes the lowest number that is free
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stdout in (None, sys.__stdout__):  # not one that a caller put in its place
        sys.stdout = _outliving(sys.stdout)
    if sys.stderr in (None, sys.__stderr__):
        sys.stderr = _outliving(sys.stderr)
    # What takes long says so through this logger (a conversion of weights, say).
    log = logging.getLogger("orca_eval")
    log.setLevel(logging.ERROR if quiet else logging.INFO)
    log.handlers = [logging.StreamHandler(sys.stderr)]


def is_quiet() -> bool:
    """Whether nothing but results and errors is to be on the screen."""
    return _quiet


@contextlib.contextmanager
def stdout_apart(*, away: bool) -> Iterator[int]:
    """Inside, what is printed goes to standard error, or `away`: by libraries in native code and
    by processes started meanwhile too. Yields the descriptor of where it would have gone."""
    stdout = sys.stdout
    stdout.flush()
    kept = os.dup(1)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123  # Path can't be a device
        os.dup2(nowhere.fileno() if away else 2, 1)
        sys.stdout = nowhere if away else sys.stderr
        try:
            yield kept
        finally:
            sys.stdout = stdout
            os.dup2(kept, 1)
            os.close(kept)


def leave(code: int) -> NoReturn:
    """Ends the process. What libraries print at their end goes to standard error.

    Where a thread hangs in an engine's native code, it ends by the system's own exit, because
    Python's would tear the engine down under it. Interrupted it does so too: nobody waits for that.
    """
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)  # nothing is left to be kept
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or its reader is
            stream.flush()
    with contextlib.suppress(OSError):  # both are closed
        os.dup2(2, 1)
    hangs = any(thread.name.startswith(ENGINE_THREAD) for thread in threading.enumerate())
    if hangs or code == INTERRUPTED:
        os._exit(code)
    sys.exit(code)


class _Sink(io.FileIO):
    """A standard stream that takes everything; `failure` is why some of it could not be written."""

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        try:
            while (written := super().write(data)) is None:  # a pipe that does not wait is full
                select.select([], [self], [])
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                self.failure = error
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # Path can't be a device
                os.dup2(nowhere.fileno(), self.fileno())
            return len(data)
        return written


def output_failure() -> OSError | None:
    """Why standard output could not be written, None where it could or its reader has gone."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return None
    except (OSError, ValueError) as error:  # not ours: a caller's own stream; ValueError: closed
        return error if isinstance(error, OSError) else None
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.failure if isinstance(raw, _Sink) else None


def _outliving(stream: TextIO | None) -> TextIO:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    with contextlib.suppress(OSError, ValueError):
        stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Sink(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
