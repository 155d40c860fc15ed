"""orca-eval judge."""

from collections.abc import Mapping
from typing import Any

from orca_eval.config.compose import compose_verb
from orca_eval.errors import InputError
from orca_eval.outcome import Outcome

CHECK = "check"


def main(overrides: list[str]) -> Outcome:
    """Checks a judge, or has a finished run judged by it."""
    check = overrides[:1] == [CHECK]
    composed = compose_verb("judge", overrides[check:])
    if check == (composed["run"] is not None):
        raise InputError(
            "write: orca-eval judge check judge.model=…, or orca-eval judge run=RUN judge.model=…"
        )
    return _check(composed) if check else _judge(composed)


def _check(composed: Mapping[str, Any]) -> Outcome:
    """Asks, writes judge_check.json and prints its table."""
    from orca_eval.judges.trust import told, warnings
    from orca_eval.report.judge_table import check_table
    from orca_eval.results.judge_check import digits_of, write_check
    from orca_eval.results.manifest import read_manifest
    from orca_eval.run.judging import check_judge
    from orca_eval.screen import print_path, screen
    from orca_eval.tables.screen import show

    folder, trust = check_judge(composed)
    manifest = read_manifest(folder, whole=True)
    write_check(folder, manifest, trust)
    console = screen()
    show(console, check_table(manifest.model.name, trust, manifest.limit))
    print_path(console, folder)
    return Outcome(
        {
            "folder": folder,
            "judge": digits_of(manifest),
            "model": manifest.model.name,
            "limit": manifest.limit,
            "warnings": warnings(trust),
            **told(trust),
        }
    )


def _judge(composed: Mapping[str, Any]) -> Outcome:
    """Judges, and prints the run's table."""
    from orca_eval.run.judging import judge_run
    from orca_eval.run.table import print_scores
    from orca_eval.verbs.run import run_data

    folder = judge_run(composed)
    print_scores(folder)
    return Outcome(run_data(folder))
