"""`python contained_child.py PARENT LOG ARGS…`: contains itself, then becomes `python ARGS…`.

Started by `contained.py`, by its path and without site-packages, so it imports nothing of ours.
"""

import os
import select
import signal
import sys
import time


def main() -> None:
    parent, log, *arguments = sys.argv[1:]
    os.setsid()  # the terminal's Ctrl-C goes to the parent alone
    guard(int(parent))
    if log:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, 1)
        os.dup2(file, 2)
    os.execv(sys.executable, [sys.executable, *arguments])


def guard(parent: int) -> None:
    """Leaves a process behind that kills this one's group when this one or `parent` has ended.

    A parent-death signal would not do: it is tied to a thread, and vLLM's workers, one level down,
    were seen to go on at full load for ten seconds and more after the process above them was gone.
    """
    leader = os.getpid()
    try:
        ends = [os.pidfd_open(parent), os.pidfd_open(leader)]
    except ProcessLookupError:
        sys.exit(1)
    except (AttributeError, OSError):  # not Linux, or older than 5.3
        return
    if os.fork():
        for end in ends:
            os.close(end)
        return
    os.setsid()
    # Pipes that it held open would hide the leader's end from those who wait for it.
    os.closerange(0, min(ends))
    os.closerange(max(ends) + 1, os.sysconf("SC_OPEN_MAX"))
    select.select(ends, [], [])
    for _ in range(100):
        try:
            os.killpg(leader, signal.SIGKILL)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    os._exit(0)


if __name__ == "__main__":
    main()
