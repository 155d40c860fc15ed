"""How a command is interrupted: Ctrl-C and SIGTERM alike, with the fixed exit code."""

from __future__ import annotations

import signal
import threading
from types import FrameType

INTERRUPTED = 130


def end_on_sigterm() -> None:
    """From now on SIGTERM ends this process as Ctrl-C does, wherever it is."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _as_ctrl_c)


def _as_ctrl_c(signum: int, frame: FrameType | None) -> None:
    ctrl_c = signal.getsignal(signal.SIGINT)
    if not callable(ctrl_c):  # a job started in the background is deaf to Ctrl-C
        raise KeyboardInterrupt
    ctrl_c(signum, frame)
