"""The budgets of one run, measured: help, harness time per sample, re-run, memory.

    python bench/budgets.py DATA_ROOT [--suite NAME] [--limit N] [--skip-lm-eval]

Each part runs in a process of its own on the same replies: a fixed reasoning text of some 400
characters for every document of the suite, orca2_core by default. The engine answers at once, so
all that is left is the harness: load, build, store, extract, score, log. Stock lm-eval does the
same on the same task files with a model class that returns the same text, and stores each response
as its --use_cache does; a second run of it keeps nothing before the end. Memory is measured with
texts of random words too, all different, 1,000 and 4,000 characters long, since equal ones are
packed to nothing.

Timings are wall time on a machine whose load moves: while lm-eval runs it is halted every few
seconds for a run of ours, and those seconds are not counted as its own. So both meet the same load;
compare the ratio, not the seconds.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

REPLY = (
    "Let me think about this step by step. The question gives a few facts, and each of them has to "
    "be read with care. The first one rules out some of what could be said; the second one narrows "
    "it down further. Taking both together, only one possibility remains, and it agrees with what "
    "was asked. I have checked it against the wording once more.\n\n###Final answer: {A}"
)
TASKS = Path(__file__).resolve().parents[1] / "tasks"
CONF = TASKS.parent / "conf" / "suite"
WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
WHERE = ("text", "marked", "apart")
SLICE_SECONDS = 8.0  # of lm-eval's time between two runs of ours
STOCK = {"lm_eval_store": "storing responses", "lm_eval": "storing nothing"}
WORDS = [f"{start}{end}" for start in REPLY.split() for end in ("", "ing", "s", "ly", "ed", "er")]


def random_words(letters: int) -> str:
    """Some `letters` characters of text."""
    return " ".join(random.choices(WORDS, k=letters // 6))


def help_seconds() -> float:
    """The best of five `orca-eval --help`."""
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        command = [sys.executable, "-m", "orca_eval.cli", "--help"]
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def ours(
    data_root: str, suite: str, n: int, limit: str, folder: str, letters: int, where: str
) -> dict[str, Any]:
    """A run with an instant engine and the default report, in this process, after imports; with
    `letters` each reply has so many characters of its own, `where` they stand: before the answer,
    as reasoning between marks before it, or as reasoning that a server set apart. `n` samples a
    doc."""
    script = Path(folder) / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": REPLY}) + "\n")
    from orca_eval.config.compose import compose_verb
    from orca_eval.config.convert import run_config
    from orca_eval.engines.replay import ReplayEngine
    from orca_eval.run import evaluate, results  # noqa: F401  # their imports are not timed
    from orca_eval.types import Completion

    async def answer_at_once(_engine: ReplayEngine, _request: object) -> Completion:
        words = random_words(letters)
        if where == "apart":
            return Completion(REPLY, "stop", 0, 0, words)
        marked = f"<think>{words}</think>" if where == "marked" else words
        return Completion(marked + REPLY, "stop", 0, 0)

    ReplayEngine.generate = answer_at_once  # type: ignore[method-assign,assignment]

    composed = compose_verb(
        "run",
        [
            f"suite={suite}",
            f"sampling.n={n}",
            f"sampling.temperature={float(n > 1)}",
            f"data.root={data_root}",
            "engine=replay",
            f"engine.script={script}",
            f"results_dir={folder}",
            f"limit={limit}",
        ],
    )
    config = run_config(composed)
    before = sum(sum(resource.getrusage(who)[:2]) for who in WHO)
    start = time.perf_counter()
    run_folder = evaluate.run(config, composed)
    wall = time.perf_counter() - start
    manifest = json.loads((run_folder / "manifest.json").read_text())
    (run_folder / "manifest.json").unlink()
    return {
        "samples": manifest["samples"]["total"],
        "reused": manifest["samples"]["reused"],
        "wall": wall,
        "phases": manifest["timings"],
        "harness": sum(manifest["timings"].values()),
        "cpu": sum(sum(resource.getrusage(who)[:2]) for who in WHO) - before,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def lm_eval(data_root: str, suite: str, limit: str, folder: str, *, store: bool) -> dict[str, Any]:
    """Stock lm-eval on the same tasks with a model that answers at once, after imports: what its
    command does, results and samples written as its --log_samples writes them, and with `store`
    each response as its --use_cache stores it."""
    import os

    import lm_eval.evaluator
    from lm_eval.api.model import LM
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    class Instant(LM):  # type: ignore[misc]
        def generate_until(self, requests: list[Any], **_: object) -> list[str]:
            return [REPLY] * len(requests)

        def loglikelihood(self, *_: object) -> list[tuple[float, bool]]:
            raise NotImplementedError

        loglikelihood_rolling = loglikelihood

    benchmarks = yaml.safe_load((CONF / f"{suite}.yaml").read_text())["benchmarks"]
    os.chdir(data_root)
    tracker = EvaluationTracker(output_path=folder)
    start = time.monotonic()
    manager = TaskManager(include_path=str(TASKS), include_defaults=False)
    found = lm_eval.evaluator.simple_evaluate(
        Instant(),
        tasks=[f"orca_{name}" for name in benchmarks],
        task_manager=manager,
        limit=None if limit == "null" else int(limit),
        log_samples=True,
        use_cache=f"{folder}/cache" if store else None,
        evaluation_tracker=tracker,
    )
    samples_by_task = found.pop("samples")
    tracker.save_results_aggregated(results=found, samples=samples_by_task)
    for task, rows in samples_by_task.items():
        tracker.save_results_samples(task_name=task, samples=rows)
    samples = sum(map(len, samples_by_task.values()))
    return {
        "samples": samples,
        "from_to": (start, time.monotonic()),
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def child(*args: str) -> dict[str, Any]:
    """One part in a process of its own; its last line is JSON."""
    command = [sys.executable, __file__, *args]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return last_line(done.stdout)


def last_line(output: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


def in_turns(stock: str, *args: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """One run of lm-eval, halted again and again, with its "wall" without those times, and the
    runs of ours that were made meanwhile."""
    ours_runs, halts = [], []
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        command = [sys.executable, __file__, *args, "--part", stock, "--folder", folder]
        with log.open("w") as file:
            theirs = subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL)
        while True:
            try:
                theirs.wait(SLICE_SECONDS)
                break
            except subprocess.TimeoutExpired:
                theirs.send_signal(signal.SIGSTOP)
                halted = time.monotonic()
                try:
                    ours_runs.append(fresh_child(*args, "--part", "ours"))
                finally:
                    theirs.send_signal(signal.SIGCONT)
                halts.append((halted, time.monotonic()))
        if theirs.returncode:
            raise RuntimeError(f"lm-eval failed: {stock}")
        run = last_line(log.read_text())
    start, end = run["from_to"]
    halts = [halt for halt in halts if start <= halt[0] and halt[1] <= end]
    run["wall"] = end - start - sum(b - a for a, b in halts)
    return run, ours_runs


def fresh_child(*args: str) -> dict[str, Any]:
    """The same, with a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return child(*args, "--folder", folder)


