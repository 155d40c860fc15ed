"""Tables, plots, the HTML report and exports, from finished runs or a CSV of scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

# What these need (matplotlib, pyarrow) takes long to import: only the one called is loaded.


def main_report(
    runs: Sequence[Path],
    out: Path,
    baseline: str | None,
    samples: bool = True,
    notes: Sequence[str] = (),
) -> int:
    """Tables, plots, exports and report of finished runs; see `run_report.main_report`."""
    from orca_eval.report import run_report

    return run_report.main_report(runs, out, baseline, samples, notes)


def main_report_csv(csv: Path, out: Path, baseline: str | None) -> int:
    """Tables of a CSV of scores; see `run_report.main_report_csv`."""
    from orca_eval.report import run_report

    return run_report.main_report_csv(csv, out, baseline)


def write_run_report(run_folder: Path, samples: bool = True) -> Path:
    """A single run's report.html in its folder; see `run_report.write_run_report`."""
    from orca_eval.report import run_report

    return run_report.write_run_report(run_folder, samples)
