"""What each verb prints, from made-up runs: a call per screen, in a folder that holds the runs."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from orca_eval.cli import main
from orca_eval.engines.replay import ReplayEngine
from orca_eval.gate import Policy, main_gate
from orca_eval.launch.job import RunResult
from orca_eval.run.progress import Counts, ProgressView
from orca_eval.run.table import print_scores
from orca_eval.types import Completion, Request
from orca_eval.verbs import leaderboard
from tests.gate.conftest import shipped
from tests.gate.gate_runs import flipped, samples, write_run
from tests.report.synthetic import Spec, write_run as write_full_run

GATED = {
    **{"agieval/aqua-rat": 300, "agieval/logiqa-en": 300, "bbh/navigate": 250, "bbh/snarks": 250},
    **{"drop/drop": 900, "crass/crass": 274, "race/high": 700, "race/middle": 300},
    **{"gsm8k/gsm8k": 1319, "mmlu/anatomy": 135, "mmlu/virology": 300, "arc_easy/arc_easy": 2376},
    **{"arc_challenge/arc_challenge": 1172, "hellaswag/hellaswag": 1000},
}
LONG = "a-checkpoint-with-a-long-name-7b-instruct-step-12000"
REPLAY = ("engine=replay", "engine.script=A.jsonl")
RUNS = {"alpha": "B", LONG: "A"}
PRICED = {"alpha": ["price.prompt=3", "price.completion=15"], LONG: ["price.hour=2"]}
SCORES = """model,AGIEval,BBH,DROP,CRASS
small,30.1,40.25,12.5,55
larger,35.6,44.75,,61
"""


def make_runs(here: Path) -> None:
    """Fills a folder: quickstart runs, full ones, and pairs of runs for the gate."""
    for model, letter in RUNS.items():
        reply = {"default": True, "text": f"Both look right.\n###Final answer: {{{letter}}}"}
        (here / f"{letter}.jsonl").write_text(json.dumps(reply) + "\n")
        call = ["run", "engine=replay", f"engine.script={letter}.jsonl", f"model.name={model}"]
        assert main([*call, *PRICED[model]]) == 0
        settle(run_of(model))
    make_unusual(here)
    shutil.copytree(run_of("alpha"), here / "older")
    older = pd.read_parquet(here / "older/samples.parquet")
    older.loc[:2, "answer"], older.loc[:2, "rule"], older.loc[:2, "score"] = None, "none", 0.0
    older.to_parquet(here / "older/samples.parquet", index=False)
    for seed, (model, accuracy) in enumerate({"Orca-2-7B": 0.5, "Orca-2-13B": 0.6}.items()):
        for number, prompt in enumerate(("empty", "cautious")):
            spec = Spec(model, prompt, accuracy, 0.02, 2 * seed + number, parameters=7)
            write_full_run(here / "full" / model / prompt, spec)
    before = samples(GATED)
    worse = flipped(flipped(before, 100, 6, "gsm8k"), 10, 3, "bbh")
    silent = worse.index[(worse["benchmark"] == "drop") & (worse["score"] == 1)][:200]
    worse.loc[silent, "answer"], worse.loc[silent, "score"] = None, 0.0
    few = samples(dict.fromkeys(GATED, 20))
    sides = {
        "before": before,
        "same": flipped(flipped(before, 4, 6, "gsm8k"), 10, 3, "bbh"),
        "worse": worse,
        "few_before": few,
        "few_after": flipped(flipped(few, 3, 1, "gsm8k"), 2, 1, "crass"),
    }
    for name, frame in sides.items():
        write_run(here / "gate" / name, frame)


def make_unusual(here: Path) -> None:
    """A run with several answers to each document, and one whose server takes all for reasoning."""

    async def drawn(_: ReplayEngine, request: Request) -> Completion:
        rng = random.Random(f"{request.sampling.seed} {request.messages}")
        answer = rng.choice("AAABC12")
        return Completion(f"So be it.\n###Final answer: {{{answer}}}", "stop", 90, 8)

    reply = {"default": True, "text": "", "reasoning": "Both look right.\n###Final answer: {B}"}
    (here / "silent.jsonl").write_text(json.dumps(reply) + "\n")
    call = ["run", "engine=replay", "results_dir=unusual"]
    assert main([*call, "engine.script=silent.jsonl", "model.name=silent"]) == 0
    settle(run_of("silent", "unusual"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ReplayEngine, "generate", drawn)
        several = ["sampling.n=4", "sampling.temperature=1", "model.name=drawn"]
        assert main([*call, "engine.script=A.jsonl", *several]) == 0
    settle(run_of("drawn", "unusual"))


def settle(folder: Path) -> None:
    """Gives a run a time that is the same each time."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["speed"]["seconds"] = 90.0
    path.write_text(json.dumps(manifest))


def run_of(model: str, results: str = "results") -> Path:
    """A quickstart run's folder."""
    (manifest,) = Path(results, model).glob("*/manifest.json")
    return manifest.parent


def show_leaderboard() -> None:
    """The verb, with runs that are finished."""
    folders = sorted(Path("full").glob("Orca-2-*/*"))
    results = [RunResult((), folder, 0) for folder in folders]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leaderboard, "run_all", lambda _runs, _how: results)
        models = "models=[orca-2-7b,orca-2-13b]"
        prompts = "prompts=[empty,cautious]"
        assert main(["leaderboard", models, prompts, "baseline=Orca-2-7B", *REPLAY]) == 0


def show_progress() -> None:
    """The last state before the table."""
    counts = Counts(total=13_950, reused=4_000, generated=8_400, answered=11_900, scored=12_400)
    counts.tokens, counts.started = 2_100_000, 0.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.monotonic", lambda: 700.0)
        with ProgressView(counts) as view:
            view.status("generating")


def gate(baseline: str, candidate: str, code: int, policy: Policy | None = None) -> None:
    """Two of the gate's runs."""
    sides = (f"gate/{name}" for name in (baseline, candidate))
    assert main_gate(*sides, policy or shipped("default")).exit_code == code


def verb(*call: str) -> Callable[[], None]:
    """A call that ends well."""

    def run() -> None:
        assert main(call) == 0

    return run


SCREENS: Mapping[str, Callable[[], None]] = {
    "progress": show_progress,
    "run": lambda: print_scores(run_of("alpha")),
    "run_repeats": lambda: print_scores(run_of("drawn", "unusual")),
    "run_reasoning": lambda: print_scores(run_of("silent", "unusual")),
    "run_full": lambda: print_scores(Path("full/Orca-2-7B/empty")),
    "report": verb("report", "runs=[results/*/quickstart-*]", "baseline=alpha"),
    "report_csv": verb("report", "from=scores.csv", "baseline=small"),
    "leaderboard": show_leaderboard,
    "gate_pass": lambda: gate("before", "same", 0),
    "gate_regression": lambda: gate("before", "worse", 1),
    "gate_inconclusive": lambda: gate("few_before", "few_after", 2),
    "check": verb("check", *REPLAY, "model.name=alpha"),
    "tasks": verb("tasks"),
    "show": verb("show", "task=mmlu/anatomy"),
    "audit": verb("audit", "run=older"),
}