def per_sample(run: dict[str, Any], key: str) -> float:
    """Milliseconds."""
    return 1000 * float(run[key]) / int(run["samples"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_root")
    parser.add_argument("--suite", default="orca2_core")
    parser.add_argument("--limit", default="null")
    parser.add_argument("--skip-lm-eval", action="store_true")
    parser.add_argument("--part", choices=("ours", "lm_eval", "lm_eval_store"))
    parser.add_argument("--folder", default="")
    parser.add_argument("--letters", type=int, default=0)
    parser.add_argument("--where", choices=WHERE, default="text")
    parser.add_argument("--n", type=int, default=1)
    args = parser.parse_args()
    root = str(Path(args.data_root).resolve())
    if args.part:
        part = (
            ours(root, args.suite, args.n, args.limit, args.folder, args.letters, args.where)
            if args.part == "ours"
            else lm_eval(
                root, args.suite, args.limit, args.folder, store=args.part == "lm_eval_store"
            )
        )
        print("\n" + json.dumps(part))
        return
    print(f"orca-eval --help: {help_seconds():.3f} s (budget 0.3)")
    common = (root, "--suite", args.suite, "--limit", args.limit)
    with tempfile.TemporaryDirectory() as folder:
        first = child(*common, "--part", "ours", "--folder", folder)
        again = child(*common, "--part", "ours", "--folder", folder)
    print(f"first run, instant engine: {first['samples']:,} samples, phases {first['phases']}")
    print(f"peak resident memory: {first['rss_mb']:.0f} MB, re-run {again['rss_mb']:.0f} MB")
    print(
        f"re-run, {again['reused']:,} stored: {again['wall']:.1f} s after imports (budget 15), "
        f"phases {again['phases']}"
    )
    for letters, where in (("1000", "text"), *(("4000", where) for where in WHERE)):
        long = fresh_child(*common, "--part", "ours", "--letters", letters, "--where", where)
        print(
            f"peak resident memory, {letters} more characters a reply ({where}): "
            f"{long['rss_mb']:.0f} MB (budget 400)"
        )
    print(f"harness time: {per_sample(first, 'harness'):.3f} ms per sample (budget 0.2)")
    print(f"CPU time, scoring included: {per_sample(first, 'cpu'):.3f} ms per sample")
    for stock, what in [] if args.skip_lm_eval else STOCK.items():
        run, ours_runs = in_turns(stock, *common)
        harness, ms = [per_sample(mine, "harness") for mine in ours_runs], per_sample(run, "wall")
        mean = statistics.mean(harness)
        each = ", ".join(f"{one:.3f}" for one in harness)
        print(f"stock lm-eval, {what}: {ms:.3f} ms per sample, {run['rss_mb']:.0f} MB")
        print(f"ours meanwhile: {mean:.3f} ms per sample, the mean of {each}")
        print(f"ratio ours / stock, {what}: {mean / ms:.3f} (budget 0.1)")


if __name__ == "__main__":
    main()
