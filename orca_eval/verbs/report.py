"""orca-eval report."""

import glob
from pathlib import Path
from typing import Any

from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import report_price
from orca_eval.errors import InputError
from orca_eval.outcome import Outcome
from orca_eval.paths import expanded
from orca_eval.results.reading import REPORTS


def main(overrides: list[str]) -> Outcome:
    """Writes tables, plots and the report from run folders, or tables from a CSV of scores."""
    composed = compose_verb("report", overrides)
    out = expanded(composed["out"]) if composed["out"] else None
    baseline, price = composed["baseline"], report_price(composed)
    if bool(composed["runs"]) == bool(composed["from"]):
        raise InputError("give either runs=FOLDER,... or from=FILE.csv")
    if composed["from"] and price.named:
        raise InputError("price: a CSV of scores tells no tokens; give runs=FOLDER,... instead")
    # matplotlib and pyarrow take long to import: no mistake above is to wait for them
    from orca_eval.report.run_report import main_report, main_report_csv

    if composed["from"]:
        return main_report_csv(expanded(composed["from"]), out, baseline)
    samples = bool(composed["report"]["samples"])
    own = price if price.named else None
    return main_report(_folders(composed["runs"]), out, baseline, samples=samples, price=own)


def _folders(value: Any) -> list[Path]:
    entries = value if isinstance(value, list) else [value]
    folders: list[Path] = []
    for entry in entries:
        found = [path for path in _matching(entry) if not _is_report(path)]
        if not found:
            raise InputError(f"runs: no such folder: {entry}; name finished runs' folders")
        folders += found
    return folders


def _matching(entry: str) -> list[Path]:
    return [Path(path) for path in sorted(glob.glob(str(expanded(entry))))]  # noqa: PTH207


def _is_report(folder: Path) -> bool:
    """Whether older reports lie here, which a glob of runs finds too."""
    from orca_eval.results.run import is_run  # pandas takes long to import

    return REPORTS in (folder.name, folder.parent.name) and not is_run(folder)
