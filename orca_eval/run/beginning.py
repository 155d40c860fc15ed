"""Where a run begins: from which row of the store answers count, and the date of its prompts.

A run that goes on keeps both, so that it finds what it stored before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orca_eval.model.types import ChatTokenizer
from orca_eval.run import folder as run_dir
from orca_eval.store import ResponseStore

ANEW = ".anew"
BEGUN = "begun"


@dataclass(frozen=True, slots=True)
class Beginning:
    """`after`: the store's last row when `fresh=true` began the run, None where it did not.
    `goes_on`: it began the run before now. `now`: what prompts take for now, None without a date.
    """

    folder: Path
    after: int | None
    goes_on: bool
    now: datetime | None

    def record(self) -> None:
        """Keeps both in the run folder. To be called when the engine has started: a run that gets
        no further leaves what was there before.

        Raises:
            RunError: the folder is not writable any more.
        """
        if self.after is not None:
            run_dir.write_text(self.folder / ANEW, f"{self.after}\n")
        if self.now is not None:
            run_dir.write_text(self.folder / BEGUN, f"{self.now.isoformat()}\n")


def find_beginning(
    folder: Path, store: ResponseStore, tokenizer: ChatTokenizer | None, *, fresh: bool
) -> Beginning:
    """That of the run which goes on in the folder, or a new one."""
    after = anew_after(folder)
    goes_on = after is not None
    if fresh and not goes_on:
        after = store.last_row()
    now = tokenizer.now if tokenizer else None
    if now is not None and (goes_on or not fresh):
        now = _begun(folder) or now
    return Beginning(folder, after, goes_on, now)


def anew_after(folder: Path) -> int | None:
    """The last row that does not count, where a run that `fresh=true` began is not finished."""
    try:
        return int((folder / ANEW).read_text("utf-8"))
    except (OSError, ValueError):
        return None


def finish(folder: Path) -> None:
    """The run is finished: what it began anew is no longer under way."""
    (folder / ANEW).unlink(missing_ok=True)


def _begun(folder: Path) -> datetime | None:
    try:
        return datetime.fromisoformat((folder / BEGUN).read_text("utf-8").strip())
    except (OSError, ValueError):
        return None
