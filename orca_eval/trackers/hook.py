"""`tracker=NAME`: checked before a run, told after it; a tracker's failure undoes no run."""

import importlib
import importlib.util
import json
import tempfile
from pathlib import Path

from orca_eval.errors import InputError
from orca_eval.results.folder import write_json
from orca_eval.run.progress import complain, say

TRACKED = "tracked.json"


def check_tracker(name: str) -> None:
    """Raises InputError where the tracker's package is not installed."""
    if importlib.util.find_spec(name) is None:
        raise InputError(f"tracker={name}: not installed; pip install 'orca-eval[{name}]'")


def track(folder: Path, name: str) -> None:
    """Logs a finished run once: the same command again logs it only if it was made anew."""
    from orca_eval.results.run import read_run
    from orca_eval.trackers.record import record

    try:
        run = read_run(folder)
        tracked = _tracked(folder)
        if tracked.get(name) == run.manifest.finished:
            say(f"{name} has this run already")
            return
        with tempfile.TemporaryDirectory() as plots:
            tracker = importlib.import_module(f"orca_eval.trackers.{name}")
            tracker.log(record(run, Path(plots)))
        write_json(folder / TRACKED, tracked | {name: run.manifest.finished})
    except Exception as error:  # whatever it is, the results are there
        reason = " ".join(str(error).split())[:300] or "no reason given"
        complain(
            f"the run is finished, but {name} did not take it ({type(error).__name__}: {reason}); "
            "the same command tries again"
        )


def _tracked(folder: Path) -> dict[str, str]:
    """When the run was finished that each tracker was told of."""
    try:
        found = json.loads((folder / TRACKED).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
