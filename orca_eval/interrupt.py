"""How a command ends early: Ctrl-C and SIGTERM alike, with the fixed exit code, and past a thread
that hangs."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
ENGINE_THREAD = "engine"
"""How the names begin of the threads in which an engine computes."""


def end_on_sigterm() -> None:
    """From now on SIGTERM ends this process as Ctrl-C does, wherever it is."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _as_ctrl_c)


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
