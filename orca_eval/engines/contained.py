"""Child processes that end with us, stay out of Ctrl-C's reach, and write to a file.

vLLM starts its engine through `multiprocessing`. Left alone, that process outlives a killed parent
(it went on generating, and kept its memory, in every trial), dies of the terminal's Ctrl-C before
finished answers are stored, and prints tracebacks over the progress bar.
"""

import multiprocessing
import os
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker, spawn
from pathlib import Path

_CHILD = Path(__file__).with_name("contained_child.py")


@contextmanager
def contained_children(log: Path | None) -> Iterator[None]:
    """Processes that this one spawns inside the block are contained; their children inherit it.

    `log` gets their standard output and error (None leaves both alone). The block must last until
    they run. That they end with us needs Linux 5.3 or later.
    """
    _start_tracker()
    before = spawn.get_executable()
    with tempfile.TemporaryDirectory(prefix="orca-eval-") as folder:
        script = Path(folder) / "python"
        command = [sys.executable, "-I", "-S", _CHILD, os.getpid(), log or ""]
        script.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, command))} "$@"\n')
        script.chmod(0o700)
        if os.access(script, os.X_OK):  # not on a file system that is mounted noexec
            spawn.set_executable(str(script))
        try:
            yield
        finally:
            spawn.set_executable(before)


def _start_tracker() -> None:
    """Starts, uncontained, what removes killed processes' shared memory, less its warnings."""
    name, before = "PYTHONWARNINGS", os.environ.get("PYTHONWARNINGS")
    os.environ[name] = "ignore::UserWarning:multiprocessing.resource_tracker"
    try:
        resource_tracker.ensure_running()
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def end_groups(children: Iterable[int], seconds: float) -> None:
    """Waits until contained children (by pid) and theirs have ended; kills what has not by then."""
    deadline = time.monotonic() + seconds
    for child in children:
        # Each leads a group of its own, which lives on while any process of it does.
        with suppress(ProcessLookupError):
            while time.monotonic() < deadline:
                multiprocessing.active_children()  # collects those that ended
                os.killpg(child, 0)
                time.sleep(0.02)
            os.killpg(child, signal.SIGKILL)
