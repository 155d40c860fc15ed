"""What a results folder knows of runs that a launcher has: who was handed which, how far each is,
how it ended. Files alone, so that any machine that has the folder can look."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from orca_eval import __version__, files
from orca_eval.launch.job import RunResult
from orca_eval.results.folder import write_json

LAUNCHED = ".launched"
BEAT_SECONDS = 3.0
STALE_SECONDS = 60.0
"""What did not beat for so long is dead. A network file system may show files late."""
NOT_OF_A_RUN = ("parallel", "detach")
"""Keys that say how runs are handed out."""
LAUNCH, BEAT, RESULT = "launch.json", "beat.json", "result.json"


@dataclass(frozen=True, slots=True)
class Job:
    """A run to be launched. `folder`: what is known of it, under a name made of its config."""

    overrides: tuple[str, ...]
    composed: Mapping[str, Any]
    folder: Path

    @property
    def label(self) -> str:
        """What tells it from the others."""
        return " ".join(self.overrides)

    def launch(self) -> dict[str, Any]:
        """Whom it was handed to last: `launch` (the folder's name) and `index` among its runs."""
        return read_record(self.folder / LAUNCH)

    def beat(self) -> dict[str, Any]:
        """Its last sign of life: `time`, and `line`, how far it is."""
        return read_record(self.folder / BEAT)

    def result(self) -> RunResult | None:
        """How it ended, None where it did not."""
        found = read_record(self.folder / RESULT)
        if "exit_code" not in found:
            return None
        folder = found["folder"] and Path(found["folder"])
        return RunResult(self.overrides, folder, found["exit_code"], found["problem"])

    def hand_to(self, launch: str, index: int) -> None:
        """Forgets what was, and keeps who has it now."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in (BEAT, RESULT):
            (self.folder / name).unlink(missing_ok=True)
        write_json(self.folder / LAUNCH, {"launch": launch, "index": index})

    def take_back(self) -> None:
        """Forgets a launch that did not come about."""
        (self.folder / LAUNCH).unlink(missing_ok=True)
        self.folder.rmdir()


def write_result(record: Path, result: RunResult) -> None:
    """Keeps how a run ended."""
    kept = {key: value for key, value in asdict(result).items() if key != "overrides"}
    write_json(record / RESULT, kept)


def job_of(overrides: Sequence[str], composed: Mapping[str, Any]) -> Job:
    """The run's record, at the same place for the same config and version of ours."""
    told = {key: value for key, value in composed.items() if key not in NOT_OF_A_RUN}
    text = json.dumps([__version__, told], sort_keys=True, default=str)
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    results = Path(os.path.expanduser(str(composed["results_dir"])))  # noqa: PTH111
    return Job(tuple(overrides), composed, results.absolute() / LAUNCHED / name)


@contextlib.contextmanager
def beating(path: Path, **told: Any) -> Iterator[Callable[[str], None]]:
    """Inside, the file gets a sign of life every few seconds; yields what sets its `line`."""
    line, over = [""], threading.Event()

    def beat() -> None:
        while True:
            content = {"time": time.time(), "line": line[0], **told}
            with contextlib.suppress(OSError), files.whole(path) as temporary:  # a full disk, say
                temporary.write_text(json.dumps(content), "utf-8")
            if over.wait(BEAT_SECONDS):
                return

    thread = threading.Thread(target=beat, name="beat", daemon=True)
    thread.start()
    try:
        yield lambda text: line.__setitem__(0, text)
    finally:
        over.set()
        thread.join()


def is_beating(beat: Mapping[str, Any]) -> bool:
    """Whether a sign of life is fresh; on its own machine a process that is gone has none."""
    if time.time() - beat.get("time", 0.0) > STALE_SECONDS:
        return False
    here = beat.get("host") == socket.gethostname()
    return not here or psutil.pid_exists(beat.get("pid", 0))


def of_this_process() -> dict[str, Any]:
    """What a beat says of who beats."""
    return {"host": socket.gethostname(), "pid": os.getpid()}


def read_record(path: Path) -> dict[str, Any]:
    """A file of ours; nothing where there is none, or it can't be read."""
    with contextlib.suppress(OSError, ValueError):
        content = json.loads(path.read_text("utf-8"))
        return content if isinstance(content, dict) else {}
    return {}
