"""A finished run with one file damaged: samples.parquet mostly, or what stands beside it.

`use` gives it to every verb that reads a finished run; the gate compares it with the whole one.
"""

from __future__ import annotations

import atexit
import json
import random
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import yaml

from bench.fuzz.files import bombs, changed_bytes, changed_csv, changed_json, changed_table
from bench.fuzz.small_run import write_small_run
from orca_eval.errors import InputError, RunError
from orca_eval.gate import main_baseline_export, main_gate, policy_from_mapping
from orca_eval.gate.side import read_side
from orca_eval.paths import CONF
from orca_eval.report.board import build_board
from orca_eval.report.exports.lm_eval import lm_eval_results, lm_eval_samples
from orca_eval.report.html.pack import pack
from orca_eval.report.run_report import main_report
from orca_eval.report.run_tables import run_tables
from orca_eval.results.baseline import write_export
from orca_eval.results.run import check_finished, read_run
from orca_eval.run.table import print_scores
from orca_eval.verbs.audit import audit_run
from orca_eval.verbs.rescore import rescore_run

Action = Callable[[], object]
FULL_REPORT_EVERY = 50


def make(rng: random.Random, folder: Path) -> str:
    """Two runs, `whole` and `damaged`; what is wrong with the second."""
    whole, damaged = folder / "whole", folder / "damaged"
    shutil.copytree(_template(), whole)
    shutil.copytree(whole, damaged)
    (folder / "full_report").write_text(str(rng.randrange(FULL_REPORT_EVERY) == 0))
    samples, baseline = damaged / "samples.parquet", damaged / "baseline.parquet"
    change = rng.choices(
        [
            lambda: changed_bytes(rng, samples),
            lambda: changed_table(rng, samples),
            lambda: bombs(rng, samples),
            lambda: changed_json(rng, damaged / "manifest.json"),
            lambda: changed_csv(rng, damaged / "scores.csv"),
            lambda: changed_bytes(rng, damaged / rng.choice(["manifest.json", "scores.csv"])),
            lambda: rng.choice([changed_bytes, changed_table])(rng, baseline),
        ],
        weights=[25, 30, 2, 12, 12, 6, 13],
    )[0]
    return change()


def use(folder: Path) -> None:
    """Every verb in turn; the first refusal is raised when all had theirs."""
    whole, damaged = folder / "whole", folder / "damaged"
    policy, out = policy_from_mapping(yaml.safe_load(_policy())), folder / "out"
    actions: list[Action] = [
        lambda: main_gate(str(whole), str(damaged), policy, out),
        lambda: main_gate(str(damaged / "baseline.parquet"), str(whole), policy, out),
        lambda: main_baseline_export(str(damaged), out),
        lambda: rescore_run(str(damaged)),
        lambda: audit_run(str(damaged), 50),
        lambda: _printed(damaged),
        lambda: _reported(damaged, folder),
    ]
    if (folder / "full_report").read_text() == "True":
        actions.append(lambda: main_report([damaged, whole], out, None))
    refused = [error for action in actions if (error := _refusal(action)) is not None]
    for error in refused:
        if "\n" in str(error):
            raise AssertionError(f"more than a line: {error}")
    if refused:
        raise refused[0]


def _refusal(action: Action) -> InputError | None:
    """A failure outside the input (RunError) is a fault: nothing here can fail but the input."""
    try:
        action()
    except InputError as error:
        return error
    except RunError as error:
        raise AssertionError(str(error)) from error
    return None


def _printed(run: Path) -> None:
    """As the run's own command does: its table where it is finished and whole."""
    check_finished(run)
    print_scores(run)


def _reported(run: Path, folder: Path) -> None:
    """What a report reads, without its plots."""
    board = build_board([read_run(run)], None)
    run_tables(board)
    json.dumps(lm_eval_results(board.runs[0]))
    for _ in lm_eval_samples(board.runs[0]):
        pass
    with pack(board, folder):
        pass


@lru_cache(maxsize=1)
def _policy() -> str:
    return (CONF / "policy" / "smoke.yaml").read_text()


@lru_cache(maxsize=1)
def _template() -> Path:
    """The run of which every input is a copy; made once in a process."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-run-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    write_small_run(folder)
    side = read_side(str(folder))
    write_export(side.frame, side.manifest, folder)
    return folder
