"""`orca-eval report from=FILE.csv`: tables of scores typed in by hand or taken from a paper."""

from __future__ import annotations

import sys
from pathlib import Path

from orca_eval.errors import InputError
from orca_eval.report.typed_scores import read_typed_scores
from orca_eval.report.typed_tables import typed_tables
from orca_eval.tables import markdown, write_tables


def main_report_csv(csv: Path, out: Path, baseline: str | None) -> int:
    """Write every table of `csv` into `out/tables` and print them. Returns the exit code."""
    tables = typed_tables(read_typed_scores(csv), baseline)
    try:
        write_tables(tables, out / "tables")
    except OSError as error:
        raise InputError(f"out={out}: can't be written ({error.strerror})") from error
    sys.stdout.write("\n".join(map(markdown, tables)))
    return 0
