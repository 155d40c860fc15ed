"""Where a run begins: which of the store's answers count, and the date of its prompts.

A run that goes on keeps both, so that it finds what it stored before.
"""

import contextlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orca_eval.model.tokenizer import TemplateTokenizer
from orca_eval.results import folder as run_dir
from orca_eval.run.progress import say

ANEW = ".anew"
BEGUN = "begun"


@dataclass(frozen=True, slots=True)
class Beginning:
    """`mark`: under which the store keeps what counts where `fresh=true` began the run, None where
    it did not. `now`: what prompts take for now, None without a date.
    """

    folder: Path
    mark: str | None
    now: datetime | None

    def record(self) -> None:
        """Keeps both in the run folder. To be called when the engine has started: a run that gets
        no further leaves what was there before.

        Raises:
            RunError: the folder is not writable any more.
        """
        if self.mark is not None:
            run_dir.write_text(self.folder / ANEW, f"{self.mark}\n")
        if self.now is not None:
            run_dir.write_text(self.folder / BEGUN, f"{self.now.isoformat()}\n")


def find_beginning(folder: Path, tokenizer: TemplateTokenizer | None, *, fresh: bool) -> Beginning:
    """That of the run which goes on in the folder, or a new one."""
    mark, now = anew_mark(folder), tokenizer.now if tokenizer else None
    if mark is not None:
        say(f"going on with what fresh=true began; to drop that, remove {folder / ANEW}")
    elif fresh:
        return Beginning(folder, secrets.token_hex(16), now)
    return Beginning(folder, mark, now and (_begun(folder) or now))


def anew_mark(folder: Path) -> str | None:
    """The mark of what counts, where a run that `fresh=true` began is not finished."""
    return _kept(folder / ANEW) or None


def finish(folder: Path) -> None:
    """The run is finished: what it began anew is no longer under way."""
    (folder / ANEW).unlink(missing_ok=True)


def _begun(folder: Path) -> datetime | None:
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(_kept(folder / BEGUN))
    return None


def _kept(path: Path) -> str:
    """What the file says; nothing where it can't be read."""
    with contextlib.suppress(OSError, ValueError):
        return path.read_text("utf-8").strip()
    return ""
