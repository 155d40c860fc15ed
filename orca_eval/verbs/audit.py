"""orca-eval audit: a sheet of samples for people to look at, and what their verdicts say."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np

from orca_eval.audit.doubtful import doubtful
from orca_eval.audit.draw import STRATA, draw, population
from orca_eval.audit.entry import Entry, entry
from orca_eval.audit.findings import Findings, findings
from orca_eval.audit.form import Drawn, form, head, line, read_form
from orca_eval.audit.sheet import Sheet, html_sheet, markdown_sheet
from orca_eval.config.compose import compose_verb
from orca_eval.errors import InputError
from orca_eval.numbers import ends
from orca_eval.outcome import Outcome
from orca_eval.paths import expanded
from orca_eval.results.folder import REPORT, write_text
from orca_eval.results.manifest import Manifest
from orca_eval.results.run import finished_run, read_run
from orca_eval.screen import screen
from orca_eval.stats import Interval
from orca_eval.tables.screen import show
from orca_eval.tables.table import Table, columns, text_row

SUFFIXES = (".html", ".md")
FORM = ".csv"
WAYS = "write: orca-eval audit run=RUN, or orca-eval audit read=SHEET.csv"


def main(overrides: list[str]) -> Outcome:
    """Writes the sheet and prints its path, or reads the verdicts on one."""
    composed = compose_verb("audit", overrides)
    if composed["read"] is not None:
        return read_verdicts(expanded(composed["read"]), composed["run"])
    if composed["run"] is None:
        raise InputError(WAYS)
    for key in ("n", "sample"):
        most = composed[key]
        if (most is not None or key == "n") and (type(most) is not int or most < 1):
            raise InputError(f"{key}={most}: a whole number of at least 1 is wanted")
    out = expanded(composed["out"]) if composed["out"] else None
    if composed["sample"] is not None:
        return draw_sample(composed["run"], composed["sample"], out)
    return audit_run(composed["run"], composed["n"], out)


def audit_run(run: str, most: int, out: Path | None = None) -> Outcome:
    """The most doubtful samples of a run's folder; `out` is audit.html in it unless it is named."""
    folder, manifest, samples = finished_run(run)
    out = _checked(out or folder / "audit.html", SUFFIXES)
    found = doubtful(samples, most)
    links = _links(found, folder, out)
    sheet = html_sheet if out.suffix == ".html" else markdown_sheet
    write_text(out, sheet(Sheet(_title(manifest), found, links)))
    print(f"{len(found)} of {len(samples)} samples: {out}")
    return Outcome({"file": out, "samples": len(samples), "entries": found})


def draw_sample(run: str, n: int, out: Path | None = None) -> Outcome:
    """`n` samples drawn at random by strata, as a page that takes verdicts or as the form itself;
    the same ones each time."""
    folder, manifest, samples = finished_run(run)
    out = _checked(out or folder / "audit.html", (".html", FORM))
    people = population(samples, manifest.kinds)
    drawn = []
    for row, times in draw(people, n, np.random.default_rng(0)).items():
        found = entry({str(key): value for key, value in people.rows.iloc[row].items()})
        if found is not None:
            drawn.append(Drawn(found, str(people.stratum[row]), times))
    if not drawn:
        raise InputError(f"run={run}: holds no reply that rules read; there is nothing to audit")
    place = folder.resolve()
    if out.suffix == FORM:
        write_text(out, form(drawn, place))
    else:
        entries = [one.entry for one in drawn]
        lines = [line(one, place) for one in drawn]
        links = _links(entries, folder, out)
        file = out.with_suffix(FORM).name
        write_text(out, html_sheet(Sheet(_title(manifest), entries, links, head(), lines, file)))
    print(f"{len(drawn)} of {len(people.rows)} samples: {out}")
    print(f"judge them, then: orca-eval audit read={out.with_suffix(FORM).name}")
    strata = {name: sum(one.stratum == name for one in drawn) for name in people.shares}
    return Outcome({"file": out, "samples": len(samples), "drawn": len(drawn), "strata": strata})


def read_verdicts(path: Path, run: str | None = None) -> Outcome:
    """Prints what the verdicts of a form say; `run` is where its run is now, if it was moved."""
    lines = read_form(path)
    named = {one.run for one in lines}
    if run is None and len(named) > 1:
        raise InputError(f"read={path}: is of several runs; name one with run=")
    _, manifest, samples = finished_run(run or named.pop())
    found = findings(population(samples, manifest.kinds), lines, manifest.kinds)
    show(screen(), _table(found, manifest))
    return Outcome({"file": path, "model": manifest.model.name, "findings": found})


def _checked(out: Path, suffixes: Sequence[str]) -> Path:
    if out.suffix not in suffixes:
        raise InputError(f"out={out}: a sheet is {' or '.join(suffixes)}")
    return out


def _title(manifest: Manifest) -> str:
    return f"Audit of {manifest.model.name}, {manifest.suite}"


def _links(entries: Sequence[Entry], folder: Path, out: Path) -> list[str]:
    """Each entry's place in the run's report, as a sheet at `out` finds it."""
    report = folder / REPORT
    if not report.is_file():
        return [""] * len(entries)
    label = read_run(folder).label
    page = quote(Path(os.path.relpath(report.resolve(), out.resolve().parent)).as_posix())
    return [page + found.address(label) for found in entries]


def _table(found: Findings, manifest: Manifest) -> Table:
    rows = [
        text_row(
            STRATA[part.name],
            str(part.members),
            str(part.judged),
            str(part.misread),
            f"{100 * part.error.estimate:.1f}",
            _ends(part.error),
        )
        for part in found.strata
    ]
    judged = str(found.judged)
    rows += [
        text_row(name, "", judged, "", f"{100 * value.estimate:.1f}", _ends(value), kind="summary")
        for name, value in (
            ("extractor's errors", found.error),
            ("corrected score", found.corrected),
        )
    ]
    aliases = {name: own.alias or name for name, own in manifest.benchmarks.items()}
    remarks = [
        f"the score as extracted is {100 * found.score.estimate:.1f} ({_ends(found.score)}), of "
        f"{aliases.get(found.what, found.what)}; the corrected one's interval holds the errors of "
        "the documents and of the audit"
    ]
    for count, what in (
        (found.blank, "have no verdict and are left out"),
        (found.unclear, "are unclear and left out"),
    ):
        remarks += [f"{count} of the drawn samples {what}"] * bool(count)
    remarks += [f"{found.out} samples are scored by no rule and are not in it"] * bool(found.out)
    heads = ("samples", "judged", "misread", "%", "95 % interval")
    return Table(
        "audit",
        f"{_title(manifest)}: what people say",
        "stratum",
        columns(*heads, giving_way=(("samples",),)),
        tuple(rows),
        tuple(remarks),
    )


def _ends(value: Interval) -> str:
    return " – ".join(ends(100 * value.low, 100 * value.high, 1))
