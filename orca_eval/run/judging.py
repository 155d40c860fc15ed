"""A judge alone: asked what people have labelled, or about the answers of a finished run."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from orca_eval.benchmarks.load import rows_of
from orca_eval.benchmarks.specs import read_folder, read_specs
from orca_eval.config.compose import default_config
from orca_eval.config.convert import run_config
from orca_eval.config.schema import JudgeConfig, PreflightConfig, RunConfig, SuiteConfig, as_judge
from orca_eval.errors import InputError
from orca_eval.judges.trust import CHECKS, Trust, trust_of
from orca_eval.judges.votes import VOTES, read_answers, votes_of, votes_source, votes_spec
from orca_eval.paths import JUDGE_CHECKS, expanded
from orca_eval.results.folder import CONFIG
from orca_eval.results.reading import JUDGES, SAMPLES
from orca_eval.results.run import finished_run
from orca_eval.results.samples import read_frame
from orca_eval.run.evaluate import NAME_IT, checked_engine, load_suite, run
from orca_eval.run.recorded import RecordedEngine
from orca_eval.run.seat import of_the_judge

SUITE = SuiteConfig("judge_check", CHECKS)
SHARED = ("data", "limit", "over_long", "failed_share", "fresh", "stall_seconds")
"""Keys that mean the same for a judge alone and for a run."""
AGAIN = ("failed_share", "fresh", "stall_seconds")
"""Those of them that are the judge's own where a run tells the others."""
RESULTS = "results"


def check_judge(composed: Mapping[str, Any]) -> tuple[Path, Trust]:
    """Asks a judge all that people have labelled, as an ordinary run in which it is the model;
    what is stored is not asked again. Returns the run's folder and what it shows.

    Raises:
        OrcaEvalError: as `run`.
    """
    results = Path(composed["results_dir"] or RESULTS) / JUDGES
    as_run = copy.deepcopy(default_config("run")) | {key: composed[key] for key in SHARED}
    as_run |= {"judge": _judge(composed), "results_dir": str(results)}
    config = run_config(as_run)
    judge = named_judge(config)
    # Its replies are verdicts: read here, and no use to look at before.
    config = replace(
        as_judge(config, judge),
        judge=None,
        suite=SUITE,
        max_tokens=judge.sampling.max_tokens,
        preflight=PreflightConfig(0),
    )
    known = dict(read_folder(JUDGE_CHECKS))
    if answers := composed["judge"]["answers"]:
        known[VOTES] = votes_spec(read_specs()["mt_bench"], read_answers(expanded(str(answers))))
        config = replace(config, suite=replace(SUITE, benchmarks=(*CHECKS, VOTES)))
    with of_the_judge():
        config, engine = checked_engine(config)
    asked = {key: composed["judge"][key] for key in ("model", "engine", "sampling")}
    suite = {"name": SUITE.name, "benchmarks": [*config.suite.benchmarks]}
    told = as_run | asked | {"judge": None, "suite": suite}
    folder = run(config, told, engine=engine, known=known)
    return folder, _trust(folder, config.data.root)


def _trust(folder: Path, data_root: Path | None) -> Trust:
    """What the verdicts of a check's run show."""
    samples = read_frame(folder / SAMPLES)
    trust = trust_of(samples[samples["benchmark"] != VOTES])
    graded = samples[samples["benchmark"] == VOTES]
    if graded.empty:
        return trust
    parts = rows_of(data_root, votes_source(read_specs()["mt_bench"]))
    return replace(trust, votes=votes_of(graded, [row for rows, _ in parts for row in rows]))


def judge_run(composed: Mapping[str, Any]) -> Path:
    """Has a finished run's answers judged by another judge: the same run but for that, whose model
    is not asked. Benchmarks that ask no judge are left out. Returns the new run's folder.

    Raises:
        OrcaEvalError: as `run`, or the run's files don't tell what is needed.
    """
    given = str(composed["run"])
    folder, manifest, samples = finished_run(given)
    judged = [name for name, entry in manifest.benchmarks.items() if entry.judge]
    if not judged:
        raise InputError(f"run={given}: nothing in it asks a judge")
    as_run = _config_of(folder, f"run={given}")
    references = (as_run.get("judge") or {}).get("references")
    as_run |= {"judge": {**_judge(composed), "references": references}}
    as_run |= {key: composed[key] for key in AGAIN}
    as_run |= {"data": composed["data"]} if composed["data"]["root"] else {}
    as_run["results_dir"] = str(composed["results_dir"] or folder.parents[1])
    averages = [a.model_dump() for a in manifest.averages if {*a.benchmarks} <= {*judged}]
    as_run["suite"] = {**as_run["suite"], "benchmarks": judged, "averages": averages}
    as_run["max_tokens"] = manifest.max_tokens
    config = replace(run_config(as_run), preflight=PreflightConfig(0))
    named_judge(config)
    engine = RecordedEngine(folder, manifest, config, samples, load_suite(config))
    return run(config, as_run, engine=engine)


def _config_of(folder: Path, named: str) -> dict[str, Any]:
    """The config that a run was made with, over today's defaults."""
    try:
        config = yaml.safe_load((folder / CONFIG).read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        said = next(iter(str(error).splitlines()), "")
        raise InputError(
            f"{named}: its {CONFIG} can't be read ({said}); repeat the run's own command, which "
            "writes it anew"
        ) from error
    if not isinstance(config, dict) or not isinstance(config.get("suite"), dict):
        raise InputError(f"{named}: its {CONFIG} is no run's; repeat the run's own command")
    return copy.deepcopy(default_config("run")) | config


def named_judge(config: RunConfig) -> JudgeConfig:
    """The judge that the config names. Raises InputError where it names none."""
    if config.judge is None:
        raise InputError(f"no judge is named; {NAME_IT}")
    return config.judge


def _judge(composed: Mapping[str, Any]) -> dict[str, Any]:
    """The judge as a run's config has it."""
    defaults = default_config("run")["judge"]
    judge = {key: value for key, value in composed["judge"].items() if key != "answers"}
    return {"resident": defaults["resident"], **judge}
