"""Contained child processes: their own session, their own output, and no life after ours."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from orca_eval.engines.contained import contained_children, end_groups
from tests.waiting import HANG_SECONDS, until

# A script and not a function of this module: a spawned process imports the main module again.
PARENT = textwrap.dedent(
    """
    import multiprocessing, os, sys, time
    from pathlib import Path
    from orca_eval.engines.contained import contained_children

    def child(folder):
        print("on the screen?", flush=True)
        print("an error?", file=sys.stderr, flush=True)
        worker = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
        worker.start()
        Path(folder, "child").write_text(f"{os.getpid()} {os.getsid(0)} {worker.pid}")
        time.sleep(60)

    if __name__ == "__main__":
        folder, log = sys.argv[1:]
        with contained_children(Path(log) if log else None):
            process = multiprocessing.get_context("spawn").Process(target=child, args=(folder,))
            process.start()
            while not Path(folder, "child").exists():
                time.sleep(0.01)
        process.join()
    """
)


def start(folder: Path, log: str) -> tuple[subprocess.Popen[str], list[int]]:
    """The parent, and the pid and session of its child and the pid of the child's own."""
    (folder / "parent.py").write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, folder / "parent.py", folder, log],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    written = folder / "child"
    until(lambda: written.is_file() and written.read_text().count(" ") == 2)
    return parent, [int(number) for number in written.read_text().split()]


def ended(pid: int) -> bool:
    """Whether the process is gone, or a zombie that nobody in a container collects."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


guarded = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux 5.3 or later")


@guarded
def test_a_child_is_apart_silent_and_ends_with_its_killed_parent(tmp_path: Path) -> None:
    log = tmp_path / "log"
    parent, (pid, session, worker) = start(tmp_path, str(log))
    assert session == pid != os.getsid(0)
    parent.send_signal(signal.SIGKILL)
    output, _ = parent.communicate()
    until(lambda: ended(pid) and ended(worker))
    assert output == ""
    assert log.read_text() == "on the screen?\nan error?\n"


@guarded
def test_a_killed_child_takes_its_own_with_it_and_its_parent_learns_of_it(tmp_path: Path) -> None:
    parent, (pid, _, worker) = start(tmp_path, "")
    os.kill(pid, signal.SIGKILL)
    output, _ = parent.communicate(timeout=HANG_SECONDS)
    until(lambda: ended(worker))
    assert output.startswith("on the screen?\nan error?\n")


def test_the_interpreter_for_other_children_is_put_back() -> None:
    before = multiprocessing.spawn.get_executable()
    with contained_children(None):
        assert multiprocessing.spawn.get_executable() != before
    assert multiprocessing.spawn.get_executable() == before


def test_a_group_is_killed_whole_after_its_time() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    leader = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, start_new_session=True
    )
    began = time.monotonic()
    end_groups([leader.pid], seconds=0.3)
    assert leader.wait(timeout=HANG_SECONDS) == -signal.SIGKILL
    assert time.monotonic() - began >= 0.3
    assert leader.stdin is not None
    leader.stdin.close()
    end_groups([leader.pid], seconds=0.3)
