"""Tables, plots, the HTML report and exports, from finished runs or a CSV of scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orca_eval.results.run import Run

# What it needs (matplotlib, pyarrow) takes long to import, so that is done where it is called.


def write_run_report(run: Run, samples: bool = True) -> Path:
    """A single run's report.html in its folder; see `run_report.write_run_report`."""
    from orca_eval.report import run_report

    return run_report.write_run_report(run, samples)
