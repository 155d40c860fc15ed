"""A command's process: how it ends early, and what becomes of its standard streams.

Ctrl-C and SIGTERM end it alike, with a fixed exit code, and past a thread that hangs. Output never
decides how it ends: a reader that has gone (`| head`, a closed pager) is no failure, what is left
goes nowhere and the command does its work. A disk that is full is one, told at the end, in a line.
"""

import contextlib
import io
import os
import select
import signal
import sys
import threading
from types import FrameType
from typing import Any, NoReturn, TextIO

INTERRUPTED = 130
ENGINE_THREAD = "engine"
"""How the names begin of the threads in which an engine computes."""


def begin() -> None:
    """Makes this process a command: SIGTERM ends it as Ctrl-C does, wherever it is, and printing
    never raises.

    Streams that were closed before the start lead nowhere, so that no file of ours takes their
    place; text that a stream's encoding lacks is escaped.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _as_ctrl_c)
    if sys.stdin is None:  # opened first: it takes the lowest number that is free
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stdout in (None, sys.__stdout__):  # not one that a caller put in its place
        sys.stdout = _outliving(sys.stdout)
    if sys.stderr in (None, sys.__stderr__):
        sys.stderr = _outliving(sys.stderr)


def _as_ctrl_c(signum: int, frame: FrameType | None) -> None:
    ctrl_c = signal.getsignal(signal.SIGINT)
    if not callable(ctrl_c):  # a job started in the background is deaf to Ctrl-C
        raise KeyboardInterrupt
    ctrl_c(signum, frame)


def leave(code: int) -> NoReturn:
    """Ends the process; where a thread hangs in an engine's native code, by the system's own exit,
    because Python's would tear the engine down under it."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or its reader is
            stream.flush()
    if any(thread.name.startswith(ENGINE_THREAD) for thread in threading.enumerate()):
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
