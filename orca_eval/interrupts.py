"""Ctrl-C and SIGTERM, which end a command alike: the first in good order, the second at once.

The main thread hears a signal between two steps of Python alone, and native code may keep it for
long. So a thread of its own hears them too: it answers at once, and it ends the process where good
order takes too long or a second signal comes. Whatever is finished is on the disk by then.
"""

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

INTERRUPTED = 130
GRACE_SECONDS = 1.2
"""So long may an end in good order take."""
PATIENCE_SECONDS = 6.0
"""So long is waited then for answers that are not on the disk yet."""
ONE_PRESS_SECONDS = 0.25
"""Signals closer than this are one: what wraps a command passes on what the terminal sent too."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_END = 0
_POLL_SECONDS = 0.1

unwritten: list[Callable[[], bool]] = []
"""Each says whether something finished is not on the disk yet."""


def _raise() -> None:
    raise KeyboardInterrupt


def nothing_kept() -> str:
    """The state of what keeps nothing."""
    return "stopping"


class _Command:
    """`stop` is what the first signal does, `state` what is said of it."""

    def __init__(self, say: Callable[[str], None], last_words: Callable[[], object]) -> None:
        self._say, self._last_words = say, last_words
        self._answered = threading.Event()
        self._talking = threading.Lock()
        self._is_over = False
        self.stop: Callable[[], None] = _raise
        self.state: Callable[[], str] = nothing_kept
        self.interrupted = False

    def hear(self, _signum: int, _frame: FrameType | None) -> None:
        """The signals' handler, in the main thread."""
        if not self.interrupted:
            self.interrupted = True
            self._answered.wait(_POLL_SECONDS)  # not for long: the answer may wait for this thread
            self.stop()

    def listen(self, signals: int) -> None:
        """The listening thread: `signals` is where the numbers of those that came can be read."""
        first = last = 0.0
        while True:
            wait = max(first + GRACE_SECONDS - time.monotonic(), _POLL_SECONDS) if first else None
            if not select.select([signals], [], [], wait)[0]:
                if not _is_writing() or time.monotonic() > first + PATIENCE_SECONDS:
                    self._end_now()
                continue
            number = os.read(signals, 1)[0]
            if number == _END:
                return
            before, last = last, time.monotonic()
            if number not in _SIGNALS or last - before < ONE_PRESS_SECONDS:
                continue
            if first:
                self._end_now()
            first = last
            with self._talking:
                if not self._is_over:
                    self._say(f"{self.state()}; Ctrl-C again ends at once")
            self._answered.set()

    def conclude(self) -> None:
        """Leaves the last word to the caller: the signal is answered by now, or never."""
        with self._talking:
            self._is_over = True

    def _end_now(self) -> NoReturn:
        try:
            _show_cursor()
            self._last_words()
        finally:
            os._exit(INTERRUPTED)


_command: _Command | None = None


def _show_cursor() -> None:
    """A progress bar hides it, and shows it again when it is ended in good order."""
    if os.isatty(2):
        os.write(2, b"\r\x1b[2K\x1b[?25h")


def _is_writing() -> bool:
    return any(waits() for waits in list(unwritten))


def came() -> bool:
    """Whether a signal told the command to end."""
    return _command is not None and _command.interrupted


def conclude() -> None:
    """Leaves what is said last to the caller."""
    if _command is not None:
        _command.conclude()


@contextlib.contextmanager
def _handlers_given_back() -> Iterator[dict[signal.Signals, Any]]:
    """Yields the signals' handlers, which have their places again at the end."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield before
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def heard(say: Callable[[str], None], last_words: Callable[[], object]) -> Iterator[None]:
    """Inside, a signal is answered with `say`, raises KeyboardInterrupt, and ends the process after
    `last_words` where that does not end it. Out of the main thread nothing is heard.

    SIGINT stays ignored where it was: a job started in the background is deaf to Ctrl-C.
    """
    global _command  # noqa: PLW0603  # signals are the process's
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    outer, _command = _command, _Command(say, last_words)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    thread = threading.Thread(target=_command.listen, args=(reading,), name="signals", daemon=True)
    thread.start()
    woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        with _handlers_given_back() as before:
            for number, handler in before.items():
                if number == signal.SIGTERM or handler is not signal.SIG_IGN:
                    signal.signal(number, _command.hear)
            yield
    finally:
        signal.set_wakeup_fd(woken)
        os.write(writing, bytes([_END]))
        thread.join()
        os.close(reading)
        os.close(writing)
        _command = outer


@contextlib.contextmanager
def stopped_by(stop: Callable[[], None], state: Callable[[], str]) -> Iterator[None]:
    """Inside, the first signal calls `stop`, and is answered with `state` and how to end at once.

    Raises:
        KeyboardInterrupt: it came, whatever became of what was to be stopped.
    """
    if (command := _command) is None:
        yield
        return
    before, command.stop, command.state = (command.stop, command.state), stop, state
    try:
        yield
    finally:
        command.stop, command.state = before
        if command.interrupted:
            raise KeyboardInterrupt


@contextlib.contextmanager
def deadly() -> Iterator[None]:
    """Inside, a signal ends the command by itself and without a word: for native code that lets no
    thread of Python run meanwhile. Nothing that was finished may wait to be written."""
    if _command is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    _show_cursor()
    with _handlers_given_back() as before:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        yield
