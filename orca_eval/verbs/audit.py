"""orca-eval audit."""

from __future__ import annotations

from pathlib import Path

from orca_eval.audit import entries, html_sheet, markdown_sheet
from orca_eval.config.compose import compose_verb
from orca_eval.errors import InputError
from orca_eval.paths import expanded
from orca_eval.results.folder import write_text
from orca_eval.results.rescore import check_columns
from orca_eval.results.run import finished_run

SUFFIXES = (".html", ".md")


def main(overrides: list[str]) -> int:
    """Writes the sheet and prints its path; exit code 0."""
    composed = compose_verb("audit", overrides)
    most = composed["n"]
    if not isinstance(most, int) or most < 1:
        raise InputError(f"n={most}: a whole number of at least 1 is wanted")
    out = composed["out"]
    return audit_run(composed["run"], most, expanded(out) if out else None)


def audit_run(run: str, most: int, out: Path | None = None) -> int:
    """The same for a run's folder; `out` is audit.html in it unless it is named."""
    folder, manifest, samples = finished_run(run)
    check_columns(samples)
    out = out or folder / "audit.html"
    if out.suffix not in SUFFIXES:
        raise InputError(f"out={out}: a sheet is .html or .md")
    found = entries(samples, most)
    title = f"Audit of {manifest.model.name}, {manifest.suite}"
    sheet = html_sheet if out.suffix == ".html" else markdown_sheet
    write_text(out, sheet(title, found))
    print(f"{len(found)} of {len(samples)} samples: {out}")
    return 0
