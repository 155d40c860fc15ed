"""Kills a run again and again at random moments, each time followed by the same command.

    python bench/kill_resume.py [--kills 50] [--seed 0] [--engine replay|vllm] [KEY=VALUE …]

Every generation that the engine finishes is logged with its time by the process that is going to
be killed. At the end: the scores must equal those of an undisturbed run, and no generation that
was finished more than 200 ms before a kill may have been made again. The replay engine answers at
a real engine's pace (a delay per request, 16 under way).
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import pandas as pd

DURABLE_SECONDS = 0.2
EARLY = 0.25
PACE = ("engine.delay=0.25", "engine.max_in_flight=16")


def child(log: str, overrides: list[str]) -> int:
    """A run whose engine notes every finished generation in `log`."""
    from orca_eval.cli import main
    from orca_eval.engines import registry

    build = registry.engine_factory

    def noting(name: str) -> registry.EngineFactory:
        engine_class = build(name)
        original = engine_class.generate  # type: ignore[attr-defined]
        file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

        async def generate(self, request):  # type: ignore[no-untyped-def]
            completion = await original(self, request)
            os.write(file, f"{time.monotonic()} {request.key}\n".encode())
            return completion

        engine_class.generate = generate  # type: ignore[attr-defined]
        return engine_class

    registry.engine_factory = noting
    return main(["run", *overrides])


def killed(command: list[str], log: Path | None, seconds: float) -> float | None:
    """When the run was killed: `seconds` after its start, or after its first line in `log`. None
    where it ended before."""
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        if log is not None:
            wait_for_line(process, log)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            death = time.monotonic()
            os.killpg(process.pid, signal.SIGKILL)
            return death
    return None


def wait_for_line(process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the run has noted a generation, or has ended without one."""

    def size() -> int:
        return log.stat().st_size if log.exists() else 0

    before = size()
    while process.poll() is None and size() == before:
        time.sleep(0.01)


def scores(folder: Path) -> pd.DataFrame:
    (path,) = folder.glob("*/*/samples.parquet")
    return pd.read_parquet(path, columns=["benchmark", "task", "doc_id", "answer", "score"])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", default="replay")
    parser.add_argument("--child", default="")
    args, overrides = parser.parse_known_args()
    if args.child:
        sys.exit(child(args.child, overrides))
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        common = [f"engine={args.engine}", *overrides]
        if args.engine == "replay":
            script = base / "script.jsonl"
            script.write_text(json.dumps({"default": True, "text": "###Final answer: {B}"}))
            common += [f"engine.script={script}", *PACE]
        log = base / "log"

        def command(results: Path, log: Path) -> list[str]:
            call = [sys.executable, __file__, "--child", str(log)]
            return [*call, *common, f"results_dir={results}"]

        start = time.monotonic()
        calm_log = base / "calm_log"
        subprocess.run(command(base / "calm", calm_log), check=True, capture_output=True)
        calm = time.monotonic() - start
        first = float(calm_log.read_text().split()[0]) - start
        print(f"undisturbed: {calm:.1f} s, first generation after {first:.1f} s", flush=True)
        kill_times = []
        for _ in range(args.kills):
            # One kill in four falls anywhere before the first generation of an undisturbed run,
            # the others behind this run's own first; all of them together leave a part of the
            # work for the last run.
            early = rng.random() < EARLY
            longest = first if early else 1.5 * (calm - first) / args.kills
            death = killed(
                command(base / "killed", log), None if early else log, rng.uniform(0.0, longest)
            )
            if death is not None:
                kill_times.append(death)
        subprocess.run(command(base / "killed", log), check=True, capture_output=True)
        equal = scores(base / "calm").equals(scores(base / "killed"))
        made = defaultdict(list)
        for line in log.read_text().splitlines():
            moment, key = line.split()
            made[key].append(float(moment))
        ages = []  # of what was made again, when its run was killed
        for moments in made.values():
            for before, after in itertools.pairwise(moments):
                ages.append(min(t for t in kill_times if before < t < after) - before)
        late = sum(age > DURABLE_SECONDS for age in ages)
        early_ends = args.kills - len(kill_times)
        print(f"{len(kill_times)} kills; {early_ends} runs ended before theirs")
        print(f"{len(made)} generations, {len(ages)} made again, {late} of them finished > 200 ms")
        oldest = 1000 * max(ages, default=0.0)
        print(f"the oldest of them was finished {oldest:.0f} ms before its kill")
        print(f"scores equal to the undisturbed run: {equal}")
        sys.exit(0 if equal and not late else 1)


if __name__ == "__main__":
    main()
