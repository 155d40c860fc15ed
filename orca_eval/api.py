"""What a program calls: verbs as functions, with results that show themselves; docs/python.md."""

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.overrides import written
from orca_eval.gate.output.as_json import entry
from orca_eval.gate.output.tables import comparisons
from orca_eval.gate.policy import policy_from_mapping
from orca_eval.gate.result import GateResult, problems
from orca_eval.gate.verb import gate
from orca_eval.paths import expanded
from orca_eval.report.judge_table import judge_remarks
from orca_eval.results.manifest import Manifest, read_manifest
from orca_eval.results.reading import SAMPLES
from orca_eval.results.run import check_is_run
from orca_eval.results.samples import read_frame
from orca_eval.results.scores import SHARES, read_scores, scores_frame
from orca_eval.run.evaluate import run
from orca_eval.run.table import scores_table
from orca_eval.tables import html_fragment
from orca_eval.tables.screen import text
from orca_eval.tables.table import Table

Place: TypeAlias = str | os.PathLike[str]
"""A file or folder; a `FinishedRun` is one too."""


@dataclass(frozen=True, repr=False, eq=False)
class Shown:
    """Shows itself as tables: in a notebook, and as plain text where it is printed."""

    shown: tuple[Table, ...]

    def __repr__(self) -> str:
        return text(*self.shown)

    def _repr_html_(self) -> str:
        return "\n".join(map(html_fragment, self.shown))


@dataclass(frozen=True, repr=False, eq=False)
class FinishedRun(Shown):
    """A run folder read back; docs/run-folder.md tells its keys and columns."""

    folder: Path
    manifest: Manifest
    scores: pd.DataFrame

    @cached_property
    def samples(self) -> pd.DataFrame:
        """Reads samples.parquet at the first use. Raises InputError where it is damaged."""
        return read_frame(self.folder / SAMPLES)

    def __fspath__(self) -> str:
        return str(self.folder)


@dataclass(frozen=True, repr=False, eq=False)
class ComparedRuns(Shown):
    """The gate's verdict (PASS, REGRESSION or INCONCLUSIVE), and gate.json's lines as `table`."""

    verdict: str
    table: pd.DataFrame
    result: GateResult


@dataclass(frozen=True, repr=False, eq=False)
class Report(Shown):
    """What `write_report` wrote: `path` is report.html's; its first tables are shown."""

    path: Path

    def __fspath__(self) -> str:
        return str(self.path)


def evaluate(*overrides: str, **settings: object) -> FinishedRun:
    """Runs what `orca-eval run` runs with these overrides and settings, and reads it back.

    A mapping holds the keys below its own: `sampling={"n": 4}`. Progress goes to standard error.
    Raises InputError with a line for each mistake, RunError where the same call would go on.
    """
    composed = compose_verb("run", [*overrides, *written(settings)])
    return load_run(run(run_config(composed), composed))


def load_run(folder: Place) -> FinishedRun:
    """Reads a finished run. Raises InputError where there is none, or a file of it is damaged."""
    path = expanded(os.fspath(folder))
    check_is_run(path, os.fspath(folder))
    rows, manifest = read_scores(path), read_manifest(path, whole=True)
    scores = scores_frame(rows).astype(dict.fromkeys(SHARES, float))
    remarks = judge_remarks(manifest, rows, path.parent.parent)
    return FinishedRun((scores_table(rows, manifest, remarks),), path, manifest, scores)


def compare(
    baseline: Place, candidate: Place, policy: str = "default", conf: Place | None = None
) -> ComparedRuns:
    """Compares two runs as `orca-eval gate` does, and writes nothing; scores are shares of 1.

    `baseline` may be an exported one, or "published:MODEL"; `conf`: the folder of a policy of your
    own, conf/policy/NAME.yaml. Raises InputError for runs that can't
    be compared and for an unknown policy.
    """
    settings = {"policy": policy, "conf": {"path": conf and os.fspath(conf)}}
    rules = policy_from_mapping(compose_verb("gate", written(settings))["policy"])
    result = gate(os.fspath(baseline), os.fspath(candidate), rules)
    table = comparisons(result)
    remarks = (result.headline, *problems(result), *table.remarks, *result.cautions, *result.notes)
    lines = pd.DataFrame(map(entry, result.lines))
    return ComparedRuns((replace(table, remarks=remarks),), result.verdict.name, lines, result)


def write_report(*runs: Place, out: Place, baseline: str | None = None) -> Report:
    """Writes what `orca-eval report` does, and returns the tables that it prints.

    Raises InputError for runs that can't be read and an `out` that can't be written.
    """
    from orca_eval.report.run_report import report_runs  # matplotlib takes a second

    folders = [expanded(os.fspath(each)) for each in runs]
    path, first = report_runs(folders, expanded(os.fspath(out)), baseline)
    return Report(first, path)
